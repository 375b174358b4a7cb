"""Constructs of the secrets domain."""
