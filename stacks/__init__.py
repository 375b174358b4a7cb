"""The eight stacks: each wires constructs together and defines no resource by itself."""
