"""Constructs of the network domain."""
