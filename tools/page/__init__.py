"""Page of an environment: `make page ENV=prod`."""
