"""Components of the platform and their support: `make sbom` and `make outdated`."""
