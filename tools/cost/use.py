"""Use of an environment in a month, at three levels."""

from dataclasses import dataclass

from spotmusic_cdk.settings import Settings
from spotmusic_cdk.settings.usage import ListenerLevels

LEVELS = ("low", "mid", "high")
HOURS = 730
"""Hours of a month, as in the AWS Pricing Calculator."""
WITHOUT_PEAK = ListenerLevels(low=1, mid=10, high=100)
EVENTS_PER_LISTENER = 1 / 24
"""Events in a second for each listener, where `resilience.peak` declares none: those of prod."""
SERVICE_REQUESTS = 1 / 3
"""Share of requests that reach services; the rest is pages and audio."""


@dataclass(frozen=True, kw_only=True)
class Level:
    """Use of a month at one level.

    Args:
        listeners: listeners in the busiest minute.
        share: those in relation to the declared peak, at most 1.
        mean: average of the month in relation to the busiest minute.
        audio_gb: audio delivered, in GB.
        requests: requests to the edge.
        events_gb: events written, in GB.
        audio_gib: stored audio.
    """

    listeners: int
    share: float
    mean: float
    audio_gb: float
    requests: float
    events_gb: float
    audio_gib: float

    @property
    def service_requests(self) -> float:
        """Requests to services."""
        return self.requests * SERVICE_REQUESTS

    def scaled(self, least: float, most: float) -> float:
        """Average number of replicas that scale between two limits with the use."""
        return max(least, most * self.share * self.mean)


def levels_of(settings: Settings) -> dict[str, Level]:
    """Returns the levels of an environment by name, from `usage` and `resilience.peak`."""
    usage, peak = settings.usage, settings.resilience.peak
    listeners = usage.listeners
    if listeners is None and peak:
        listeners = ListenerLevels(low=max(1, peak.listeners // 10), mid=max(1, peak.listeners // 2), high=peak.listeners)
    listeners = listeners or WITHOUT_PEAK
    most = peak.listeners if peak else listeners.high
    events = peak.events_per_second if peak else most * EVENTS_PER_LISTENER
    event_bytes = peak.event_bytes if peak else 1000
    mean = usage.mean_percent / 100
    audio_gib = usage.audio_gib if usage.audio_gib is not None else (1000 if peak else 10)
    levels = {}
    for name in LEVELS:
        number: int = getattr(listeners, name)
        hours = number * mean * HOURS
        levels[name] = Level(
            listeners=number,
            share=min(1.0, number / most),
            mean=mean,
            audio_gb=hours * 3600 * usage.audio_kbit_per_second / 8 / 1e6,
            requests=hours * usage.requests_per_listener_hour,
            events_gb=number / most * events * event_bytes * mean * HOURS * 3600 / 1e9,
            audio_gib=audio_gib,
        )
    return levels
