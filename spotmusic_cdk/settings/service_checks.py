"""Checks of services against each other."""

from collections.abc import Iterable, Iterator
from graphlib import CycleError, TopologicalSorter

from spotmusic_cdk.settings.environment import Settings
from spotmusic_cdk.settings.model import Problem, meant
from spotmusic_cdk.settings.services import ServiceSettings, address_variable
from spotmusic_cdk.settings.words import RESOURCES
from spotmusic_constructs.services.image_name import ecr_repository
from spotmusic_constructs.services.route_priority import route_priorities

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
    "rdsadmin": "a user of Amazon RDS in MySQL",
    "rdsrepladmin": "a user of Amazon RDS in MySQL",
    "sys": "a schema of MySQL",
}
"""Reserved names: users, schemas and prefixes of a service have its name. Users of Amazon RDS are
those of its user guide, common DBA tasks for MySQL, predefined users, 2026-11."""
ENDINGS = ("address", "secret")
"""Suffixes that constructs add to the name of a service: `lyrics-secret` would be a service and the
secret of `lyrics`."""


def problems(settings: Settings) -> Iterator[Problem]:
    """Find conflicts of names, routes and connections."""
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
