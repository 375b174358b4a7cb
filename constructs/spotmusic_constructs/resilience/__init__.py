"""Constructs of the resilience domain."""
