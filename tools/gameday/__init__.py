"""Remaining capacity and data after each fault: `make game-day`."""
