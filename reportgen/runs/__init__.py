"""Runs over many models, or over saved records: their tasks and outcomes, and the folder of reports that they leave."""
