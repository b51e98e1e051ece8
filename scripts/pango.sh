#!/bin/sh
# Makes WeasyPrint's native libraries loadable for the Python given as $1: installs them where apt-get is there and the
# user is root, else prints the command for this system. Never fails: without them everything but PDF works.

loads() { "$1" -c 'import weasyprint' >/dev/null 2>&1; }
has() { command -v "$1" >/dev/null 2>&1; }
APT_PACKAGES="libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0"

loads "$1" && exit 0

if has apt-get && [ "$(id -u)" = 0 ]; then
    echo "installing Pango for the PDF reports: $APT_PACKAGES"
    export DEBIAN_FRONTEND=noninteractive
    { apt-get update -qq; apt-get install -y -qq --no-install-recommends $APT_PACKAGES; } >/dev/null 2>&1
    loads "$1" && exit 0
fi

if has apt-get; then command="sudo apt-get install $APT_PACKAGES"
elif has dnf; then command="sudo dnf install pango"
elif has pacman; then command="sudo pacman -S pango"
elif has apk; then command="apk add pango"
elif has zypper; then command="sudo zypper install libpango-1_0-0"
elif has brew; then command="brew install pango"
else command="install Pango 1.44 or later with this system's package manager"
fi
echo "Pango does not load, so there will be no PDF reports; everything else works. To get them:"
echo "    $command"
exit 0
