"""The eight stacks: each connects constructs and defines no resources."""
