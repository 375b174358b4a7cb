"""Model of a synthesized environment: templates, and the cluster that Helm releases deploy."""
