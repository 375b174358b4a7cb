"""AWS CDK constructs of a music streaming platform: a folder per domain, a file per construct."""
