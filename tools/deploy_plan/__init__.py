"""Model of a deployment: its critical path, computed from synthesized templates."""
