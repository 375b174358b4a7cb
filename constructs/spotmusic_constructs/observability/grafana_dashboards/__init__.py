"""Grafana's dashboards: one module for each, which `python -m` turns into the JSON of the chart `monitoring`."""

from spotmusic_constructs.observability.grafana_dashboards import (
    account,
    business,
    data,
    edge,
    keycloak,
    kong,
    kubernetes,
    monitoring,
    network,
    objectives,
    rabbitmq,
    redpanda,
    services,
)

DASHBOARDS = tuple(
    module.DASHBOARD
    for module in (
        business,
        objectives,
        services,
        kong,
        keycloak,
        redpanda,
        rabbitmq,
        kubernetes,
        monitoring,
        edge,
        data,
        network,
        account,
    )
)
"""All dashboards, those first that say how listeners are."""
