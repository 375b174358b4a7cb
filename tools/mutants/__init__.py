"""Seeded faults, to verify that a test catches each kind of mistake in synthesized environments."""
