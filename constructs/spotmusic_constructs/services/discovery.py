"""How services find each other, and how Prometheus finds their tasks."""

import aws_cdk as cdk
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_logs as logs
from aws_cdk import aws_servicediscovery as servicediscovery

from spotmusic_constructs.services.task_definition import CONTAINER, non_blocking_log

REQUEST_TIMEOUT = cdk.Duration.seconds(10)
"""Time that a request from one service to another may take: shorter than the caller itself has to answer."""
IDLE_TIMEOUT = cdk.Duration.seconds(60)
"""Time after which Service Connect closes a connection that nothing goes through."""


def task_records(name: str) -> ecs.CloudMapOptions:
    """Returns an A record for each task, which Prometheus reads."""
    return ecs.CloudMapOptions(name=name, dns_record_type=servicediscovery.DnsRecordType.A, dns_ttl=cdk.Duration.seconds(10))


def endpoint(name: str, port: int | None, log_group: logs.ILogGroup) -> ecs.ServiceConnectProps:
    """Returns the Service Connect endpoint of a service; a worker has none and only calls others."""
    own = ecs.ServiceConnectService(
        port_mapping_name=CONTAINER,
        # Cloud Map has the name already, for the A records.
        discovery_name=f"{name}-connect",
        dns_name=name,
        port=port,
        per_request_timeout=REQUEST_TIMEOUT,
        idle_timeout=IDLE_TIMEOUT,
    )
    return ecs.ServiceConnectProps(
        services=[own] if port else None,
        log_driver=non_blocking_log(log_group, "service-connect"),
        # Query parameters may name listeners; the path is enough to find a slow request.
        access_log_configuration=ecs.ServiceConnectAccessLogConfiguration(
            format=ecs.ServiceConnectAccessLogFormat.JSON, include_query_parameters=False
        ),
    )
