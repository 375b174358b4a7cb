"""Helm releases of the cluster, one module for each group."""
