"""Constructs of the messaging domain."""
