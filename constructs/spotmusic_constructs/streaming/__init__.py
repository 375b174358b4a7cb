"""Constructs of the streaming domain."""
