"""Deployed platform of an environment: address, user and account."""

import json
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from spotmusic_cdk.settings import Settings
from spotmusic_constructs.edge_region import EDGE_REGION
from tools import local_aws
from tools.preflight.account import STACKS
from tools.preflight.finding import Context, described, standing
from tools.smoke import login
from tools.smoke.browser import Answer, Browser, NavigationError
from tools.smoke.check import FailedError, SkippedError

_VARIABLES = {
    "url": "SMOKE_URL",
    "user": "SMOKE_USER",
    "password": "SMOKE_PASSWORD",
    "api": "SMOKE_API",
    "event": "SMOKE_EVENT",
    "task": "SMOKE_TASK",
}
_ADDRESS = r"https://([^\s/?#@:\[\]]+|\[[0-9A-Fa-f:]+\])(:[0-9]+)?/?"
_BEFORE_EXPIRY_SECONDS = 60


class NoPlatformError(Exception):
    """Platform without an address or a deployment."""


@dataclass(frozen=True, kw_only=True)
class Given:
    """Values of the caller; empty texts are missing values.

    Args:
        url: public address. Default: the output `Url` of the stack `edge`.
        user: name of a listener with a password only.
        password: password of the listener.
        api: path of the Web API that returns 200 to a listener, such as `/v1/playback/tracks/1`.
            Its optional `audio` is a signed address.
        event: path of the Web API to write an event with POST.
        task: path of the Web API to publish a task with POST.
    """

    url: str = ""
    user: str = ""
    password: str = field(default="", repr=False)
    api: str = ""
    event: str = ""
    task: str = ""

    def __post_init__(self) -> None:
        if self.url and not re.fullmatch(_ADDRESS, self.url):
            raise NoPlatformError(
                f"SMOKE_URL {self.url} is not an address. "
                "Use https:// and a host, such as https://spotmusic.example."
            )
        for name in ("api", "event", "task"):
            if (path := getattr(self, name)) and not path.startswith("/"):
                raise NoPlatformError(
                    f"{_VARIABLES[name]} {path} is not a path. "
                    "Start it with /, such as /v1/playback/tracks/1."
                )


def given(variables: Mapping[str, str]) -> Given:
    """Return the values of the environment variables `SMOKE_*`.

    Raises:
        NoPlatformError: if an address or a path is invalid.
    """
    return Given(**{field: variables.get(name, "").strip() for field, name in _VARIABLES.items()})


@dataclass(kw_only=True)
class Platform:
    """Subject of all checks.

    Args:
        settings: the environment.
        browser: client at the public address; None on the embedded AWS, which has no web server.
        given: values of the caller.
        aws: clients of the account; None without credentials.
    """

    settings: Settings
    browser: Browser | None
    given: Given
    aws: Context | None = None
    _token: str | None = field(default=None, init=False, repr=False)
    _expires: float = field(default=0.0, init=False)

    @property
    def web(self) -> Browser:
        """Client at the public address."""
        if self.browser is None:
            raise SkippedError("the embedded AWS serves no pages. Set SMOKE_URL for engines")
        return self.browser

    @property
    def account(self) -> Context:
        """Clients of the account."""
        if self.aws is None:
            raise SkippedError("no AWS credentials")
        return self.aws

    @property
    def embedded(self) -> bool:
        """True if the account is the embedded AWS."""
        return self.aws is not None and self.aws.account == local_aws.ACCOUNT

    @property
    def route(self) -> str:
        """Route of a service that requires a token."""
        for service in self.settings.running.services.values():
            if service.route and not service.public:
                return service.route
        raise SkippedError("no service has a route that requires a token")

    @property
    def token(self) -> str:
        """Access token of the listener, renewed before it expires while checks are repeated."""
        if not (self.given.user and self.given.password):
            raise SkippedError("set SMOKE_USER and SMOKE_PASSWORD (docs/ci-cd.md)")
        if self._token is None or time.monotonic() > self._expires:
            try:
                answer = login.tokens(self.web, self.given.user, self.given.password)
            except (login.RefusedError, NavigationError) as error:
                raise FailedError(str(error)) from error
            self._token, self._expires = (
                str(answer["access_token"]),
                time.monotonic() + answer["expires_in"] - _BEFORE_EXPIRY_SECONDS,
            )
        return self._token

    def ask(self, path: str, *, body: object = None) -> Answer:
        """Send a request of the listener to the Web API: POST with a JSON body, otherwise GET."""
        data = None if body is None else json.dumps(body).encode()
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        return self.web.fetch("GET" if data is None else "POST", path, data, headers)

    def resource(self, stack: str, type_: str, path: str) -> str:
        """Return the physical id of a resource.

        Args:
            stack: stack without the environment, such as `data`.
            type_: type in CloudFormation.
            path: construct path without separators, the logical id without its hash.
        """
        resources = standing(self.account, stack, region=STACKS[stack])
        for logical, (found, physical) in resources.items():
            if found == type_ and re.fullmatch(f"{path}[0-9A-F]{{8}}", logical):
                return physical
        raise FailedError(f"the stack {self.settings.stack_name(stack)} has no {type_} {path}")


def address_of(settings: Settings, aws: Context | None) -> str:
    """Return the public address from the output of the edge stack.

    Raises:
        NoPlatformError: without credentials, or if the stack is not deployed.
    """
    if aws is None:
        raise NoPlatformError(
            f"{settings.name} has no address. Log in to AWS, or set SMOKE_URL=https://…"
        )
    name = settings.stack_name("edge")
    stack: dict[str, Any] = described(aws.clients("cloudformation", EDGE_REGION), name) or {}
    for output in stack.get("Outputs", ()):
        if output["OutputKey"] == "Url":
            return str(output["OutputValue"])
    status = stack.get("StackStatus", "not deployed")
    raise NoPlatformError(
        f"{name} in {EDGE_REGION} is {status}. "
        f"Deploy {settings.name} first (docs/deployment.md), or set SMOKE_URL=https://…"
    )
