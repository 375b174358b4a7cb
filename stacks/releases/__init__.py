"""What Helm puts on the cluster, one module for what belongs together."""
