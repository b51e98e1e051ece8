"""The record, its file format, and what it must agree with itself on."""
