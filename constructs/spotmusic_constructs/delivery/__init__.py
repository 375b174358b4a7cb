"""Constructs of the delivery domain."""
