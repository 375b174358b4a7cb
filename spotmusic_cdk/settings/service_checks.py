"""Checks of services, topics and queues against each other and against quotas."""

from collections.abc import Iterable, Iterator
from graphlib import CycleError, TopologicalSorter

from spotmusic_cdk.settings.environment import Settings
from spotmusic_cdk.settings.model import Problem, meant
from spotmusic_cdk.settings.services import ServiceSettings, address_variable
from spotmusic_cdk.settings.words import RESOURCES
from spotmusic_constructs.services.image_name import ecr_repository
from spotmusic_constructs.services.route_priority import route_priorities

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
MOST_LETTERS = 100_000
"""Characters of `settings` of all services. The template of ecs-services, with 638 kB of forty
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

NAMES_OF_OTHERS = {
    "admin": "the superuser of Redpanda",
    "default": "the user of the cache that may do nothing",
    "kong": "the gateway's user of the cache",
    "kubernetes-controller": "the superuser of Redpanda",
    "catalogue-migrations": "the user that changes the tables of the catalogue",
    "mysql": "the schema in which MySQL keeps its users",
    "operator": "the administrator of RabbitMQ",
    "queue-depth": "the user that counts the messages of RabbitMQ",
    "ratelimit": "the keys of the cache in which the gateway counts",
    "sys": "a schema of MySQL",
}
"""Reserved names: users, schemas and prefixes of a service have its name."""
ENDINGS = ("address", "secret")
"""Suffixes that constructs add to the name of a service: `lyrics-secret` would be a service and the
secret of `lyrics`."""


def problems(settings: Settings) -> Iterator[Problem]:
    """Find conflicts of names, routes and connections, and services beyond the quotas."""
    yield from _room(settings)
    yield from _routes(settings)
    yield from _cycles(settings)
    yield from _one_writer(settings)
    yield from _one_owner(settings)
    yield from _mail(settings)
    yield from unknown_words(settings)
    for name, service in settings.services.items():
        yield from _name(name, settings)
        yield from _image(name, service, settings)
        yield from _variables(name, service, settings)
        yield from _connections(name, service, settings)
        if settings.production and service.scaling.min < 3:
            yield Problem(
                f"services.{name}.scaling.min",
                "production runs a task in every zone",
                "Use 3 or more.",
            )
    yield from _broker_problems(settings)


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


def _room(settings: Settings) -> Iterator[Problem]:
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
            sum(map(len, texts)),
            MOST_LETTERS,
            "their settings have {} characters, and one stack holds {}",
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


def _one_writer(settings: Settings) -> Iterator[Problem]:
    """Find a second writer of the audio library, which could replace and remove tracks of the
    first.
    """
    first, *others = [
        name for name, service in settings.running.services.items() if service.writes("audio")
    ] or [""]
    for name in others:
        wrong = f"{first} already writes the audio library"
        yield Problem(
            f"services.{name}.talks_to",
            wrong,
            "Let one service write it: use audio here, or remove it.",
        )


def _one_owner(settings: Settings) -> Iterator[Problem]:
    """Require one owner of the catalogue. Its image changes the tables before it runs."""
    services = settings.running.services
    owners = [name for name, service in services.items() if service.migrations]
    for name in owners[1:]:
        yield Problem(
            f"services.{name}.migrations",
            f"{owners[0]} already owns the catalogue",
            "Set migrations on one service only.",
        )
    users = settings.running.services_talking_to("catalogue")
    if users and not owners:
        wrong = f"{', '.join(users)} use the catalogue, and no service has migrations"
        yield Problem(
            "services",
            wrong,
            "Set them on the service that owns the tables, such as migrations: [migrate].",
        )


def _mail(settings: Settings) -> Iterator[Problem]:
    senders = settings.services_talking_to("mail")
    if senders and settings.mail is None:
        wrong = f"{', '.join(senders)} may send mail, and mail.sender is missing"
        yield Problem(
            "mail", wrong, "Set it to an address that SES has verified (docs/deployment.md)."
        )


def _routes(settings: Settings) -> Iterator[Problem]:
    taken: dict[str, str] = {}
    for name, service in settings.services.items():
        if service.route in taken:
            wrong = f"{service.route} is already the route of {taken[service.route]}"
            yield Problem(f"services.{name}.route", wrong, "Give each service its own route.")
        elif service.route is not None:
            taken[service.route] = name
            yield from _priority(name, list(taken))


def _priority(name: str, routes: list[str]) -> Iterator[Problem]:
    try:
        route_priorities(routes)
    except ValueError as error:
        yield Problem.of(f"services.{name}.route", str(error).removeprefix("route: "))


def _name(name: str, settings: Settings) -> Iterator[Problem]:
    key = f"services.{name}"
    if name in RESOURCES:
        yield Problem(key, "the name is a resource of talks_to", "Choose another.")
    if name in NAMES_OF_OTHERS:
        yield Problem(key, f"the name is reserved for {NAMES_OF_OTHERS[name]}", "Choose another.")
    stem, _, ending = name.rpartition("-")
    if stem in settings.services and ending in ENDINGS:
        yield Problem(key, f"{stem} has a {ending} of this name", "Choose another.")


def _variables(name: str, service: ServiceSettings, settings: Settings) -> Iterator[Problem]:
    addresses = {address_variable(other): other for other in settings.services}
    for field, variables in (("settings", service.settings), ("secrets", service.secrets)):
        for variable in variables:
            if variable in addresses:
                yield Problem(
                    f"services.{name}.{field}.{variable}",
                    f"the name is reserved for the address of {addresses[variable]}",
                    "Choose another.",
                )


def _image(name: str, service: ServiceSettings, settings: Settings) -> Iterator[Problem]:
    """Find images in another region, which the endpoint of Amazon ECR does not serve."""
    region = (ecr_repository(service.image or "") or settings.region).partition(":")[0]
    if region != settings.region:
        wrong = f"the image is in {region}, not in {settings.region}"
        yield Problem(
            f"services.{name}.image",
            wrong,
            f"Replicate the repository to {settings.region} (Amazon ECR, replication).",
        )


def unknown_words(settings: Settings) -> Iterator[Problem]:
    """Find unknown words of `talks_to`. Other keys cannot cause these problems."""
    for name, service in settings.services.items():
        for field, words in (
            ("talks_to", service.talks_to),
            ("retired_talks_to", service.retired_talks_to),
        ):
            yield from _targets(f"services.{name}.{field}", name, words, settings)


def _connections(name: str, service: ServiceSettings, settings: Settings) -> Iterator[Problem]:
    for word in service.retired_talks_to:
        if word.text in [kept.text for kept in service.talks_to]:
            key = f"services.{name}.retired_talks_to"
            yield Problem(key, f"{word.text} is also in talks_to", "Remove it from one of the two.")
    for target in service.talks_to:
        if (
            target in settings.services
            and settings.services[target].retired
            and not service.retired
        ):
            advice = f"Move {target} to retired_talks_to here."
            yield Problem(f"services.{name}.talks_to", f"{target} is retired", advice)


def _cycles(settings: Settings) -> Iterator[Problem]:
    """Find circular calls. Tasks resolve only services that were created before them
    (stacks/fargate_services.py).
    """
    calls = {
        name: [word for word in service.talks_to if word in settings.services]
        for name, service in settings.services.items()
    }
    try:
        TopologicalSorter(calls).prepare()
    except CycleError as error:
        # The sorter returns a called service before its caller.
        circle = list(reversed(error.args[1]))
        wrong = f"{' calls '.join(circle)}: none of them can start first"
        yield Problem(
            f"services.{circle[0]}.talks_to",
            wrong,
            "Remove one of these calls, and send an event or a task in its place.",
        )


def _targets(key: str, name: str, words: Iterable[str], settings: Settings) -> Iterator[Problem]:
    for target in words:
        if target in RESOURCES:
            continue
        if target == name or target not in settings.services:
            wrong = f"{target} is neither another service nor one of {', '.join(RESOURCES)}"
            known = [*RESOURCES, *(other for other in settings.services if other != name)]
            yield Problem(key, wrong, meant(target, known, otherwise="Correct or remove it."))
        elif settings.services[target].port is None:
            yield Problem(key, f"{target} has no port", f"Set services.{target}.port.")


REPLICATION = 3
"""Replicas of a topic in production. The loss of a zone removes one."""
TOPICS = "kubernetes.redpanda.topics"
QUEUES = "kubernetes.rabbitmq.queues"


def _broker_problems(settings: Settings) -> Iterator[Problem]:
    """Find topics and queues without users, and users without a topic or queue."""
    # Topics and queues may not name retired services: brokers delete their user in the same
    # deployment.
    settings = settings.running
    yield from _topics(settings)
    yield from _queues(settings)
    if settings.production:
        for name, topic in settings.topics.items():
            if topic.replication < REPLICATION:
                wrong = f"{topic.replication} does not survive the loss of a zone"
                yield Problem(f"{TOPICS}.{name}.replication", wrong, f"Use {REPLICATION}.")


def _topics(settings: Settings) -> Iterator[Problem]:
    clients = settings.services_talking_to("events")
    used: set[str] = set()
    for name, topic in settings.topics.items():
        yield from _unknown_clients(
            f"{TOPICS}.{name}.producers", topic.producers, clients, "events"
        )
        yield from _unknown_clients(
            f"{TOPICS}.{name}.consumers", topic.consumers, clients, "events"
        )
        used.update(topic.producers, topic.consumers)
    yield from _unused_clients(clients, used, "events", "topic", TOPICS)


def _queues(settings: Settings) -> Iterator[Problem]:
    clients = settings.services_talking_to("tasks")
    used: set[str] = set()
    for name, queue in settings.queues.items():
        named = settings.kubernetes.rabbitmq.queues.get(name)
        if not (named and named.consumers) and name not in clients:
            wrong = f"no service {name} has tasks in talks_to, so that the queue has no consumers"
            yield Problem(f"{QUEUES}.{name}", wrong, "Set its consumers.")
            continue
        yield from _unknown_clients(f"{QUEUES}.{name}.consumers", queue.consumers, clients, "tasks")
        yield from _unknown_clients(
            f"{QUEUES}.{name}.publishers", queue.publishers, clients, "tasks"
        )
        used.update(queue.consumers, queue.publishers)
        service = settings.services.get(name)
        if service and service.scaling.messages_per_task and name not in queue.consumers:
            wrong = f"{name} scales on the messages of this queue and is not a consumer"
            yield Problem(f"{QUEUES}.{name}.consumers", wrong, f"Add {name}, or scale it on cpu.")
    yield from _unused_clients(clients, used, "tasks", "queue", QUEUES)


def _unknown_clients(
    key: str, names: Iterable[str], clients: Iterable[str], resource: str
) -> Iterator[Problem]:
    for name in names:
        if name not in clients:
            wrong = f"{name} is not a service with {resource} in talks_to"
            yield Problem(key, wrong, f"Correct it, or add {resource} to services.{name}.talks_to.")


def _unused_clients(
    clients: Iterable[str], used: Iterable[str], resource: str, kind: str, key: str
) -> Iterator[Problem]:
    """Find clients without rights on topics and queues."""
    for name in clients:
        if name not in used:
            wrong = f"{name} has {resource} in talks_to, and no {kind} names it"
            yield Problem(
                f"services.{name}.talks_to",
                wrong,
                f"Name it in {key}, or remove {resource} (retired_talks_to).",
            )
