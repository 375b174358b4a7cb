"""What the platform is built for, and whether the loss of a part of it may be practised."""

from typing import Annotated

from pydantic import Field

from spotmusic_cdk.settings.model import Model


class ServicePeak(Model):
    """The busiest minute of a service."""

    per_second: Annotated[int, Field(ge=1, le=1_000_000)]
    """Requests in a second, or messages where it is a worker."""
    per_task: Annotated[int, Field(ge=1, le=100_000)]
    """What one task does in a second with all of its cpu: measured by a load test, and an assumption until then."""


class PeakSettings(Model):
    """What the busiest minute brings, beside what each service says of its own (`services.<name>.peak`)."""

    listeners: Annotated[int, Field(ge=1, le=100_000_000)]
    """Listeners at the same time."""
    logins_per_second: Annotated[int, Field(ge=1, le=100_000)]
    """Logins with a password in a second."""
    events_per_second: Annotated[int, Field(ge=1, le=10_000_000)]
    """Events that all producers together write in a second."""
    event_bytes: Annotated[int, Field(ge=1, le=1_048_576)] = 1000
    """Size of an event with its headers, on average."""


class ResilienceSettings(Model):
    """What the platform carries with a part of it gone (docs/game-day.md)."""

    peak: PeakSettings | None = None
    """The busiest minute; the game day judges an environment that declares one."""
    fault_injection: bool = False
    """Whether experiment templates of AWS FIS are made. A template does nothing until somebody starts it."""
