"""Benchmarks of synthesis, tests and local deployment: `make bench`."""
