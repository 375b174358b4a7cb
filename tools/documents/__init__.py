"""Documents that are generated from the settings, flows and rights."""
