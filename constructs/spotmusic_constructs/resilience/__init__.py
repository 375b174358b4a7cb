"""Faults on purpose: experiment templates of AWS FIS."""
