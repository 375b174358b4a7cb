"""Simulation of a planned environment: a day, a release, faults, and formulas of the plan."""
