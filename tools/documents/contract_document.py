"""Generator of docs/services.md: `python -m tools.documents.contract_document`."""

import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from tempfile import TemporaryDirectory

import aws_cdk as cdk

from spotmusic_cdk import output
from spotmusic_cdk.command_line import run_command
from spotmusic_cdk.connections import CONNECTIONS
from spotmusic_cdk.connections.connection import Facts
from spotmusic_cdk.connections.other_service import OtherService
from spotmusic_cdk.settings import Settings
from spotmusic_cdk.settings.identity import MailSettings
from spotmusic_cdk.settings.words import RESOURCES, Word
from spotmusic_constructs.services.access import Access
from spotmusic_constructs.services.task_definition import variables
from stacks.data import DataStack
from stacks.network import NetworkStack
from stacks.registry import RegistryStack
from stacks.secrets import SecretsStack
from stacks.service_access import ServiceAccess
from stacks.synthesis import own_context
from tools.checkout import ROOT, settings_of
from tools.documents.contract_words import EVERYONE, FACTS, FORMS

DOCUMENT = ROOT / "docs" / "services.md"
ENVIRONMENTS = ("prod", "dev")
"""Environments with and without a domain; together they have all words."""
EVERY, OTHER = "every service", OtherService.word


@dataclass(frozen=True, kw_only=True)
class Variable:
    """One variable of a container.

    Args:
        source: source of the value.
        example: value of a production service, if it is in the templates.
    """

    source: str
    example: str = ""


@dataclass(frozen=True, kw_only=True)
class Given:
    """Access of services with a word.

    Args:
        variables: variables by name.
        rights: AWS actions of the task role.
    """

    variables: dict[str, Variable]
    rights: frozenset[str]


def given(environments: Iterable[Settings]) -> dict[str, Given]:
    """Return the access of each word in these environments."""
    found: dict[str, Given] = {}
    for settings in environments:
        with TemporaryDirectory() as folder:
            for word, access, stack in _accesses(settings, folder):
                before = found.get(word, Given(variables={}, rights=frozenset()))
                variables = _variables(access, stack) | before.variables
                found[word] = Given(
                    variables=dict(sorted(variables.items())),
                    rights=before.rights | _actions(access),
                )
    return found


def _accesses(settings: Settings, folder: str) -> Iterator[tuple[str, Access, cdk.Stack]]:
    settings = _with_every_word(settings)
    # No file is written, so no asset has to be built.
    app = cdk.App(outdir=folder, context={**own_context(), "aws:cdk:bundling-stacks": []})
    stage = cdk.Stage(app, settings.name)
    network = NetworkStack(stage, settings=settings)
    secrets = SecretsStack(stage, settings=settings)
    RegistryStack(stage, settings=settings, secrets=secrets)
    data = DataStack(stage, settings=settings, network=network, secrets=secrets)
    stack = cdk.Stack(
        stage, "contract", env=cdk.Environment(account=settings.account, region=settings.region)
    )
    access = ServiceAccess(stack, settings=settings, secrets=secrets, data=data)
    for name, service in settings.services.items():
        yield (
            EVERY,
            Access(environment=variables(name, port=service.port, health_path=service.health_path)),
            stack,
        )
        yield EVERY, access.common(service), stack
        for word in service.talks_to:
            yield _title(word), access.of_connection(name, word), stack


def _with_every_word(settings: Settings) -> Settings:
    """Add words without a service to a service with a user, and a sender of mail."""
    said = {word for service in settings.services.values() for word in service.talks_to}
    name = settings.services_of_catalogue[0]
    service = settings.services[name]
    words = (*service.talks_to, *(Word(word) for word in RESOURCES if word not in said))
    services = {**settings.services, name: service.model_copy(update={"talks_to": words})}
    return settings.model_copy(
        update={
            "services": services,
            "mail": settings.mail or MailSettings(sender="music@spotmusic.example"),
        }
    )


def _title(word: str) -> str:
    return str(getattr(word, "text", word)) if str(word) in RESOURCES else OTHER


def _variables(access: Access, stack: cdk.Stack) -> dict[str, Variable]:
    plain = {name: stack.resolve(value) for name, value in access.environment.items()}
    fetched = {
        name: json.dumps(stack.resolve(secret.arn)) for name, secret in access.secrets.items()
    }
    return {
        **{
            name: Variable(source="environment", example=value if isinstance(value, str) else "")
            for name, value in plain.items()
        },
        **{name: Variable(source=_store(arn)) for name, arn in fetched.items()},
    }


