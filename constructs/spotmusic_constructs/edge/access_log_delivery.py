"""Delivery of CloudFront access logs to a bucket in another region."""

import re

import aws_cdk as cdk
from aws_cdk import aws_cloudfront as cloudfront
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3 as s3
from constructs import Construct

from spotmusic_constructs.arns import bucket_arn

FIELDS = (
    "date",
    "time",
    "x-edge-location",
    "sc-bytes",
    "c-ip",
    "cs-method",
    "cs(Host)",
    "cs-uri-stem",
    "sc-status",
    "cs(User-Agent)",
    "x-edge-result-type",
    "x-edge-request-id",
    "cs-protocol",
    "cs-bytes",
    "time-taken",
    "ssl-protocol",
    "ssl-cipher",
    "x-edge-response-result-type",
    "cs-protocol-version",
    "c-port",
    "time-to-first-byte",
    "x-edge-detailed-result-type",
    "sc-content-type",
    "sc-content-len",
    "sc-range-start",
    "sc-range-end",
)
"""Logged fields, without query strings (signatures, OpenID Connect codes), cookies and referrers.

Source: CloudFront developer guide, fields of standard logs.
"""


class AccessLogDelivery(Construct):
    """Delivery of a distribution's access logs to S3 (standard logging v2).

    Creates the delivery source, the delivery destination and the delivery. They exist in us-east-1
    only; the bucket may be in any region (CloudFront developer guide, standard logging v2), because
    IP addresses are personal data and must stay in their region. The bucket policy must allow
    delivery.logs.amazonaws.com for sources in us-east-1. Objects arrive at
    `AWSLogs/<account>/CloudFront/<distribution>/<year>/<month>/<day>/<hour>/` as Parquet.

    Args:
        name: name of source and destination, unique for each environment of an account.
        distribution: distribution with the logs.
        access_logs: bucket that receives the logs.

    Raises:
        ValueError: if the name contains characters other than letters, digits, `_` and `-`, or more
            than 60.

    Example:
        AccessLogDelivery(self, "AccessLogs", name="spotmusic-dev-edge", distribution=distribution,
                          access_logs=logs.bucket)
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        distribution: cloudfront.Distribution,
        access_logs: s3.IBucket,
    ) -> None:
        super().__init__(scope, construct_id)
        if not cdk.Token.is_unresolved(name) and not re.fullmatch(r"[\w-]{1,60}", name):
            raise ValueError(
                f"{name!r} cannot name a log delivery. Use up to 60 letters, digits, - and _."
            )

        source = logs.CfnDeliverySource(
            self,
            "Source",
            name=name,
            resource_arn=distribution.distribution_arn,
            log_type="ACCESS_LOGS",
        )
        destination = logs.CfnDeliveryDestination(
            self,
            "Destination",
            name=name,
            destination_resource_arn=bucket_arn(access_logs),
            output_format="parquet",
        )
        logs.CfnDelivery(
            self,
            "Delivery",
            delivery_source_name=source.ref,
            delivery_destination_arn=destination.attr_arn,
            record_fields=list(FIELDS),
            # CloudFront adds the prefix AWSLogs/<account>/CloudFront/ only to a new delivery. A new
            # path needs a new id (aws-cloudformation/cloudformation-coverage-roadmap#2274).
            s3_suffix_path="{DistributionId}/{yyyy}/{MM}/{dd}/{HH}",
        )
