"""Buckets of logs and uploads, with the queues of verdicts on uploads."""

from aws_cdk import aws_s3 as s3
from constructs import Construct

from spotmusic_cdk.settings import Settings
from spotmusic_constructs.data.log_bucket import LogBucket
from spotmusic_constructs.data.upload_verdicts import UploadVerdicts
from spotmusic_constructs.data.uploads_bucket import UploadsBucket
from spotmusic_constructs.secrets.data_keys import DataKeys
from stacks.environment_stack import EnvironmentStack
from stacks.network import REQUEST_LOGS


def log_bucket(stack: EnvironmentStack, *, settings: Settings) -> LogBucket:
    """Create the bucket of access logs."""
    # WAF requires the prefix. Bucket names are global, so the name has the account id.
    prefix = f"aws-waf-logs-{settings.resource_prefix}"
    return LogBucket(
        stack,
        "Logs",
        bucket_name=f"{prefix}-{stack.account}-{stack.stack_id_suffix}",
        retention_days=settings.data.buckets.log_days,
        # Request logs of version 0.1.0, with load balancers that wrote to this bucket.
        query_prefixes=REQUEST_LOGS,
        removal_policy=stack.data_removal,
    )


def uploads_bucket(
    stack: EnvironmentStack, *, settings: Settings, keys: DataKeys, access_logs: s3.IBucket
) -> UploadsBucket:
    """Create the bucket of uploads before their scan."""
    domain = settings.domain
    return UploadsBucket(
        stack,
        "Uploads",
        key=keys.audio,
        access_logs=access_logs,
        # Without a domain the address of the web client is unknown here, so no page may upload.
        allowed_origins=[f"https://{domain.name}"] if domain else [],
        expiration_days=settings.data.buckets.upload_days,
        removal_policy=stack.data_removal,
    )


def upload_verdicts(
    stack: EnvironmentStack, *, settings: Settings, keys: DataKeys, uploads: s3.IBucket
) -> dict[str, UploadVerdicts]:
    """Create the queue of verdicts of each service with `uploads` in `talks_to`."""
    verdicts = Construct(stack, "UploadVerdicts")
    return {
        name: UploadVerdicts(verdicts, name, bucket=uploads, key=keys.notifications)
        for name in settings.services_talking_to("uploads")
    }
