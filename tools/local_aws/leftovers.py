"""Resources after a destruction: retained by a policy, unexplained, and log groups created by
Lambda.
"""

from dataclasses import dataclass
from pathlib import Path

from tools.local_aws import inventory, process, session
from tools.local_aws.assembly import SynthesizedStack, regions
from tools.local_aws.cloudformation import DeployedResource
from tools.local_aws.public_zones import public_zones
from tools.local_aws.workspace import RunningEmulator

_SNAPSHOT = "Snapshot"


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """Remaining resources.

    Args:
        kept: retained resources and final snapshots, one line each.
        removed_log_groups: log groups that Lambda created for functions, outside of stacks.
        unexplained: all other resources.
        listed: number of entries in the inventory.
    """

    kept: list[str]
    removed_log_groups: list[str]
    unexplained: list[str]
    listed: int

    def summary(self) -> str:
        """Lines for the user."""
        kept = [f"  {line}" for line in self.kept] or ["  nothing"]
        groups = f"Removed {len(self.removed_log_groups)} log groups that Lambda created outside of stacks."
        return "\n".join(
            ["Retained by their deletion policy, as in an account:", *kept, groups, "No other resource of the stacks is left."]
        )


def after_destruction(
    deployed: list[DeployedResource], stacks: list[SynthesizedStack], *, baseline: Path, emulator: RunningEmulator
) -> Outcome:
    """Finds deployed resources that still exist, and inventory entries that are new since the
    baseline.

    Args:
        deployed: resources before the destruction.
        stacks: the destroyed stacks.
        baseline: the inventory from before the first deployment.
        emulator: the emulator.
    """
    kept = process.kept(emulator)
    snapshotted = [resource for resource in deployed if resource.definition.get("DeletionPolicy") == _SNAPSHOT]
    removed = _remove_log_groups_of_functions(deployed, emulator)
    still = inventory.inventory(emulator.endpoint, regions(stacks))
    retained, snapshots = {entry["identifier"] for entry in kept}, {resource.identifier for resource in snapshotted}
    given = {f"/hostedzone/{zone}" for zone in public_zones(stacks)}
    ours = sorted(entry for entry in still - inventory.load(baseline) if entry.split(" ", 2)[2] not in given)
    unexplained = [entry for entry in ours if not inventory.explained(entry, retained=retained, snapshotted=snapshots)]
    records = [record for record in process.recorded(emulator) if record["identifier"] not in retained]
    return Outcome(
        kept=[
            *(f"{entry['stack']} {entry['logical_id']}: {entry['type']} {entry['identifier']}" for entry in kept),
            *(f"{_line(resource)} (its last snapshot)" for resource in snapshotted),
        ],
        removed_log_groups=removed,
        unexplained=[
            *unexplained,
            *(f"record of {record['type']} {record['identifier']}" for record in records),
        ],
        listed=len(still),
    )


def _line(resource: DeployedResource) -> str:
    return f"{resource.stack.name} {resource.logical_id}: {resource.type} {resource.identifier}"


def _remove_log_groups_of_functions(deployed: list[DeployedResource], emulator: RunningEmulator) -> list[str]:
    removed = []
    declared = {resource.identifier for resource in deployed if resource.type == "AWS::Logs::LogGroup"}
    for function in (resource for resource in deployed if resource.type == "AWS::Lambda::Function"):
        name, logs = f"/aws/lambda/{function.identifier}", session.client("logs", emulator.endpoint, region=function.stack.region)
        groups = [group["logGroupName"] for group in logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"]]
        if name in groups and name not in declared:
            logs.delete_log_group(logGroupName=name)
            removed.append(name)
    return removed
