"""Seeded faults: verification that a test catches each kind of mistake in the synthesized
environments.
"""
