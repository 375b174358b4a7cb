"""Comparison of an environment with what is deployed, before a deployment (docs/changes.md)."""
