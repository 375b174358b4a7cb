"""Every fault that is seeded, by domain."""

from tests.mutants.catalogue import (
    data,
    edge,
    kubernetes,
    network,
    observability,
    operation,
    releases,
    resilience,
    secrets,
    services,
    settings,
    survivors,
)
from tests.mutants.fault import Fault, SettingsFault

FAULTS: tuple[Fault, ...] = (
    *network.FAULTS,
    *secrets.FAULTS,
    *data.FAULTS,
    *services.FAULTS,
    *kubernetes.FAULTS,
    *releases.FAULTS,
    *edge.FAULTS,
    *observability.FAULTS,
    *resilience.FAULTS,
    *operation.FAULTS,
    *survivors.FAULTS,
)
SETTINGS_FAULTS: tuple[SettingsFault, ...] = settings.SETTINGS_FAULTS
