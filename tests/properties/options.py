"""Optional settings that an environment enables."""

from collections.abc import Iterable
from operator import attrgetter

from spotmusic_cdk.settings import Settings


def turned_on(settings: Settings, keys: Iterable[str]) -> set[str]:
    """Returns the keys of the environment file that are set, such as
    `kubernetes.redpanda.tiered_storage`.
    """
    return {key for key in keys if attrgetter(key)(settings)}
