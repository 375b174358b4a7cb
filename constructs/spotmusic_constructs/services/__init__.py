"""Constructs of the services domain."""
