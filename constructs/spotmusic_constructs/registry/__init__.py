"""Constructs of the registry domain."""
