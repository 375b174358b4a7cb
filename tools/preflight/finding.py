"""Findings, checks, and the errors that leave a check without an answer."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from spotmusic_cdk.settings import Settings
from spotmusic_constructs.edge_region import EDGE_REGION

Clients = Callable[[str, str], Any]
"""Client factory: boto3's name of the service, then the region."""


class State(StrEnum):
    """Verdict of one line of the table."""

    OK = "ok"
    FIX = "fix"
    COULD_NOT_ASK = "could not ask"


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One line of the table.

    Args:
        check: subject of the line.
        state: verdict.
        told: what was found.
        command: what corrects it, or what asks again by hand.
        repair: makes the correction; only for what is harmless and costs nothing.
    """

    check: str
    state: State
    told: str
    command: str = ""
    repair: Callable[[], object] | None = None


@dataclass(frozen=True, kw_only=True)
class Context:
    """Settings, sessions and templates of a check.

    Args:
        settings: the environment.
        clients: client factory.
        account: number of the account that is logged in to.
        session_region: region of the shell or profile; none when neither names one.
    """

    settings: Settings
    clients: Clients
    account: str
    session_region: str | None = None

    @property
    def regions(self) -> tuple[str, ...]:
        """Regions that stacks are deployed to, the home region first."""
        return tuple(dict.fromkeys((self.settings.region, EDGE_REGION)))

    def home(self, service: str) -> Any:
        """Returns a client in the home region."""
        return self.clients(service, self.settings.region)


@dataclass(frozen=True, kw_only=True)
class Check:
    """A group of lines that come from one question.

    Args:
        name: subject of the line when the question cannot be asked.
        ask: the question.
    """

    name: str
    ask: Callable[[Context], Iterable[Finding]]


def ok(check: str, told: str) -> Finding:
    """Returns a line that needs nothing."""
    return Finding(check=check, state=State.OK, told=told)


def fix(check: str, told: str, command: str, repair: Callable[[], object] | None = None) -> Finding:
    """Returns a line that must be corrected before the deployment."""
    return Finding(check=check, state=State.FIX, told=told, command=command, repair=repair)


def unknown(check: str, told: str, command: str = "") -> Finding:
    """Returns a line without an answer."""
    return Finding(check=check, state=State.COULD_NOT_ASK, told=told, command=command)


def run(checks: Sequence[Check], context: Context) -> Iterator[Finding]:
    """Asks every question. A refused or failed call ends its own check and no other."""
    for check in checks:
        try:
            yield from check.ask(context)
        except ClientError as error:
            message = _short(error.response.get("Error", {}).get("Message", ""))
            told = f"{error_code(error)} from {error.operation_name}"
            yield unknown(check.name, f"{told}: {message}" if message else told)
        except (BotoCoreError, ResponseParserError, OSError) as error:
            yield unknown(check.name, f"{type(error).__name__}: {_short(str(error))}")


def error_code(error: ClientError) -> str:
    """Returns AWS's code of an error, such as `AccessDenied`."""
    return str(error.response.get("Error", {}).get("Code", "Unknown"))


def pages(client: Any, operation: str, key: str, **arguments: Any) -> Iterator[Any]:
    """Yields the items of every page of an answer."""
    for page in client.get_paginator(operation).paginate(**arguments):
        yield from page.get(key, ())


def standing(context: Context, stack: str) -> dict[str, tuple[str, str]]:
    """Returns type and physical id of what a stack of the home region has, by logical id; nothing where it does not stand."""
    arguments = {"StackName": context.settings.stack_name(stack)}
    try:
        listed = list(pages(context.home("cloudformation"), "list_stack_resources", "StackResourceSummaries", **arguments))
    except ClientError as error:
        if error_code(error) == "ValidationError":
            return {}
        raise
    return {
        entry["LogicalResourceId"]: (entry["ResourceType"], entry.get("PhysicalResourceId", ""))
        for entry in listed
        if not entry["ResourceStatus"].startswith("DELETE")
    }


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 120 else f"{line[:117]}..."
