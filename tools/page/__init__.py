"""One page of an environment: `make page ENV=prod`."""
