"""Checks of CloudTrail and GuardDuty, on which alarms depend."""

from collections.abc import Iterator, Mapping
from typing import Any

from tools.preflight.finding import Ask, Context, Finding, fix, ok


def trail(context: Context) -> Iterator[Finding]:
    """Checks for a multi-region trail with management events."""
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
        f"aws cloudtrail create-trail --region {region} --name management --is-multi-region-trail --s3-bucket-name <bucket>; "
        f"aws cloudtrail start-logging --region {region} --name management"
    )
    yield fix("CloudTrail", "; ".join(reasons) or "no trail exists", command)


def _records_management(selectors: Mapping[str, Any]) -> bool:
    basic = any(
        selector.get("IncludeManagementEvents") and selector.get("ReadWriteType", "All") in ("All", "WriteOnly")
        for selector in selectors.get("EventSelectors", ())
    )
    return basic or any(map(_writes, selectors.get("AdvancedEventSelectors", ())))


def _writes(selector: Mapping[str, Any]) -> bool:
    fields = {field["Field"]: field.get("Equals", ()) for field in selector.get("FieldSelectors", ())}
    return "Management" in fields.get("eventCategory", ()) and "true" not in fields.get("readOnly", ())


def detector(context: Context) -> Iterator[Finding]:
    """Checks for an enabled GuardDuty detector in the home region."""
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


CHECKS: dict[str, Ask] = {"CloudTrail": trail, "GuardDuty": detector}
