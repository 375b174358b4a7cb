"""Checks of WAF logs, and of CloudTrail and GuardDuty, on which alarms depend."""

from collections.abc import Iterator, Mapping
from typing import Any

from spotmusic_constructs.edge_region import EDGE_REGION
from tools.preflight.finding import Ask, Context, Finding, fix, ok, unknown

BUCKET = "aws-waf-logs-"
"""Name prefix of buckets that WAF accepts (AWS WAF developer guide, sending logs to Amazon S3)."""


def trail(context: Context) -> Iterator[Finding]:
    """Check for a multi-region trail with management events."""
    client, region = context.home("cloudtrail"), context.settings.region
    reasons = []
    for found in client.describe_trails(includeShadowTrails=True)["trailList"]:
        name = found["Name"]
        if not found.get("IsMultiRegionTrail"):
            reasons.append(f"{name} covers one region only")
        elif not client.get_trail_status(Name=found["TrailARN"]).get("IsLogging"):
            reasons.append(f"{name} does not log")
        elif not _records_management(client.get_event_selectors(TrailName=found["TrailARN"])):
            reasons.append(f"{name} does not record write management events")
        else:
            yield ok("CloudTrail", name)
            return
    command = (
        f"aws cloudtrail create-trail --region {region} --name management "
        "--is-multi-region-trail --s3-bucket-name <bucket>; "
        f"aws cloudtrail start-logging --region {region} --name management"
    )
    yield fix("CloudTrail", "; ".join(reasons) or "no trail exists", command)


def _records_management(selectors: Mapping[str, Any]) -> bool:
    basic = any(
        selector.get("IncludeManagementEvents")
        and selector.get("ReadWriteType", "All") in ("All", "WriteOnly")
        for selector in selectors.get("EventSelectors", ())
    )
    return basic or any(map(_writes, selectors.get("AdvancedEventSelectors", ())))


def _writes(selector: Mapping[str, Any]) -> bool:
    fields = {
        field["Field"]: field.get("Equals", ()) for field in selector.get("FieldSelectors", ())
    }
    only_reads = "true" in fields.get("readOnly", ())
    return "Management" in fields.get("eventCategory", ()) and not only_reads


def detector(context: Context) -> Iterator[Finding]:
    """Check for an enabled GuardDuty detector in the home region."""
    client, region = context.home("guardduty"), context.settings.region
    ids = client.list_detectors().get("DetectorIds", ())
    if not ids:
        command = f"aws guardduty create-detector --region {region} --enable"
        yield fix("GuardDuty", "no detector exists, so the alarm on findings never fires", command)
    elif client.get_detector(DetectorId=ids[0])["Status"] != "ENABLED":
        command = f"aws guardduty update-detector --region {region} --detector-id {ids[0]} --enable"
        yield fix("GuardDuty", "the detector is suspended", command)
    else:
        yield ok("GuardDuty", ids[0])


def web_acl_logs(context: Context) -> Iterator[Finding]:
    """Check that logs of CloudFront's web ACL arrive in a bucket of the home region.

    AWS's documents disagree: the developer guide requires name and account only, AWS's own
    agent-toolkit-for-aws (2026-08) us-east-1. Only logs of a web ACL in that bucket decide it.
    """
    settings, check = context.settings, "WAF logs"
    if settings.region == EDGE_REGION:
        yield ok(check, f"the bucket is in {EDGE_REGION}")
        return
    buckets = (
        destination.rpartition(":::")[2].partition("/")[0]
        for configuration in _configurations(context.clients("wafv2", EDGE_REGION))
        for destination in configuration["LogDestinationConfigs"]
    )
    start = f"{BUCKET}{settings.resource_prefix}-"
    bucket = next((bucket for bucket in buckets if bucket.startswith(start)), None)
    if bucket is None:
        detail = (
            f"no web ACL logs to {settings.region} yet, and AWS's documents disagree. "
            "Test it manually in dev"
        )
        command = (
            f"aws wafv2 put-logging-configuration --region {EDGE_REGION} --logging-configuration "
            "ResourceArn=<a web ACL of CloudFront>,"
            f"LogDestinationConfigs=arn:aws:s3:::{BUCKET}<a bucket in {settings.region}>"
        )
        yield unknown(check, detail, command)
        return
    prefix = f"AWSLogs/{context.account}/WAFLogs/cloudfront/"
    logs = context.home("s3").list_objects_v2(Bucket=bucket, Prefix=prefix, MaxKeys=1)
    if logs.get("KeyCount"):
        yield ok(check, f"logs arrive in {bucket} of {settings.region}")
        return
    detail = f"configured to {bucket} of {settings.region}, but no log has arrived yet"
    command = f"aws s3api list-objects-v2 --bucket {bucket} --prefix {prefix} --max-items 1"
    yield unknown(check, detail, command)


def _configurations(wafv2: Any) -> Iterator[dict[str, Any]]:
    """Yield the logging configurations of CloudFront's web ACLs, without a botocore paginator."""
    arguments = {"Scope": "CLOUDFRONT"}
    while True:
        answer = wafv2.list_logging_configurations(**arguments)
        yield from answer.get("LoggingConfigurations", ())
        if not answer.get("NextMarker"):
            return
        arguments["NextMarker"] = answer["NextMarker"]


CHECKS: dict[str, Ask] = {"CloudTrail": trail, "GuardDuty": detector, "WAF logs": web_acl_logs}
