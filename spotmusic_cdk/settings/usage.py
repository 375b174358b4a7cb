"""Use of an environment, for the estimate of its cost (docs/cost.md)."""

from typing import Annotated

from pydantic import Field

from spotmusic_cdk.settings.model import Model

Listeners = Annotated[int, Field(ge=1, le=100_000_000)]


class ListenerLevels(Model):
    """Concurrent listeners in the busiest minute, at three levels of use."""

    low: Listeners
    """Listeners of a weak month."""
    mid: Listeners
    """Listeners of an expected month."""
    high: Listeners
    """Listeners of the month for which the budget must suffice."""


class UsageSettings(Model):
    """Use of a month, for `make cost` only: no template contains it."""

    listeners: ListenerLevels | None = None
    """Default: 10%, 50% and 100% of `resilience.peak.listeners`; without it, 1, 10 and 100."""
    mean_percent: Annotated[int, Field(ge=1, le=100)] = 33
    """Listeners on average of a month, in percent of those in the busiest minute; the default is an assumption."""
    audio_kbit_per_second: Annotated[int, Field(ge=8, le=10_000)] = 160
    """Audio of one listener; the default is an assumption."""
    requests_per_listener_hour: Annotated[int, Field(ge=1, le=10_000)] = 60
    """Requests of one listener to the edge in an hour, a third of them to services; the default is an assumption."""
    audio_gib: Annotated[int, Field(ge=0, le=100_000_000)] | None = None
    """Stored audio. Default: 1,000 with `resilience.peak`, which is 100,000 tracks of 10 MiB, and 10 without it."""
