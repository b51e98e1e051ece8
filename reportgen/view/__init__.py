"""From a record to a page: what a report shows and in which words, before any format is chosen."""
