"""Constructs of the edge domain."""
