"""Monthly cost of an environment, estimated from its templates (docs/cost.md)."""
