"""Plan of an environment: settings that carry a number of listeners, and what they cost."""
