"""Containers have the settings of the services in `talks_to`."""

import re

from tests.properties.promise import Verdicts, rule
from tests.properties.services import services_of
from tools.model.assembly import Assembly, texts_of

VARIABLES = {
    "catalogue": "CONNECTIONS DBNAME HOST PASSWORD PORT USERNAME USER_ARN",
    "cache": "HOST PASSWORD PORT PREFIX READER_HOST USERNAME USER_ARN",
    "events": "BOOTSTRAP_SERVERS PASSWORD SCHEMA_REGISTRY USERNAME USER_ARN",
    "tasks": "ENDPOINT EXCHANGE PASSWORD USERNAME USER_ARN VIRTUAL_HOST",
    "audio": "BUCKET PARAMETERS PARAMETERS_REGION SIGNER SIGNING_KEY",
    "audio: write": "BUCKET",
    "uploads": "BUCKET ENDPOINT VERDICTS_QUEUE",
    "mail": "SENDER",
}
"""Variables by word of `talks_to`, which each begins with (docs/services.md)."""
OF_SOME = {
    "events": {"EVENTS_CONSUMES", "EVENTS_PRODUCES"},
    "tasks": {"TASKS_EXCHANGE", "TASKS_QUEUES"},
}
"""Variables of which a service has one at least: what it takes, or what it gives."""
FILES = {"Name": "nofile", "SoftLimit": 65536, "HardLimit": 65536}
"""Open files. Each connection uses one, and Fargate's default has changed before (Amazon ECS
developer guide, ulimits)."""
ALWAYS = {"SERVICE", "HEALTH_PATH", "ENVIRONMENT", "LOG_LEVEL", "IDENTITY_ISSUER"}


@rule
def test_containers_have_connection_variables(platform: Assembly) -> Verdicts:
    for service in services_of(platform):
        provided = service.environment.keys() | service.secrets.keys()
        words = [word for word in service.settings.talks_to if word in VARIABLES]
        by_word = ((word.upper(), VARIABLES.get(word.text, VARIABLES[word])) for word in words)
        needed = ALWAYS | {f"{word}_{name}" for word, names in by_word for name in names.split()}
        needed |= {"PORT"} if service.container.get("PortMappings") else set()
        yield (
            service.resource,
            needed <= provided,
            f"Set the environment variables {sorted(needed - provided)}.",
        )
        yield (
            service.resource,
            service.container.get("Ulimits") == [FILES],
            f"Set the limit of open files to {FILES['HardLimit']}.",
        )
        port = str(platform.some("AWS::ElastiCache::ReplicationGroup")[0]["Port"])
        yield (
            service.resource,
            service.environment.get("CACHE_PORT", port) == port,
            f"Set the port {port} of the cache.",
        )
        for word in words:
            holds = not OF_SOME.get(word) or bool(OF_SOME[word] & provided)
            yield (
                service.resource,
                holds,
                f"Set one of the environment variables {OF_SOME.get(word)}.",
            )


NAMED = (
    "AWS::ECS::TaskDefinition",
    "AWS::IAM::ManagedPolicy",
    "AWS::IAM::Role",
    "AWS::SSM::Parameter",
)


PARAMETER = re.compile(r"(?:parameter|^)/spotmusic/([\w-]+)/")


@rule
def test_parameters_are_of_this_environment(platform: Assembly) -> Verdicts:
    for resource in platform.some(*NAMED):
        others = {name for _, text in texts_of(resource) for name in PARAMETER.findall(text)} - {
            platform.settings.name
        }
        yield resource, not others, f"It reads parameters of {sorted(others)}."


@rule
def test_containers_get_time_to_start(platform: Assembly) -> Verdicts:
    for task in platform.some("AWS::ECS::TaskDefinition"):
        for container in task["ContainerDefinitions"]:
            check = container.get("HealthCheck", {})
            yield (
                task,
                30 <= check.get("StartPeriod", 0) <= 120,
                "A container that starts is killed: ECS asks at once without StartPeriod.",
            )
