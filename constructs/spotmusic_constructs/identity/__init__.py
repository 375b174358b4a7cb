"""Constructs of the identity domain."""
