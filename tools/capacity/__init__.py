"""Plan of an environment: settings for a number of listeners, and their cost."""
