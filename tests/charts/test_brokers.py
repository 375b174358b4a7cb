"""Topics, queues and rights of services, compared with the configuration of the brokers."""

import json
import re
from collections.abc import Iterator
from itertools import pairwise

from tools.model.cluster import RenderedCluster
from tools.model.values import Json

_DIRECTIONS = {"EVENTS_PRODUCES": "produces", "EVENTS_CONSUMES": "consumes"}


def test_services_have_rights_on_their_topics(known: RenderedCluster) -> None:
    assert topic_findings(known) == []


def test_services_have_rights_on_their_queues(known: RenderedCluster) -> None:
    assert queue_findings(known) == []


def test_brokers_have_no_service_superusers(known: RenderedCluster) -> None:
    assert superuser_findings(known) == []


def topic_findings(platform: RenderedCluster) -> list[str]:
    """Return topics without rights of their service, and users without a password."""
    access = platform.releases["redpanda-access"].values
    found = [
        f"{service}: {topic} is in {variable}, and the job of redpanda-access gives no such right"
        for service, variables in _services(platform)
        for variable, direction in _DIRECTIONS.items()
        for topic in _listed(variables, variable)
        if topic not in access["topics"]
        or topic not in access["users"].get(service, {}).get(direction, [])
    ]
    passwords = _password_file(platform)
    return [
        *found,
        *(
            f"{user} has rights and no password in redpanda-users"
            for user in access["users"].keys() - passwords
        ),
    ]


def superuser_findings(platform: RenderedCluster) -> list[str]:
    """Return superusers. The chart makes superusers of the users in the file, in two places."""
    values = platform.releases["redpanda"].values
    refused = "--no-set-superusers" in values["statefulset"]["sideCars"].get("args", [])
    by_sidecar = (
        []
        if refused
        else ["the sidecar makes superusers of them: add --no-set-superusers to its arguments"]
    )
    jobs = values["post_install_job"]["podTemplate"]["spec"]["containers"]
    folders = [
        word
        for job in jobs
        for before, word in pairwise(job.get("command", []))
        if before == "--users-directory"
    ]
    by_job = (
        []
        if folders == ["/nobody"]
        else [
            (
                "the job after each release makes superusers of them: "
                "give it a folder that is not there"
            )
        ]
    )
    named = [
        f"{user} is a superuser by name"
        for user in values["config"]["cluster"].get("superusers", [])
    ]
    return [*by_sidecar, *by_job, *named]


def queue_findings(platform: RenderedCluster) -> list[str]:
    """Return missing queues of a service, and queues without the right to read them."""
    topology = platform.releases["rabbitmq-topology"].values
    rights = {name: user["read"] for name, user in topology["users"].items()}
    taken = [
        (service, queue)
        for service, variables in _services(platform)
        for queue in _listed(variables, "TASKS_QUEUES")
    ]
    found = [
        f"{service}: {queue} is in TASKS_QUEUES, and no queue of this name is for it"
        for service, queue in taken
        if queue not in topology["queues"] or not re.search(rights.get(service) or "$^", queue)
    ]
    return [
        *found,
        *(
            f"{queue} is counted, and no queue has this name"
            for queue in _counted(platform)
            if queue not in topology["queues"]
        ),
    ]


def _services(platform: RenderedCluster) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield all services with the plain variables of their containers."""
    for stack, _, definition in platform.resources("AWS::ECS::TaskDefinition"):
        for container in definition["Properties"]["ContainerDefinitions"]:
            variables = {
                entry["Name"]: platform.value(stack, entry["Value"])
                for entry in container.get("Environment", [])
            }
            if "SERVICE" in variables:
                yield variables["SERVICE"], variables


def _listed(variables: dict[str, str], name: str) -> list[str]:
    return variables[name].split(",") if name in variables else []


def _counted(platform: RenderedCluster) -> Iterator[str]:
    for stack, _, function in platform.resources("AWS::Lambda::Function"):
        queues = function["Properties"].get("Environment", {}).get("Variables", {}).get("QUEUES")
        if queues:
            yield from json.loads(platform.value(stack, queues))


def _password_file(platform: RenderedCluster) -> set[str]:
    """Names in the file of users that Redpanda's chart reads."""
    secrets: list[Json] = platform.releases["trust"].values["externalSecrets"]
    (users,) = (
        secret
        for secret in secrets
        if (secret["namespace"], secret["name"]) == ("redpanda", "redpanda-users")
    )
    return {line.split(":")[0] for line in users["template"]["users.txt"].splitlines()}
