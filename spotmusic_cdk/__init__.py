"""Spotmusic application: settings, connections of services, flows and pinned versions."""