def _store(arn: str) -> str:
    """Return the store from which ECS reads a variable when a task starts."""
    parameter = re.search(r"parameter/spotmusic/\w+/([\w/-]+)", arn)
    return f"parameter `{parameter[1]}`" if parameter else "secret"


def _actions(access: Access) -> frozenset[str]:
    actions = (statement["Action"] for statement in access.statements)
    return frozenset(
        action for some in actions for action in ([some] if isinstance(some, str) else some)
    )


def document(words: Mapping[str, Given], settings: Settings) -> str:
    """Return the page.

    Args:
        words: access of every word.
        settings: environment with the topics and queues.

    Raises:
        ValueError: if a variable or word has no text, or a text has no variable or word.
    """
    _complete(words)
    lines = [*_HEAD, *_section(EVERY, words[EVERY], EVERYONE)]
    sections: dict[str, list[str]] = {"": []}
    for word, facts in FACTS.items():
        base = _base(word)
        sections[word] = _section(
            word, words.get(word, _ADDRESS), facts, base=base, known=sections[base]
        )
        lines += [
            *sections[word],
            *(CONNECTIONS[word].table(settings) if word in CONNECTIONS else []),
        ]
    return "\n".join(lines).rstrip() + "\n"


_ADDRESS = Given(
    variables={"<NAME>_URL": Variable(source="environment", example="http://web-api:8080")},
    rights=frozenset(),
)
_HEAD = """\
# Contract of services

`make contract` writes this page from the connections of services (`spotmusic_cdk/connections`), for
production and dev as they ship. The construct's README has
[image requirements](../constructs/spotmusic_constructs/services/README.md#image-requirements) and
[its metrics](../constructs/spotmusic_constructs/services/README.md#metrics-of-an-image).

ECS reads secrets and parameters once, when a task starts. `settings` and `secrets` of an entry add
the service's own variables. Connect to all of these with pauses: a task starts and answers health
checks before any of them is available.

[examples/service](../examples/service/README.md#from-here-to-a-running-task) leads from an image to
running tasks, and to the next environment.

""".splitlines()


def _complete(words: Mapping[str, Given]) -> None:
    named = {variable for its in words.values() for variable in its.variables}
    for what, wrong in (
        ("variables without a form", named - FORMS.keys()),
        ("forms without a variable", FORMS.keys() - named),
        ("words without facts", words.keys() - FACTS.keys() - {EVERY}),
        ("facts without a word", FACTS.keys() - words.keys() - {OTHER}),
    ):
        if wrong:
            raise ValueError(
                f"{what}: {', '.join(sorted(wrong))}. "
                "Correct its module in spotmusic_cdk/connections."
            )


def _base(word: str) -> str:
    """Return the word that a word extends; empty for a word without one."""
    parents = type(CONNECTIONS[word]).__bases__ if word in CONNECTIONS else ()
    return next(
        (base for parent in parents if (base := getattr(parent, "word", "")) in CONNECTIONS), ""
    )


def _section(
    title: str, its: Given, facts: Facts, *, base: str = "", known: Collection[str] = ()
) -> list[str]:
    """Return the section of a word, without rows of the extended word."""
    forms = FORMS | OtherService.variables
    heading = title.capitalize() if title in (EVERY, OTHER) else f"`{title}`"
    rows = [
        f"| `{name}` | {forms[name]} | {_from(variable)} |"
        for name, variable in its.variables.items()
    ]
    rights = ", ".join(f"`{action}`" for action in sorted(its.rights)) or "none"
    facts_of_aws = {"rights in AWS": rights} if its.rights else {}
    rules = [f"| {name} | {text} |" for name, text in {**facts.rows(), **facts_of_aws}.items()]
    return [
        f"## {heading}",
        "",
        *([f"As `{base}`, except:", ""] if base else []),
        *_table(
            ["| variable | form | from |", "|---|---|---|"],
            [row for row in rows if row not in known],
        ),
        *_table(["| subject | rule |", "|---|---|"], [row for row in rules if row not in known]),
    ]


def _table(head: list[str], rows: list[str]) -> list[str]:
    return [*head, *rows, ""] if rows else []


def _from(variable: Variable) -> str:
    return (
        f"{variable.source}, such as `{variable.example}`" if variable.example else variable.source
    )


def write() -> None:
    """Write the document. Print its path, its number of lines and whether they changed."""
    environments = [settings_of(name) for name in ENVIRONMENTS]
    output.report(DOCUMENT, document(given(environments), environments[0]))


if __name__ == "__main__":
    run_command(write)
