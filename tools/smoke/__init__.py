"""Smoke checks of a deployed platform."""
