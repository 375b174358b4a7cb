"""Use of an environment, for the estimate of its cost (docs/cost.md)."""

from typing import Annotated

from pydantic import Field

from spotmusic_cdk.settings.capacity import Listeners
from spotmusic_cdk.settings.model import Model


class ListenerLevels(Model):
    """Monthly listeners at three levels of use."""

    low: Listeners
    """Listeners of a weak month."""
    mid: Listeners
    """Listeners of an expected month."""
    high: Listeners
    """Listeners of the largest month that the budget must cover."""


class UsageSettings(Model):
    """Use of a month, for `make cost` only. No template contains it. `capacity` has the load of a
    listener.
    """

    listeners: ListenerLevels | None = None
    """Listeners at three levels. Default: 10%, 50% and 100% of `capacity.listeners`; without it,
    10, 100 and 1,000."""
    audio_gib: Annotated[int, Field(ge=0, le=100_000_000)] | None = None
    """Stored audio. Default: 1,000 with `capacity.listeners`, which is 100,000 tracks of 10 MiB,
    and 10 without it."""
