"""Rows of the CloudWatch dashboard, and the names that Grafana's dashboards offer."""

from collections.abc import Iterator

from spotmusic_constructs.observability import component_rows as rows
from spotmusic_constructs.observability.component_dashboard import DashboardRow
from spotmusic_constructs.observability.rules_and_dashboards import Names
from stacks.observability.component_alarms import watched_queues
from stacks.observability.components import Components

NOTHING = {"none": "none"}
"""Names of an environment without services. Grafana requires one; CloudWatch has no metric of this one."""


def component_rows(components: Components) -> Iterator[DashboardRow]:
    """Yield the rows of the CloudWatch dashboard, from the viewer inwards."""
    edge = components.edge
    yield rows.edge_row(
        distribution_id=edge.distribution_id, web_acl_metric_name=edge.web_acl.metric_name
    )
    yield rows.load_balancer_row(title="Gateway", load_balancer_full_name=components.gateway)
    yield rows.load_balancer_row(
        title="Services", load_balancer_full_name=components.services_load_balancer
    )
    for name, service_name in components.services.items():
        yield rows.service_row(
            name=name, cluster_name=components.services_cluster, service_name=service_name
        )
    yield rows.network_load_balancer_row(
        title="Brokers", load_balancer_full_name=components.brokers
    )
    if queues := watched_queues(components):
        yield rows.queue_row(queues={name: watch.metric for name, watch in queues.items()})
    for name, database in components.databases.items():
        yield rows.database_row(
            title=f"{name.capitalize()} database", instance_identifier=database.identifier
        )
        for number, reader in enumerate(database.readers, start=1):
            yield rows.database_row(
                title=f"{name.capitalize()} database, replica {number}",
                instance_identifier=reader,
                replica=True,
            )
    for name, nodes in components.cache_nodes.items():
        yield rows.cache_row(title=f"Cache of {name}" if name else "Cache", nodes=nodes)
    yield rows.kubernetes_row(cluster_name=components.kubernetes_cluster)
    yield rows.nat_row(nat_gateways=components.nat_gateways)
    yield rows.bucket_row(buckets=components.buckets)


def grafana_names(components: Components) -> Names:
    """Return CloudWatch's name of each component, for the choices above Grafana's dashboards."""
    repositories = {
        name: components.registry.repositories[name].repository_name
        for name in components.settings.services
    }
    return {
        "brokerLoadBalancer": {"brokers": components.brokers},
        "buckets": components.buckets,
        "cacheNodes": {
            f"{name} node {number}".strip(): node
            for name, nodes in components.cache_nodes.items()
            for number, node in enumerate(nodes, start=1)
        },
        "databases": components.database_instances,
        "distribution": {"distribution": components.edge.distribution_id},
        "ecsCluster": {"services": components.services_cluster},
        "ecsServices": dict(components.services) or NOTHING,
        "eksCluster": {"platform": components.kubernetes_cluster},
        "loadBalancers": {
            "gateway": components.gateway,
            "services": components.services_load_balancer,
        },
        "natGateways": components.nat_gateways,
        "repositories": repositories or NOTHING,
        "webAcl": {"web ACL": components.edge.web_acl.metric_name},
    }
