"""Seeded faults: proof that a test catches each kind of mistake in the synthesized environments."""
