"""Discovery of services by Service Connect, and of their tasks by DNS."""

from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_logs as logs
from aws_cdk import aws_servicediscovery as servicediscovery

from spotmusic_constructs import durations
from spotmusic_constructs.services.task_definition import CONTAINER, non_blocking_log

REQUEST_TIMEOUT = durations.seconds(10)
"""Timeout of a request between services, shorter than the caller's own."""
IDLE_TIMEOUT = durations.seconds(60)
"""Time after which Service Connect closes an idle connection."""


def task_records(name: str) -> ecs.CloudMapOptions:
    """Return the Cloud Map registration with an A record for each task.

    An answer has eight records at most (AWS Cloud Map API reference, DnsConfig).
    """
    return ecs.CloudMapOptions(
        name=name, dns_record_type=servicediscovery.DnsRecordType.A, dns_ttl=durations.seconds(10)
    )


def endpoint(name: str, port: int | None, log_group: logs.ILogGroup) -> ecs.ServiceConnectProps:
    """Return the Service Connect configuration; a worker has no endpoint and only calls others."""
    own = ecs.ServiceConnectService(
        port_mapping_name=CONTAINER,
        # The A records already use the name in Cloud Map.
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
