"""Model of a synthesized environment: its templates, and the cluster that its Helm releases deploy."""
