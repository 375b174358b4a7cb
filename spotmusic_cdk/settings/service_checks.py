"""Checks of services, topics and queues against each other and against quotas."""

from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from graphlib import CycleError, TopologicalSorter

from spotmusic_cdk.settings.environment import Settings
from spotmusic_cdk.settings.model import Problem
from spotmusic_cdk.settings.services import RESOURCES, ServiceSettings, address_variable
from spotmusic_constructs.services.image_name import ecr_repository
from spotmusic_constructs.services.route_priority import route_priorities

MOST_SERVICES = 40
"""Templates may have 500 resources and 1 MB (AWS CloudFormation quotas). Of a service that talks to one thing, the template of
ecs-services gets 11 resources and 15 kB, and that of observability 6 and 12 kB. Forty, with as many blue/green as fit, bring the former to
490 and 638 kB, the latter to some 420 and 729 kB (2026-11-24; cdk.json leaves the indentation out, which was a quarter). `make fuzz`
synthesizes them and judges every template (tools/fuzz/corners.py), so that whoever adds to a service learns of it there."""
MOST_RESOURCES = 472
"""Resources of services in the template of ecs-services, which has some 18 beside them and room for 500."""
MOST_LETTERS = 100_000
"""Characters of `settings` of all services: the template of ecs-services, with 638 kB of forty services, may have 1 MB."""
MOST_RULES = 330
"""Security groups and rules of services in the network stack, which has some 145 resources beside them and room for 500."""
MOST_BROKER_CLIENTS = 58
"""Words `events` and `tasks`: each is a rule of the broker load balancer's group, of EC2's 60, and two are its own."""
MOST_UPLOADERS = 5
"""Words `uploads`: each makes two queues, their policies and a rule in the data stack, and gets every verdict."""

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
"""Users, schemas and prefixes that services must not share: those of a service bear its name."""
ENDINGS = ("address", "secret")
"""What constructs of a service add to its name: `lyrics-secret` would be both a service and the secret of `lyrics`."""


def problems(settings: Settings) -> Iterator[Problem]:
    """Finds names, routes and connections that do not go together, and more of them than an environment holds."""
    yield from _room(settings)
    yield from _routes(settings)
    yield from _cycles(settings)
    yield from _one_writer(settings)
    yield from _one_owner(settings)
    yield from _mail(settings)
    for name, service in settings.services.items():
        yield from _name(name, settings)
        yield from _image(name, service, settings)
        yield from _variables(name, service, settings)
        yield from _connections(name, service, settings)
        if settings.production and service.scaling.min < 3:
            yield Problem(f"services.{name}.scaling.min", "production runs a task in every zone", "Use 3 or more.")
    yield from _broker_problems(settings)


def rules_of(service: ServiceSettings) -> int:
    """Counts the security group and the rules of a service: its way to AWS, and both ends of each connection."""
    scraped, reached = service.port is not None, service.route is not None
    return 2 + 2 * (scraped + reached + len(service.kept.connections))


def resources_of(service: ServiceSettings) -> int:
    """Counts what a service adds to the template of ecs-services: log group, two roles, task definition, service, scaling and its policy;
    with a port its name, with a route target group, rule and policy, and for blue/green the other target group and the alarm."""
    routed, shifts = service.route is not None, service.deployment == "blue_green"
    # The task of the migrations (log group, two roles, task definition) and its run (log group, role, policy, function, resource).
    own = 7 + (9 if service.migrations and service.has_image else 0) + (service.port is not None)
    return own + (3 + 2 * shifts) * routed + (service.scaling.messages_per_task is not None)


def _room(settings: Settings) -> Iterator[Problem]:
    services = settings.services
    elsewhere = "Move some to an environment of their own."
    if len(services) > MOST_SERVICES:
        wrong = f"{len(services)} are more than the {MOST_SERVICES} that one stack of services holds"
        yield Problem("services", wrong, elsewhere)
    resources = sum(map(resources_of, services.values()))
    if len(services) <= MOST_SERVICES and resources > MOST_RESOURCES:
        wrong = f"they make {resources} resources, more than the {MOST_RESOURCES} that one stack of services holds"
        yield Problem(
            "services", wrong, f"Let some roll (deployment), which takes two less than blue_green, or {elsewhere[0].lower()}{elsewhere[1:]}"
        )
    rules = sum(map(rules_of, services.values()))
    if rules > MOST_RULES:
        wrong = f"their connections make {rules} security groups and rules, more than the {MOST_RULES} that one network stack holds"
        yield Problem("services", wrong, "Shorten their talks_to, or move some to an environment of their own.")
    letters = sum(len(variable) + len(text) for service in services.values() for variable, text in service.settings.items())
    if letters > MOST_LETTERS:
        wrong = f"their settings have {letters} characters, more than the {MOST_LETTERS} that one stack of services holds"
        yield Problem("services", wrong, "Let the images bring what they share.")
    costs = [cost for service in services.values() for cost in service.kept.costs]
    clients = sum(cost.broker_rules for cost in costs)
    if clients > MOST_BROKER_CLIENTS:
        wrong = f"events and tasks stand {clients} times in talks_to, and the brokers admit {MOST_BROKER_CLIENTS}"
        yield Problem("services", wrong, elsewhere)
    uploaders = sum(cost.verdict_queues for cost in costs)
    if uploaders > MOST_UPLOADERS:
        wrong = f"uploads stands {uploaders} times in talks_to, and {MOST_UPLOADERS} services get verdicts"
        yield Problem("services", wrong, "Let one service take uploads, and call it from the others.")


