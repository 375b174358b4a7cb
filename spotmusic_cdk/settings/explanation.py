"""Validation errors of pydantic as problems with advice."""

import ast
import re
from collections.abc import Iterator
from inspect import getsource
from itertools import pairwise
from textwrap import dedent
from typing import Any, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from spotmusic_cdk.settings.environment import Settings
from spotmusic_cdk.settings.model import Problem, key_of, meant, shown

ADVICE = "Correct it; environments/schema.json describes it."
_OWN_VPC = (
    "The platform creates its own VPC; choose a network.cidr apart from yours, and connect the two "
    "by peering or a transit gateway."
)
_ON_CALL = (
    "Use observability.alarm_emails, or alarm_endpoints for an on-call service such as PagerDuty."
)
_SLACK = (
    "Use observability.alarm_slack, with the ids of workspace and channel; "
    "an incoming webhook cannot receive messages of Amazon SNS."
)
_API_SERVER = "Use kubernetes.public_access_cidrs, with endpoint: public_and_private."
_MIRROR = (
    "Images come through caches in Amazon ECR (registry.docker_hub_credentials and "
    "github_credentials); no other mirror is supported."
)
_CERTIFICATES = (
    "Use domain.edge_certificate for your own certificate; "
    "the platform requests those of the home region."
)
ELSEWHERE: dict[str, str] = {
    **dict.fromkeys(("vpc", "vpc_id", "existing_vpc", "subnet_ids", "subnets"), _OWN_VPC),
    "avoid": (
        "Choose a network.cidr apart from the ranges in use; "
        "other environment files are compared with it."
    ),
    **dict.fromkeys(("mirror", "mirrors", "registry_mirror"), _MIRROR),
    **dict.fromkeys(("oncall", "on_call", "opsgenie", "alarm_https", "alarm_urls"), _ON_CALL),
    **dict.fromkeys(("labels", "tag"), "Use tags at the top of the file."),
    **dict.fromkeys(("allowed_cidrs", "api_cidrs", "authorized_networks"), _API_SERVER),
    **dict.fromkeys(
        ("k8s_version", "kubernetes_version", "cluster_version"), "Use kubernetes.version."
    ),
    **dict.fromkeys(
        ("registry", "repository", "container_image", "image_digest"),
        "Use image, with a digest, or image_tag in the repository of the service.",
    ),
    "redpanda.replicas": "Use brokers.",
    "peak": (
        "Use capacity.listeners for the environment, and load: "
        "{per_listener_hour, per_task} for each service (CHANGELOG.md)."
    ),
    "usage.audio_kbit_per_second": "Use capacity.delivery.audio_kbit_per_second.",
    "usage.mean_percent": "Use capacity.audience.busiest_hour_percent and busiest_day_percent.",
    "usage.requests_per_listener_hour": (
        "Use capacity.delivery.requests_per_listener_hour, and load of each service."
    ),
    "rabbitmq.replicas": "Remove it: RabbitMQ has three nodes, for its quorum queues.",
    "backup_retention_days": "Use data.backup.retention_days, for databases and buckets alike.",
    "enabled": (
        "Remove it: every component belongs to the platform, and a section that is left out has "
        "its defaults."
    ),
    "metadata_url": (
        "Set issuer, below which Keycloak reads the metadata of an OpenID provider; "
        "SAML is not supported."
    ),
}
"""Advice on unknown keys for which the closest known key would mislead, in any section. A key with
its section takes precedence."""
_PARTS: dict[str, str] = {
    "slack": _SLACK,
    "chatbot": _SLACK,
    "pager": _ON_CALL,
    "webhook": _ON_CALL,
    "certificate": _CERTIFICATES,
    "boundary": "Use permissions_boundary at the top of the file.",
    "_tags": "Use tags at the top of the file.",
    "budget": "Use observability.monthly_budget_usd.",
}
"""Advice on unknown keys by a part of their name."""


def explained(error: ValidationError) -> list[Problem]:
    """Return the problems that the validation of a model found."""
    return [_explained(details) for details in error.errors()]


def _explained(details: ErrorDetails) -> Problem:
    location = _location(details)
    key = key_of(location)
    match details["type"]:
        case "value_error":
            return _of_a_check(key, details["ctx"]["error"])
        case "extra_forbidden":
            wrong, advice = "unknown key", _known_keys(location)
        case "missing":
            wrong = "required key is missing"
            advice = "Add it; environments/schema.json describes it."
        case "model_type" if details["input"] in (None, False) and not _is_entry(location):
            wrong, advice = "a section cannot be switched off", ELSEWHERE["enabled"]
        case _ if details["input"] is None:
            wrong, advice = "the value is missing", _values(details, location)
        case _:
            wrong, advice = _refused(details, location)
    return Problem(key or "file", wrong, advice)


