"""Origins of the distribution."""

from aws_cdk import aws_cloudfront as cloudfront
from aws_cdk import aws_cloudfront_origins as origins
from aws_cdk import aws_elasticloadbalancingv2 as elbv2
from aws_cdk import aws_s3 as s3
from constructs import Construct

from spotmusic_constructs import durations

READ_TIMEOUT = durations.seconds(30)
"""Time that CloudFront waits for a response of the gateway. Each hop has a longer timeout than the
next one, and CloudFront the longest (tests/contracts/test_timeouts.py). CloudFront then retries
requests that do not write (CloudFront developer guide, origin timeouts)."""
ATTEMPTS = 2


def bucket_origin(
    bucket: s3.IBucket,
    access: cloudfront.S3OriginAccessControl,
    *,
    shield_region: str | None = None,
) -> cloudfront.IOrigin:
    """Bucket of another stack and region, read with signed requests.

    Origin Shield is in one region.

    CDK's `with_origin_access_control` would change the bucket policy, which belongs to the bucket's
    stack.
    """
    return origins.S3BucketOrigin.with_bucket_defaults(
        bucket,
        origin_access_control_id=access.origin_access_control_id,
        origin_shield_region=shield_region,
    )


def vpc_origin(
    scope: Construct, gateway: elbv2.IApplicationLoadBalancer, domain_name: str | None
) -> cloudfront.IOrigin:
    """Return the VPC origin of the load balancer, with TLS 1.2 (the maximum) for a domain name.

    CloudFront refuses updates of a VPC origin in use: a changed argument requires another construct
    id.
    """
    policy = cloudfront.OriginProtocolPolicy
    origin = cloudfront.VpcOrigin(
        scope,
        "Gateway",
        endpoint=cloudfront.VpcOriginEndpoint.application_load_balancer(gateway),
        protocol_policy=policy.HTTPS_ONLY if domain_name else policy.HTTP_ONLY,
        origin_ssl_protocols=[cloudfront.OriginSslPolicy.TLS_V1_2] if domain_name else None,
    )
    return origins.VpcOrigin.with_vpc_origin(
        origin, domain_name=domain_name, read_timeout=READ_TIMEOUT, connection_attempts=ATTEMPTS
    )
