"""Commands in documents: valid AWS CLI commands, and CDK commands with the environment of their
stacks."""

import re
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

import botocore.session
import jmespath
import pytest
from botocore import xform_name
from botocore.exceptions import UnknownServiceError
from botocore.model import OperationModel, StructureShape
from jmespath.visitor import TreeInterpreter

from tests.documents import code, findings
from tools.checkout import ROOT

DOCUMENTS = sorted(
    [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "examples").rglob("*.md")]
)
OWN = {
    ("ecr", "get-login-password"),
    ("eks", "update-kubeconfig"),
    ("logs", "tail"),
    ("configure", "sso"),
    ("sso", "login"),
    ("s3", "rb"),
    ("s3", "ls"),
    ("s3", "cp"),
    ("s3", "rm"),
}
"""Commands of the CLI that belong to no service."""
RENAMED = {
    ("eks", "update-cluster-version"): {"kubernetes-version"},
    ("cloudfront", "create-invalidation"): {"paths"},
}
"""Options of the CLI that the API does not have (customizations of the AWS CLI, argrename.py and
cloudfront.py)."""
EVERYWHERE = {"region", "query", "output", "profile", "max-items", "cli-input-json", "endpoint-url"}
COMMAND = re.compile(r"\baws ([a-z0-9-]+) (wait )?([a-z0-9-]+)((?:(?!\baws ).)*)")
"""Command of the AWS CLI: service, `wait`, operation or waiter, and options."""
SESSION = botocore.session.Session()


@cache
def operations(service: str) -> dict[str, OperationModel]:
    """Operations of a service, by name in the spelling of the CLI."""
    try:
        model = SESSION.get_service_model("s3" if service == "s3api" else service)
    except UnknownServiceError:
        return {}
    return {xform_name(name, "-"): model.operation_model(name) for name in model.operation_names}


@cache
def waiters(service: str) -> set[str]:
    """Waiters of a service."""
    return {xform_name(name, "-") for name in SESSION.get_waiter_model(service).waiter_names}


def wrong(text: str) -> Iterator[str]:
    """Yield the errors of each command."""
    for line in code(text):
        for service, wait, operation, rest in COMMAND.findall(line):
            if wait:
                yield from () if operation in waiters(service) else (f"{service} wait {operation}",)
            elif (service, operation) not in OWN:
                yield from _wrong_options(service, operation, rest, line)
        for query in re.findall(r"--query '([^']+)'", line):
            try:
                jmespath.compile(query)
            except jmespath.exceptions.ParseError:
                yield f"--query {query}"


def _wrong_options(service: str, operation: str, rest: str, line: str) -> Iterator[str]:
    command = f"{service} {operation}"
    if operation not in operations(service):
        yield command
        return
    own = re.split(r"[$<]\(|\)\"| \| ", rest)[
        0
    ]  # up to a command inside it, or the end of one that is inside another
    given = re.findall(r"(?<=\s)--([a-z][a-z0-9-]+)", own)
    shape = operations(service)[operation].input_shape or StructureShape("Nothing", {})
    members = {xform_name(name, "-"): member for name, member in shape.members.items()}
    renamed = RENAMED.get((service, operation), set())
    taken = members.keys() | EVERYWHERE | renamed
    yield from (
        f"{command} --{option}"
        for option in given
        if not {option, option.removeprefix("no-")} & taken
    )
    values = dict(re.findall(r" --([a-z-]+)[ =]([A-Za-z][\w.-]*)(?= |$)", own))
    yield from (
        f"{command} --{option} {value}"
        for option, value in values.items()
        if value not in (getattr(members.get(option), "enum", None) or [value])
    )
    if given and not renamed and "cli-input-json" not in given:
        yield from (f"{command} without --{option}" for option in _missing(shape, line))


def _missing(shape: StructureShape, line: str) -> Iterator[str]:
    """Yield required options that a line lacks. The CLI sets tokens of idempotency itself."""
    for name in shape.required_members:
        option = xform_name(name, "-")
        token = shape.members[name].metadata.get("idempotencyToken")
        if not token and not re.search(rf" --(?:no-)?{option}(?![\w-])", line):
            yield option


def without_environment(text: str) -> Iterator[str]:
    """Yield CDK commands for stacks of another environment than the default, dev, without `-c
    env=`.
    """
    for line in code(text):
        for command in re.findall(
            r"\bcdk (?:deploy|destroy|diff|drift|import|synth) [^#|;]+", line
        ):
            environments = {*re.findall(r" \"?([\w<>-]+)/[\w*<>-]", command)} - {"dev"}
            yield from (
                command for environment in environments if f"-c env={environment} " not in command
            )


