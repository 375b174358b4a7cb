"""Proof that what the templates say stands there, by the services' own APIs.

One small function per resource type reads the resource back and yields what differs from the template. Values that are intrinsic
functions in the template are compared only where they name another resource; a difference of a literal is always one.
"""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from tools.local_aws.cloudformation import DeployedResource
from tools.local_aws.verification import compute, data, delivery, network, operations, security
from tools.local_aws.verification.reading import Check, Reader

CHECKS: dict[str, Check] = {
    **compute.CHECKS,
    **data.CHECKS,
    **delivery.CHECKS,
    **network.CHECKS,
    **operations.CHECKS,
    **security.CHECKS,
}

# Resources that no service has: CloudFormation's answer is all there is. The bodies of custom resources are their functions' business.
_WITHOUT_SERVICE = ("AWS::CDK::", "AWS::CloudFormation::", "Custom::")


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What a verification found.

    Args:
        checked: resources read back from their service.
        answered: custom resources whose provider answered (or that are recorded).
        recorded: resources that only a record stands for.
        unchecked: types that nobody here knows how to read back, with their number.
        problems: what differs, one line each.
    """

    checked: int
    answered: int
    recorded: int
    unchecked: dict[str, int]
    problems: list[str]


def verify(resources: list[DeployedResource], *, recorded: Iterable[tuple[str, str, str]], endpoint: str) -> Verdict:
    """Reads every deployed resource back.

    Args:
        resources: what CloudFormation says stands there.
        recorded: region, stack name and logical id of the resources that are only recorded.
        endpoint: loopback URL of the emulator.
    """
    paper = set(recorded)
    on_paper = [resource for resource in resources if (resource.stack.region, resource.stack.name, resource.logical_id) in paper]
    real = [resource for resource in resources if resource not in on_paper]
    to_check = [resource for resource in real if resource.type in CHECKS]
    rest = [resource for resource in real if resource.type not in CHECKS]
    custom = [resource for resource in rest if resource.type.startswith(("Custom::", "AWS::CloudFormation::CustomResource"))]
    with ThreadPoolExecutor(max_workers=4) as pool:
        problems = [problem for found in pool.map(lambda resource: _problems(resource, endpoint), to_check) for problem in found]
    return Verdict(
        checked=len(to_check),
        answered=len(custom),
        recorded=len(on_paper),
        unchecked=_numbers(resource.type for resource in rest if not resource.type.startswith(_WITHOUT_SERVICE)),
        problems=[*problems, *(problem for resource in resources for problem in _unfinished(resource))],
    )


def stands(resource: DeployedResource, *, endpoint: str) -> bool | None:
    """Whether the resource's service still has it; None if nobody here knows how to ask."""
    if resource.type not in CHECKS:
        return None
    return not any(problem.endswith(_GONE) for problem in _problems(resource, endpoint))


_GONE = "does not exist"


def _problems(resource: DeployedResource, endpoint: str) -> list[str]:
    reader = Reader(endpoint=endpoint, resource=resource)
    place = f"{resource.stack.id} {resource.logical_id} ({resource.type} {resource.identifier})"
    try:
        return [f"{place}: {difference}" for difference in CHECKS[resource.type](reader)]
    except (ResponseParserError, ValueError) as error:
        return [f"{place}: its service answers what the SDK can't read: {error}"]
    except (ClientError, BotoCoreError, LookupError) as error:
        return [f"{place}: {error}: {_GONE}"]


def _unfinished(resource: DeployedResource) -> list[str]:
    if resource.status.endswith("_COMPLETE") and resource.identifier:
        return []
    return [f"{resource.stack.id} {resource.logical_id} ({resource.type}): is {resource.status}, answered by nobody"]


def _numbers(types: Iterable[str]) -> dict[str, int]:
    numbers: dict[str, int] = {}
    for resource_type in types:
        numbers[resource_type] = numbers.get(resource_type, 0) + 1
    return numbers
