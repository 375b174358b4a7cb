"""What an environment turns on that it might as well do without."""

from collections.abc import Iterable
from operator import attrgetter

from spotmusic_cdk.settings import Settings


def turned_on(settings: Settings, keys: Iterable[str]) -> set[str]:
    """Returns those keys of the environment file, such as `kubernetes.redpanda.tiered_storage`, that say something."""
    return {key for key in keys if attrgetter(key)(settings)}
