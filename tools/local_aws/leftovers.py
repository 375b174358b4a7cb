"""After a destruction: what a policy keeps, what is left without one, and what Lambda writes by itself."""

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
    """What is left.

    Args:
        kept: resources that a policy keeps, themselves or by their last snapshot, one line each.
        removed_log_groups: log groups that Lambda made at a function's first line and that belong to no stack.
        unexplained: everything else.
        listed: number of entries that the inventory saw.
    """

    kept: list[str]
    removed_log_groups: list[str]
    unexplained: list[str]
    listed: int

    def summary(self) -> str:
        """What to tell the user."""
        kept = [f"  {line}" for line in self.kept] or ["  nothing"]
        groups = f"Removed {len(self.removed_log_groups)} log groups that Lambda made by itself and no stack has."
        return "\n".join(["Kept by a policy of its template, as in an account:", *kept, groups, "Nothing else of ours is left."])


def after_destruction(
    deployed: list[DeployedResource], stacks: list[SynthesizedStack], *, baseline: Path, emulator: RunningEmulator
) -> Outcome:
    """Looks for everything that was deployed, and for everything that the inventory shows and did not show before.

    Args:
        deployed: what stood before the destruction.
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
