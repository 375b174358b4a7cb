"""Mutated environment files: `make fuzz`."""
