"""Stacks of an environment. They connect constructs and define no resources."""
