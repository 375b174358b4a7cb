"""Validation of mutated environment files: `make fuzz`."""
