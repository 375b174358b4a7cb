"""AWS CDK constructs of a music streaming platform, one folder per domain and one construct per file."""
