"""Verification of releases after a deployment and after a destruction."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from tools.local_aws.cloudformation import DeployedResource
from tools.local_aws.custom_resources import HELM_CHART
from tools.local_aws.kubernetes import status_endpoint, summary
from tools.local_aws.workspace import RunningEmulator


@dataclass(frozen=True, kw_only=True)
class Verified:
    """Report on releases.

    Args:
        problems: differences from the templates.
        summary: lines for the user.
        listing: every object, one a line.
    """

    problems: list[str]
    summary: str
    listing: str


def verified(emulator: RunningEmulator, deployed: Iterable[DeployedResource], *, records: list[dict[str, Any]]) -> Verified:
    """Compares the releases with the objects in the API server.

    Args:
        emulator: the emulator.
        deployed: resources of the stacks.
        records: recorded resources.
    """
    state = status_endpoint.state(emulator)
    if state is None:
        return Verified(problems=[], summary=summary.text(None, records=records), listing="")
    recorded = {(record["region"], record["stack"], record["logical_id"]) for record in records}
    expected = [
        (str(resource.properties.get("Namespace", "default")), str(resource.properties["Release"]))
        for resource in deployed
        if resource.type == HELM_CHART and (resource.stack.region, resource.stack.name, resource.logical_id) not in recorded
    ]
    return Verified(
        problems=summary.problems(state, expected=expected),
        summary=summary.text(state, records=records),
        listing=summary.listing(state),
    )


def kept(emulator: RunningEmulator) -> list[str]:
    """Lists objects with Helm's keep policy, which outlive their release.

    Args:
        emulator: the emulator, before the destruction.
    """
    objects = summary.kept(status_endpoint.state(emulator))
    head = [f"Kept in the cluster by their chart (helm.sh/resource-policy): {len(objects)} objects"] if objects else []
    return [*head, *(f"  {item}" for item in objects)]


def left(emulator: RunningEmulator) -> list[str]:
    """Lists releases that outlived their stack. Without any, deletes the stub definitions.

    Args:
        emulator: the emulator, after the destruction.
    """
    found = summary.left(status_endpoint.state(emulator))
    if not found:
        status_endpoint.remove_stand_ins(emulator)
    return found
