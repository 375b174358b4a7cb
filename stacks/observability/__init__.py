"""Alarms, dashboards, service level objectives, Prometheus and experiments of an environment."""