def _one_writer(settings: Settings) -> Iterator[Problem]:
    """Two services that write the audio library would replace and remove each other's tracks."""
    first, *others = [name for name, service in settings.running.services.items() if service.writes("audio")] or [""]
    for name in others:
        wrong = f"{first} writes the audio library already"
        yield Problem(f"services.{name}.talks_to", wrong, "Let one service write it: use audio, or leave the word out.")


def _one_owner(settings: Settings) -> Iterator[Problem]:
    """One image knows the tables of the catalogue, and changes them before it runs."""
    services = settings.running.services
    owners = [name for name, service in services.items() if service.migrations]
    for name in owners[1:]:
        yield Problem(f"services.{name}.migrations", f"{owners[0]} owns the catalogue already", "Let one service own it.")
    users = settings.running.services_talking_to("catalogue")
    if users and not owners:
        wrong = f"{', '.join(users)} talk to the catalogue, and no service owns its tables"
        yield Problem("services", wrong, "Give the one with the migrations a command, such as migrations: [migrate].")


def _mail(settings: Settings) -> Iterator[Problem]:
    senders = settings.services_talking_to("mail")
    if senders and settings.mail is None:
        wrong = f"{', '.join(senders)} may send mail, and no address is named"
        yield Problem("mail", wrong, "Set mail.sender to an address that SES has verified (docs/deployment.md).")


def _routes(settings: Settings) -> Iterator[Problem]:
    taken: dict[str, str] = {}
    for name, service in settings.services.items():
        if service.route in taken:
            wrong = f"{service.route} leads to {taken[service.route]} already"
            yield Problem(f"services.{name}.route", wrong, "Give each service its own route.")
        elif service.route is not None:
            taken[service.route] = name
            yield from _priority(name, list(taken))


def _priority(name: str, routes: list[str]) -> Iterator[Problem]:
    try:
        route_priorities(routes)
    except ValueError as error:
        wrong, _, advice = str(error).removeprefix("route: ").rpartition(". ")
        yield Problem(f"services.{name}.route", wrong, advice)


def _name(name: str, settings: Settings) -> Iterator[Problem]:
    key = f"services.{name}"
    if name in RESOURCES:
        yield Problem(key, "the name means a resource in talks_to", "Choose another.")
    if name in NAMES_OF_OTHERS:
        yield Problem(key, f"the name is that of {NAMES_OF_OTHERS[name]}", "Choose another.")
    stem, _, ending = name.rpartition("-")
    if stem in settings.services and ending in ENDINGS:
        yield Problem(key, f"{stem} has a {ending} of this name", "Choose another.")


def _variables(name: str, service: ServiceSettings, settings: Settings) -> Iterator[Problem]:
    addresses = {address_variable(other): other for other in settings.services}
    for field, variables in (("settings", service.settings), ("secrets", service.secrets)):
        for variable in variables:
            if variable in addresses:
                yield Problem(f"services.{name}.{field}.{variable}", f"it is the address of {addresses[variable]}", "Choose another.")


def _image(name: str, service: ServiceSettings, settings: Settings) -> Iterator[Problem]:
    """An endpoint of Amazon ECR answers for its own region only."""
    region = (ecr_repository(service.image or "") or settings.region).partition(":")[0]
    if region != settings.region:
        wrong = f"the image is in {region}, and tasks pull it in {settings.region}"
        yield Problem(f"services.{name}.image", wrong, f"Replicate the repository to {settings.region} (Amazon ECR, replication).")


def _connections(name: str, service: ServiceSettings, settings: Settings) -> Iterator[Problem]:
    for word in service.retired_talks_to:
        if word.told in [kept.told for kept in service.talks_to]:
            key = f"services.{name}.retired_talks_to"
            yield Problem(key, f"{word.told} stands in talks_to as well", "Remove it from one of them.")
    for field, words in (("talks_to", service.talks_to), ("retired_talks_to", service.retired_talks_to)):
        yield from _targets(f"services.{name}.{field}", name, words, settings)
    for target in service.talks_to:
        if target in settings.services and settings.services[target].retired and not service.retired:
            advice = f"Move {target} to retired_talks_to here."
            yield Problem(f"services.{name}.talks_to", f"{target} is retired", advice)


