"""Log of events of AWS services, and their alarms."""

from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from spotmusic_cdk.settings import Settings
from spotmusic_constructs.arns import bucket_name
from spotmusic_constructs.observability.alarm import MetricSource, Recipients
from spotmusic_constructs.observability.event_alarms import (
    DeletedTracks,
    EventAlarms,
    MissingCopies,
)
from spotmusic_constructs.observability.event_log import SOURCES, EventLog, deletions
from stacks.environment_stack import EnvironmentStack


def event_log(
    stack: EnvironmentStack, *, settings: Settings, name: str, key: kms.IKey, audio: s3.IBucket
) -> EventLog:
    """Create the log of events, with deletions of tracks."""
    return EventLog(
        stack,
        "EventLog",
        name=name,
        key=key,
        namespace=f"Spotmusic/{settings.name}",
        log_retention=stack.log_retention.security,
        patterns={**SOURCES, "Tracks": deletions(bucket_name(audio))},
        removal_policy=stack.retain_except_on_create,
    )


def event_alarms(
    scope: Construct, *, recipients: Recipients, log: EventLog
) -> dict[str, MetricSource]:
    """Create the alarms of events, and return the counts of events by name."""
    events = EventAlarms(scope, "EventAlarms", recipients=recipients, log=log)
    MissingCopies(scope, "MissingCopies", recipients=recipients, log=log)
    tracks = DeletedTracks(scope, "DeletedTracks", recipients=recipients, log=log)
    return {**events.counts, "DeletedTracks": tracks.count}
