"""Simulation of a planned environment: a day, a release, faults, and the formulas of the plan."""
