# make report   builds the reports of the bundled manifest into reports/
# make test     runs the whole test suite
# make zoo      reports on every model of whole libraries, and prints how many are complete and what it took;
#               ZOO="'timm:vit*' transformers:bert" names others, ZOO_OPTIONS="--format json --shard 1/23" changes how
# make validate checks reports as HTML with Nu, html-validate (npm install vnu-jar html-validate) and axe-core
# make truth    compares figures with all that is known of them, and writes docs/truth.md
# Each sets up .venv first, once. PYTHON=python3.12 chooses another interpreter.

PYTHON ?= python3
BIN := .venv/bin
ZOO = 'torchvision:*' 'timm:*' 'transformers:*'
ZOO_OPTIONS = --format md,html,pdf,json
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt
PYTEST := $(BIN)/python -m pytest --numprocesses auto --maxprocesses 8 --dist loadfile

.PHONY: setup report test check samples validate zoo truth clean

setup: .venv/.test-extras

report: .venv/.installed
	$(BIN)/reportgen build --manifest bundled --output reports

test: setup
	$(PYTEST)

check: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(PYTEST)

samples: setup
	$(BIN)/python scripts/samples.py

validate: setup
	$(BIN)/python scripts/validate.py

zoo: setup
	$(BIN)/python benchmarks/zoo.py $(ZOO) $(ZOO_OPTIONS) --output zoo

truth: setup
	$(BIN)/python scripts/truth

clean:
	rm -rf reports zoo build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -not -path './.venv/*' -exec rm -rf {} +

.venv/.created:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "reportgen needs Python 3.11 or later; name one: make PYTHON=python3.12" >&2; exit 1; }
	$(PYTHON) -m venv .venv
	@touch $@

# torch comes first and alone: where a build of it for this machine is at hand, pip takes that one for this exact version.
# Building in the environment itself, not in a throw-away one, keeps the build's own requirements pinned too.
.venv/.installed: .venv/.created pyproject.toml constraints.txt
	$(INSTALL) torch
	$(INSTALL) hatchling
	$(INSTALL) --no-build-isolation --editable .
	@sh scripts/pango.sh $(BIN)/python
	@touch $@

.venv/.test-extras: .venv/.installed
	$(INSTALL) --no-build-isolation --editable '.[test]'
	@touch $@
