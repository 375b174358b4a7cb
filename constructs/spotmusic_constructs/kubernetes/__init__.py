"""Constructs of the kubernetes domain."""
