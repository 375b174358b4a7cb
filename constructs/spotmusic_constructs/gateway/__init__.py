"""Constructs of the gateway domain."""
