"""Quotas that services can exceed together."""

from collections.abc import Iterable, Iterator

from spotmusic_cdk.settings.environment import Settings
from spotmusic_cdk.settings.model import Problem
from spotmusic_cdk.settings.services import ServiceSettings

MOST_SERVICES = 40
"""Maximum number of services. Templates may have 500 resources and 1 MB (AWS CloudFormation
quotas). A service with one word in `talks_to` adds 11 resources and 15 kB to the template of
ecs-services, and 6 resources and 12 kB to that of observability. Forty services, with as many
blue/green as fit, result in 490 resources and 638 kB, and in some 420 resources and 729 kB
(2026-11-24; cdk.json omits the indentation, which was a quarter). `make fuzz` synthesizes them and
checks every template (tools/fuzz/corners.py), which fails when a service exceeds the limits."""
MOST_RESOURCES = 472
"""Resources of services in the template of ecs-services, which has some 18 others and room for
500."""
MOST_BYTES = 100_000
"""Bytes of `settings` of all services. The template of ecs-services, with 638 kB of forty
services, may have 1 MB."""
MOST_RULES = 320
"""Security groups and rules of services in the network stack (docs/deployment.md, service
limits)."""
MOST_WATCHED = 300
"""Alarms of services, read replicas and nodes of caches in the template of observability, which has
some 180 other resources and room for 500."""
MOST_PORTS = 16
"""Different ports of services. EKS enforces at most 24 ports of an address range in the
NetworkPolicies of a pod, an arbitrary selection if there are more (Amazon EKS user guide, network
policies, 2026-11). The policies of Prometheus have eight others."""
MOST_BROKER_CLIENTS = 58
"""Words `events` and `tasks`. Each is a rule of the security group of the broker load balancer,
which has two other rules. EC2 allows 60."""
MOST_UPLOADERS = 5
"""Words `uploads`. Each creates two queues, their policies and a rule in the data stack, and
receives every verdict."""


def problems(settings: Settings) -> Iterator[Problem]:
    """Find quotas that services exceed together."""
    services = settings.services.values()
    texts = [text for service in services for item in service.settings.items() for text in item]
    costs = [cost for service in services for cost in service.kept.costs]
    # Too many services are one problem, not also one of their resources and alarms.
    is_few = len(services) <= MOST_SERVICES
    move = "Move some to another environment."
    quotas = (
        (len(services), MOST_SERVICES, "{} services exceed the limit of {} in one stack", move),
        (
            sum(map(resources_of, services)) if is_few else 0,
            MOST_RESOURCES,
            "their {} resources exceed the limit of {} in one stack",
            "Set deployment: rolling on some (two resources fewer each), or move some to another "
            "environment.",
        ),
        (
            sum(map(rules_of, services)) + shared_rules(services),
            MOST_RULES,
            "their connections need {} security groups and rules, and one network stack holds {}",
            "Shorten their talks_to, or move some to another environment.",
        ),
        (
            sum(len(text.encode()) for text in texts),
            MOST_BYTES,
            "their settings have {} bytes, and one stack holds {}",
            "Move shared values into the images.",
        ),
        (
            len({service.port for service in services} - {None}),
            MOST_PORTS,
            "their {} different ports exceed the limit of {} in the NetworkPolicies of Prometheus",
            "Use one port for several services.",
        ),
        (
            sum(cost.broker_rules for cost in costs),
            MOST_BROKER_CLIENTS,
            "events and tasks occur {} times in talks_to, and the brokers allow {}",
            move,
        ),
        (
            sum(cost.verdict_queues for cost in costs),
            MOST_UPLOADERS,
            "uploads occurs {} times in talks_to, and {} services can receive verdicts",
            "Let one service accept uploads, and call it from the others.",
        ),
        (
            watched(settings) if is_few else 0,
            MOST_WATCHED,
            "services, read replicas and nodes of caches need {} alarms, and one stack holds {}",
            "Lower data.catalogue.read_replicas or data.cache.replicas, or move some services.",
        ),
    )
    for number, most, wrong, advice in quotas:
        if number > most:
            yield Problem("services", wrong.format(number, most), advice)


def rules_of(service: ServiceSettings) -> int:
    """Count the security group and the rules of a service.

    The rules are its access to AWS, the ingress of Prometheus and of the load balancer, and both
    ends of each connection. All services have common egress rules (`shared_rules`).
    """
    scraped, reached = service.port is not None, service.route is not None
    return 2 + scraped + reached + 2 * len(service.kept.connections)


def shared_rules(services: Iterable[ServiceSettings]) -> int:
    """Count the egress rules of Prometheus and the load balancer, one each for a port."""
    services = list(services)
    return len({service.port for service in services if service.port}) + len(
        {service.port for service in services if service.route}
    )


def resources_of(service: ServiceSettings) -> int:
    """Count the resources of a service in the template of ecs-services.

    Every service has a log group, two roles, task definition, service, scaling and its policy. A
    port adds its name; a route adds target group, rule and policy; blue/green adds the other target
    group and the alarm.
    """
    routed, shifts = service.route is not None, service.deployment == "blue_green"
    # Task of the migrations (log group, two roles, task definition) and its run (log group, role,
    # policy, function, resource).
    own = 7 + (9 if service.migrations and service.has_image else 0) + (service.port is not None)
    return own + (3 + 2 * shifts) * routed + (service.scaling.messages_per_task is not None)


def watched(settings: Settings) -> int:
    """Count the alarms of services (6 each), of read replicas (11 each) and of caches (10 for each
    node, and one for each cache).
    """
    data = settings.data
    groups = 1 + len(data.cache.own)
    return (
        6 * len(settings.services)
        + 11 * data.catalogue.read_replicas
        + groups * (1 + 10 * (1 + data.cache.replicas))
    )
