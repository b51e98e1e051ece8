"""Tables and charts painted onto pages that WeasyPrint has laid out, in place of its boxes and its SVG."""
