"""Region of the resources that CloudFront requires."""

EDGE_REGION = "us-east-1"
"""Region of CloudFront's web ACLs, certificates and metrics (AWS WAF developer guide, scope
CLOUDFRONT)."""
