"""Pages in, bytes out: Markdown, HTML and PDF."""
