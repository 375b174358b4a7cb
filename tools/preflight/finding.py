"""Findings, checks, and errors that prevent a result."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from spotmusic_cdk.settings import Settings
from spotmusic_constructs.edge_region import EDGE_REGION
from tools import local_aws

Clients = Callable[[str, str], Any]
"""Client factory, by name of the service in boto3 and region."""


class State(StrEnum):
    """State of a finding."""

    OK = "ok"
    FIX = "fix"
    COULD_NOT_ASK = "could not ask"


@dataclass(frozen=True, kw_only=True)
class Finding:
    """Line of the table.

    Args:
        check: subject of the line.
        state: state of the check.
        detail: result.
        command: command to correct or to repeat the check.
        repair: function to correct it, for changes without risk and cost only.
    """

    check: str
    state: State
    detail: str
    command: str = ""
    repair: Callable[[], object] | None = None


@dataclass(frozen=True, kw_only=True)
class Context:
    """Settings, sessions and templates of a check.

    Args:
        settings: the environment.
        clients: client factory.
        account: account id of the caller.
        session_region: region of the shell or profile; None if neither sets one.
    """

    settings: Settings
    clients: Clients
    account: str
    session_region: str | None = None

    @property
    def in_own_account(self) -> bool:
        """True if the caller's account is that of the file, or the embedded AWS."""
        return self.account in {self.settings.account or self.account, local_aws.ACCOUNT}

    @property
    def regions(self) -> tuple[str, ...]:
        """Regions of the stacks, home region first."""
        return tuple(dict.fromkeys((self.settings.region, EDGE_REGION)))

    def home(self, service: str) -> Any:
        """Return a client in the home region."""
        return self.clients(service, self.settings.region)


Ask = Callable[[Context], Iterable[Finding]]
"""Check, which returns its findings."""


def ok(check: str, detail: str) -> Finding:
    """Return a finding without a problem."""
    return Finding(check=check, state=State.OK, detail=detail)


def fix(
    check: str, detail: str, command: str, repair: Callable[[], object] | None = None
) -> Finding:
    """Return a finding to correct before the deployment."""
    return Finding(check=check, state=State.FIX, detail=detail, command=command, repair=repair)


def verdict(
    check: str, good: bool, detail: str, command: str, repair: Callable[[], object] | None = None
) -> Finding:
    """Return a finding without a problem if it is good, otherwise one to correct."""
    return ok(check, detail) if good else fix(check, detail, command, repair)


def unknown(check: str, detail: str, command: str = "") -> Finding:
    """Return a finding without a result."""
    return Finding(check=check, state=State.COULD_NOT_ASK, detail=detail, command=command)


def run(checks: Mapping[str, Ask], context: Context) -> Iterator[Finding]:
    """Run all checks. A failed request ends only its own check."""
    for name, ask in checks.items():
        try:
            yield from ask(context)
        except ClientError as error:
            message = short(error.response.get("Error", {}).get("Message", ""))
            detail = f"{error_code(error)} from {error.operation_name}"
            yield unknown(name, f"{detail}: {message}" if message else detail)
        except (BotoCoreError, ResponseParserError, OSError) as error:
            yield unknown(name, f"{type(error).__name__}: {short(str(error))}")


def error_code(error: ClientError) -> str:
    """Return the AWS error code, such as `AccessDenied`."""
    return str(error.response.get("Error", {}).get("Code", "Unknown"))


def unless(code: str, call: Callable[..., Any], **arguments: Any) -> Any:
    """Return the response of AWS, or None for an error with a given code."""
    try:
        return call(**arguments)
    except ClientError as error:
        if error_code(error) != code:
            raise
        return None


def pages(client: Any, operation: str, path: str, **arguments: Any) -> Iterator[Any]:
    """Yield the items of all pages of a response, at a JMESPath such as `Stacks[].StackName`."""
    yield from client.get_paginator(operation).paginate(**arguments).search(f"{path} || `[]`")


def described(client: Any, stack: str) -> dict[str, Any] | None:
    """Return a stack; None if it does not exist."""
    answer = unless("ValidationError", client.describe_stacks, StackName=stack)
    return answer["Stacks"][0] if answer else None


def standing(context: Context, stack: str, *, region: str = "") -> dict[str, tuple[str, str]]:
    """Return type and physical id of a stack's resources by logical id; empty without a stack.

    Args:
        context: the environment.
        stack: stack without the environment, such as `data`.
        region: region of the stack; default: the home region.
    """
    client = context.clients("cloudformation", region or context.settings.region)
    return resources_of(client, context.settings.stack_name(stack))


def standing_of(context: Context, stack: str, type_: str) -> dict[str, str]:
    """Return the physical id of a stack's resources of a type by logical id.

    Args:
        context: the environment.
        stack: stack without the environment, in the home region.
        type_: resource type.
    """
    return {id_: name for id_, (found, name) in standing(context, stack).items() if found == type_}


def resources_of(client: Any, stack: str) -> dict[str, tuple[str, str]]:
    """Return type and physical id of a stack's resources by logical id; empty without a stack.

    Args:
        client: client of CloudFormation.
        stack: name of the stack.
    """

    def listed() -> list[Any]:
        return list(
            pages(client, "list_stack_resources", "StackResourceSummaries", StackName=stack)
        )

    return {
        entry["LogicalResourceId"]: (entry["ResourceType"], entry.get("PhysicalResourceId", ""))
        for entry in unless("ValidationError", listed) or ()
        if not entry["ResourceStatus"].startswith("DELETE")
    }


def table(findings: Sequence[Finding]) -> str:
    """Format a line per finding, with its command below, and a summary."""
    states = max(len(state) for state in State)
    names = max((len(finding.check) for finding in findings), default=0)
    lines = []
    for finding in findings:
        lines.append(f"{finding.state:<{states}}  {finding.check:<{names}}  {finding.detail}")
        if finding.command and finding.state != State.OK:
            lines.append(f"{'':<{states}}  {'':<{names}}  → {finding.command}")
    counts = {state: sum(finding.state == state for finding in findings) for state in State}
    lines += ["", ", ".join(f"{count} {state}" for state, count in counts.items())]
    return "\n".join(lines)


def short(text: str, most: int = 120) -> str:
    """Return a text as one line, cut after a number of characters."""
    line = " ".join(text.split())
    return line if len(line) <= most else f"{line[: most - 1]}…"
