"""Conclusions from a record: breakdowns, the folded module tree, findings. Pure functions, no torch, no prose."""
