"""The eight stacks: each connects constructs and defines no resource of its own."""