def _refused(details: ErrorDetails, location: list[str]) -> tuple[str, str]:
    """Problem of a value, and advice."""
    found = shown(details["input"])
    match details["type"]:
        case "string_type":
            return f"{found} is not text", "Put it in quotes."
        case "tuple_type" if isinstance(details["input"], str):
            return f"{found} is not a list", "Put it in square brackets."
        case "string_pattern_mismatch":
            return f"{found} is refused: it does not match {details['ctx']['pattern']}", ADVICE
        case "literal_error":
            return f"{found} is refused{_reason(location)}", _choice(details)
    message = details["msg"][0].lower() + details["msg"][1:].rstrip(".")
    return f"{found} is refused: {message}{_reason(location)}", ADVICE


def _values(details: ErrorDetails, location: list[str]) -> str:
    """Advice on a key without a value."""
    match details["type"]:
        case "literal_error":
            return _choice(details)
        case "model_type":
            return f"Write {location[-1]}: {{}} for its defaults, or remove the key."
    return "Write one, or remove the key; environments/schema.json describes it."


def _is_entry(location: list[str]) -> bool:
    """Return True for a key that users choose, such as the name of a service."""
    model = _model(location)
    return model is not None and location[-1] not in model.model_fields


def _choice(details: ErrorDetails) -> str:
    """Advice on a value outside a list."""
    given = details["input"]
    known = re.split(", | or ", details["ctx"]["expected"].replace("'", ""))
    if not isinstance(given, str):
        return "Put it in quotes." if str(given) in known else meant("", known)
    return meant(given, known)


def _location(details: ErrorDetails) -> list[str]:
    """Path of keys of an error, without the parts that pydantic adds for alternatives of a type."""
    added = ("[key]", "tuple[", "literal[", "constrained-", "function-")
    return [
        str(part)
        for part in details["loc"]
        if not (isinstance(part, str) and part.startswith(added))
    ]


def _of_a_check(key: str, error: ValueError) -> Problem:
    # A check of a section puts the name of a key before a colon.
    below, separator, text = str(error).partition(": ")
    if separator and re.fullmatch(r"[\w.-]+", below):
        return Problem.of(f"{key}.{below}" if key else below, text)
    return Problem.of(key or "file", str(error))


def _model(location: list[str]) -> type[BaseModel] | None:
    """Model of the last key of a location."""
    model: type[BaseModel] | None = Settings
    for part in location[:-1]:
        model = _submodel(model, part)
    return model


def _known_keys(location: list[str]) -> str:
    model = _model(location)
    known = sorted(model.model_fields) if model else []
    key = location[-1]
    advice = ELSEWHERE.get(".".join(location[-2:])) or ELSEWHERE.get(key)
    advice = advice or next((hint for part, hint in _PARTS.items() if part in key.lower()), None)
    if advice:
        return advice
    places = [path for path in _paths(Settings) if path.rpartition(".")[2] == key]
    if len(places) == 1:
        return f"Use {places[0]}{'' if '.' in places[0] else ' at the top of the file'}."
    return meant(key, known, otherwise=f"Use one of {', '.join(known)}, or remove it.")


def _paths(model: type[BaseModel], prefix: str = "") -> Iterator[str]:
    """Keys of the file with their sections, without keys below names that users choose."""
    for key, field in model.model_fields.items():
        yield f"{prefix}{key}"
        if get_origin(field.annotation) is not dict:
            for section in _models(field.annotation):
                yield from _paths(section, f"{prefix}{key}.")


def _reason(location: list[str]) -> str:
    """First sentence of the description of a key, in parentheses: the reason for its bounds."""
    model = _model(location)
    described = _docstring(model, location[-1]) if model and location else ""
    first = re.split(r"(?<=[.]) (?=[A-Z`])", " ".join(described.split()))[0]
    return f" ({first.removesuffix('.')})" if first else ""


def _docstring(model: type[BaseModel], key: str) -> str:
    """Docstring of a key from the source, because `python -OO`, which runs the application, keeps
    none in memory.
    """
    nodes = ast.walk(ast.parse(dedent(getsource(model))))
    for section in (node for node in nodes if isinstance(node, ast.ClassDef)):
        for field, text in pairwise(section.body):
            match field, text:
                case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(
                    value=ast.Constant(value=str(described))
                ) if name == key:
                    return described
    return ""


def _submodel(model: type[BaseModel] | None, key: str) -> type[BaseModel] | None:
    if model is None:
        return None
    if key not in model.model_fields:
        # A key of a dictionary, such as the name of a service: its model was taken already.
        return model
    return next(_models(model.model_fields[key].annotation), None)


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    """Models in a type, such as an optional section or a dictionary of entries."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _models(argument)
