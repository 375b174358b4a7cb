"""Monthly use of an environment at three levels."""

from dataclasses import dataclass

from spotmusic_cdk.settings import Settings
from spotmusic_cdk.settings.capacity import HOURS_OF_A_MONTH
from spotmusic_cdk.settings.usage import ListenerLevels
from tools.load import Load, load_of

LEVELS = ("low", "mid", "high")
HOURS = HOURS_OF_A_MONTH
WITHOUT_LISTENERS = ListenerLevels(low=10, mid=100, high=1000)


@dataclass(frozen=True, kw_only=True)
class Level:
    """Monthly use at one level.

    Args:
        load: load of the monthly listeners.
        share: monthly listeners relative to the declared ones, at most 1.
        audio_gib: stored audio.
    """

    load: Load
    share: float
    audio_gib: float

    @property
    def listeners(self) -> int:
        """Monthly listeners."""
        return round(self.load.audience.monthly)

    @property
    def mean(self) -> float:
        """Average of the month relative to the busiest minute."""
        return self.load.audience.mean / self.load.audience.concurrent

    def tasks(self, service: str, least: float, most: float) -> float:
        """Average number of tasks of a service.

        Args:
            service: name without hyphens, as in logical ids.
            least: minimum of the scaling.
            most: maximum of the scaling.
        """
        known = {
            name.replace("-", ""): load
            for name, load in self.load.services.items()
            if load.per_second
        }
        if service not in known:
            return self.scaled(least, most)
        return max(least, min(most, known[service].tasks) * self.mean)

    def scaled(self, least: float, most: float) -> float:
        """Average number of replicas that scale with the use between two limits."""
        return max(least, most * self.share * self.mean)


def levels_of(settings: Settings) -> dict[str, Level]:
    """Return the levels of an environment by name, from `usage` and `capacity.listeners`."""
    usage, declared = settings.usage, settings.capacity.listeners
    listeners = usage.listeners or (_shares(declared) if declared else WITHOUT_LISTENERS)
    most = declared or listeners.high
    audio_gib = usage.audio_gib if usage.audio_gib is not None else (1000 if declared else 10)
    numbers: dict[str, int] = {name: getattr(listeners, name) for name in LEVELS}
    return {
        name: Level(
            load=load_of(settings, number), share=min(1.0, number / most), audio_gib=audio_gib
        )
        for name, number in numbers.items()
    }


def _shares(listeners: int) -> ListenerLevels:
    return ListenerLevels(low=max(1, listeners // 10), mid=max(1, listeners // 2), high=listeners)
