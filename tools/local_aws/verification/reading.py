"""Reading a resource back, and comparing what is literal in the template."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from tools.local_aws import session
from tools.local_aws.cloudformation import DeployedResource


@dataclass(frozen=True, kw_only=True)
class Reader:
    """One resource and the APIs of its region.

    Args:
        endpoint: loopback URL of the emulator.
        resource: the resource.
    """

    endpoint: str
    resource: DeployedResource

    @property
    def id(self) -> str:
        """Physical id."""
        return self.resource.identifier

    def api(self, service: str) -> Any:
        """A boto3 client in the resource's region."""
        return session.client(service, self.endpoint, region=self.resource.stack.region)

    def wanted(self, name: str, default: Any = None) -> Any:
        """A property as the template has it."""
        return self.resource.properties.get(name, default)

    def same(self, name: str, actual: Any) -> Iterator[str]:
        """Yields a difference between a property of the template, if it is literal, and what the service says."""
        yield from differs(name, self.wanted(name), actual)


Check = Callable[[Reader], Iterator[str]]


def is_literal(value: Any) -> bool:
    """Whether a value of a template holds no intrinsic function."""
    if isinstance(value, dict):
        return all(key != "Ref" and not key.startswith("Fn::") and is_literal(item) for key, item in value.items())
    return not isinstance(value, list) or all(is_literal(item) for item in value)


def differs(name: str, wanted: Any, actual: Any) -> Iterator[str]:
    """Yields a difference unless the wanted value is missing or not literal. "80" and 80, "true" and True are the same."""
    if wanted is not None and is_literal(wanted) and _plain(wanted) != _plain(actual):
        yield f"{name} is {actual!r}, the template says {wanted!r}"


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return str(value).lower() if isinstance(value, bool) else str(value)


def only(found: list[Any]) -> Any:
    """The one thing a service returns for one id.

    Raises:
        LookupError: if it returns none or several.
    """
    if len(found) != 1:
        raise LookupError(f"{len(found)} found")
    return found[0]


def named(found: list[Any], key: str, value: str) -> Any:
    """The entry of a listing with a certain value.

    Raises:
        LookupError: if there is none.
    """
    return only([entry for entry in found if entry.get(key) == value])
