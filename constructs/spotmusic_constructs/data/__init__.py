"""Constructs of the data domain."""
