"""Constructs of the observability domain."""