def _cycles(settings: Settings) -> Iterator[Problem]:
    """A caller starts after whom it calls, or its tasks do not find them (stacks/fargate_services.py)."""
    calls = {name: [word for word in service.talks_to if word in settings.services] for name, service in settings.services.items()}
    try:
        TopologicalSorter(calls).prepare()
    except CycleError as error:
        # Whom is called comes before the caller in what the sorter says.
        circle = list(reversed(error.args[1]))
        wrong = f"{' calls '.join(circle)}: none of them can start first"
        yield Problem(f"services.{circle[0]}.talks_to", wrong, "Remove one of these calls, and send an event or a task in its place.")


def _targets(key: str, name: str, words: Iterable[str], settings: Settings) -> Iterator[Problem]:
    for target in words:
        if target in RESOURCES:
            continue
        if target == name or target not in settings.services:
            wrong = f"{target} is neither another service nor one of {', '.join(RESOURCES)}"
            close = get_close_matches(target, [*RESOURCES, *(other for other in settings.services if other != name)], n=1)
            yield Problem(key, wrong, f"Did you mean {close[0]}?" if close else "Correct or remove it.")
        elif settings.services[target].port is None:
            yield Problem(key, f"{target} has no port to talk to", f"Give services.{target} a port.")


REPLICATION = 3
"""Replicas of a topic in production: the loss of a zone costs one."""
TOPICS = "kubernetes.redpanda.topics"
QUEUES = "kubernetes.rabbitmq.queues"


def _broker_problems(settings: Settings) -> Iterator[Problem]:
    """Finds topics and queues that nobody could use, users that could use nothing, and what production must not have."""
    # Topics and queues may not name what is retired: brokers drop its user in the same deployment.
    settings = settings.running
    yield from _topics(settings)
    yield from _queues(settings)
    if settings.production:
        for name, topic in settings.topics.items():
            if topic.replication < REPLICATION:
                wrong = f"{topic.replication} does not survive the loss of a zone, which production must"
                yield Problem(f"{TOPICS}.{name}.replication", wrong, f"Use {REPLICATION}.")


def _topics(settings: Settings) -> Iterator[Problem]:
    clients = settings.services_talking_to("events")
    busy: set[str] = set()
    for name, topic in settings.topics.items():
        yield from _strangers(f"{TOPICS}.{name}.producers", topic.producers, clients, "events")
        yield from _strangers(f"{TOPICS}.{name}.consumers", topic.consumers, clients, "events")
        busy.update(topic.producers, topic.consumers)
    yield from _idle(clients, busy, "events", "topic", TOPICS)


def _queues(settings: Settings) -> Iterator[Problem]:
    clients = settings.services_talking_to("tasks")
    busy: set[str] = set()
    for name, queue in settings.queues.items():
        named = settings.kubernetes.rabbitmq.queues.get(name)
        if not (named and named.consumers) and name not in clients:
            wrong = f"no service of this name talks to tasks, so that nobody takes from {name}"
            yield Problem(f"{QUEUES}.{name}", wrong, "Name its consumers.")
            continue
        yield from _strangers(f"{QUEUES}.{name}.consumers", queue.consumers, clients, "tasks")
        yield from _strangers(f"{QUEUES}.{name}.publishers", queue.publishers, clients, "tasks")
        busy.update(queue.consumers, queue.publishers)
        service = settings.services.get(name)
        if service and service.scaling.messages_per_task and name not in queue.consumers:
            wrong = f"{name} scales on the messages of this queue and does not take from it"
            yield Problem(f"{QUEUES}.{name}.consumers", wrong, f"Add {name}, or scale it on cpu.")
    yield from _idle(clients, busy, "tasks", "queue", QUEUES)


def _strangers(key: str, names: Iterable[str], clients: Iterable[str], resource: str) -> Iterator[Problem]:
    for name in names:
        if name not in clients:
            wrong = f"{name} is no service that talks to {resource}"
            yield Problem(key, wrong, f"Correct it, or add {resource} to services.{name}.talks_to.")


def _idle(clients: Iterable[str], busy: Iterable[str], resource: str, kind: str, key: str) -> Iterator[Problem]:
    """A user with a password and no right at all helps nobody."""
    for name in clients:
        if name not in busy:
            wrong = f"{name} talks to {resource}, and no {kind} names it"
            yield Problem(f"services.{name}.talks_to", wrong, f"Name it in {key}, or remove {resource} (retired_talks_to).")
