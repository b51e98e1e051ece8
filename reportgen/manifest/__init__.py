"""Manifests: which models a run reports on, how each is measured, and what is said in their reports."""
