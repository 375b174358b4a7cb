"""What an environment is: its settings, connections of services, flows, names and pinned versions."""
