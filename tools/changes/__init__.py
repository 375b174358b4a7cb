"""Comparison of an environment with its deployed version, before a deployment (docs/changes.md)."""
