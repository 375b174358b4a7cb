"""What the platform is made of, and how long that is still good: `make sbom` and `make outdated`."""