class _Fields(TreeInterpreter):  # type: ignore[misc] # jmespath has no types
    """Evaluation of a query on a sample answer, with the fields that the answer does not have."""

    def __init__(self) -> None:
        super().__init__()
        self.missing: set[str] = set()

    def visit_field(self, node: Any, value: Any) -> Any:
        if isinstance(value, dict) and value and node["value"] not in value:
            self.missing.add(node["value"])
        return super().visit_field(node, value)

    def visit_filter_projection(self, node: Any, value: Any) -> Any:
        """Pass every element, after reading the fields of the condition."""
        base, shown, condition = node["children"]
        found = self.visit(base, value) or []
        return [(self.visit(condition, one), self.visit(shown, one))[1] for one in found]


def sample(shape: Any, inside: tuple[str, ...] = ()) -> Any:
    """Answer of a shape with one element in each list. Maps are empty: their keys are unknown."""
    if shape is None or shape.type_name == "map" or shape.name in inside:
        return {}
    if shape.type_name == "list":
        return [sample(shape.member, inside)]
    if shape.type_name == "structure":
        within = (*inside, shape.name)
        return {name: sample(member, within) for name, member in shape.members.items()}
    return "x"


def missing_fields(text: str) -> Iterator[str]:
    """Yield fields of queries that the answer of their operation does not have."""
    for line in code(text):
        for service, wait, operation, rest in COMMAND.findall(line):
            if wait or operation not in operations(service):
                continue
            answer = sample(operations(service)[operation].output_shape)
            for query in re.findall(r"--query (?:'([^']+)'|\"([^\"]+)\"|([\w.\[\]]+))", rest):
                fields = _Fields()
                with suppress(jmespath.exceptions.JMESPathTypeError):
                    fields.visit(jmespath.compile("".join(query)).parsed, answer)
                yield from (f"{service} {operation}: {field}" for field in sorted(fields.missing))


@pytest.mark.filterwarnings("ignore:deprecated string literal syntax")
def test_queries_name_fields_of_the_answer() -> None:
    assert findings(DOCUMENTS, lambda path: list(missing_fields(path.read_text()))) == {}


def test_unknown_field_in_query_is_found() -> None:
    text = "```sh\naws rds describe-db-instances --query \"DBInstances[?State=='x'].[Name]\"\n```\n"
    assert list(missing_fields(text)) == [
        "rds describe-db-instances: Name",
        "rds describe-db-instances: State",
    ]


@pytest.mark.filterwarnings("ignore:deprecated string literal syntax")
def test_aws_cli_commands_are_valid() -> None:
    assert findings(DOCUMENTS, lambda document: wrong(document.read_text())) == {}


def test_invalid_aws_cli_command_is_found() -> None:
    text = (
        "```sh\n"
        "aws rds modify-db-instance --no-deletion-protection --apply-now --query 'DBInstance[0'\n"
        "aws eks wait cluster-ready\n"
        "aws rds restart-db --region x\n"
        "aws nothing list\n"
        "aws ecs list-tasks --cluster a --desired-status GONE\n"
        "aws cloudformation delete-stack \\\n"
        "  --stack-name a --force\n"
        "```\n"
        "`aws sts whoami`"
    )
    assert [*wrong(text)] == [
        "rds modify-db-instance --apply-now",
        "rds modify-db-instance without --db-instance-identifier",
        "--query DBInstance[0",
        "eks wait cluster-ready",
        "rds restart-db",
        "nothing list",
        "ecs list-tasks --desired-status GONE",
        "cloudformation delete-stack --force",
        "sts whoami",
    ]


def test_local_tasks_name_existing_programs() -> None:
    def missing(document: Path) -> list[str]:
        return [
            program
            for line in code(document.read_text())
            for program in re.findall(r"\brun [\w-]+ [^#|;]*-- python (\S+\.py)", line)
            if not (ROOT / program).exists()
        ]

    assert findings(DOCUMENTS, missing) == {}


def test_parallel_deployments_ask_for_no_approval() -> None:
    """In parallel deployments, the CDK CLI fails instead of asking for approval."""
    readme = ROOT / "template" / "README.md.jinja"

    def asking(document: Path) -> list[str]:
        parallel = [
            line
            for line in code(document.read_text())
            if "cdk deploy" in line and "--concurrency" in line
        ]
        return [line for line in parallel if "--require-approval never" not in line]

    assert findings([*DOCUMENTS, readme], asking) == {}


def test_cdk_commands_select_the_environment() -> None:
    assert findings(DOCUMENTS, lambda document: without_environment(document.read_text())) == {}
    text = (
        "```\n"
        'cdk diff "dev/*"\n'
        "cdk drift prod/data\n"
        'cdk deploy -c env=dev "<env>/*"\n'
        'cdk deploy -c env=<env> "<env>/*"\n'
        "```"
    )
    assert [*without_environment(text)] == [
        "cdk drift prod/data",
        'cdk deploy -c env=dev "<env>/*"',
    ]
