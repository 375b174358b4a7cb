"""Rows of the CloudWatch dashboard, and names of components for Grafana's dashboards."""

from collections.abc import Iterator

from spotmusic_constructs.arns import bucket_name
from spotmusic_constructs.observability import component_rows as rows
from spotmusic_constructs.observability.component_dashboard import DashboardRow
from spotmusic_constructs.observability.rules_and_dashboards import Names
from stacks.data import DataStack
from stacks.observability.component_alarms import watched_queues
from stacks.observability.components import Components

NOTHING = {"none": "none"}
"""Names of an environment without services. Grafana requires a name. CloudWatch has no metric with
this one."""


def component_rows(components: Components) -> Iterator[DashboardRow]:
    """Yield the rows of the CloudWatch dashboard in the order of a request."""
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
    yield rows.bucket_row(buckets=_buckets(components.data))


def grafana_names(components: Components) -> Names:
    """Return the names of components in CloudWatch, for the variables of Grafana's dashboards."""
    repositories = {
        name: components.registry.repositories[name].repository_name
        for name in components.settings.services
    }
    return {
        "brokerLoadBalancer": {"brokers": components.brokers},
        "buckets": _buckets(components.data),
        "cacheNodes": {
            f"{name} node {number}".strip(): node
            for name, nodes in components.cache_nodes.items()
            for number, node in enumerate(nodes, start=1)
        },
        "databases": _database_instances(components),
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


def _database_instances(components: Components) -> dict[str, str]:
    """Return identifiers of databases and their read replicas by name."""
    databases = components.databases.items()
    instances = {name: database.identifier for name, database in databases}
    readers = {
        f"{name} replica {number}": reader
        for name, database in databases
        for number, reader in enumerate(database.readers, start=1)
    }
    return instances | readers


def _buckets(data: DataStack) -> dict[str, str]:
    """Return names of buckets by content."""
    buckets = {
        "audio": data.audio.bucket,
        "uploads": data.uploads.bucket,
        "web": data.web.bucket,
        "logs": data.logs.bucket,
    }
    return {name: bucket_name(bucket) for name, bucket in buckets.items()}
