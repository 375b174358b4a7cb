"""Checks of resource names that are left from an earlier deployment."""

from collections.abc import Iterator

from tools.preflight.finding import Ask, Context, Finding, described, ok, pages, standing, verdict

VAULTS = "dataBackup"
"""Prefix of vault names, after that of the environment."""


def log_groups(context: Context) -> Iterator[Finding]:
    """Check the log group of the control plane, which has a fixed name."""
    settings = context.settings
    name = f"/aws/eks/{settings.resource_prefix}/cluster"
    path = "logGroups[].logGroupName"
    found = pages(context.home("logs"), "describe_log_groups", path, logGroupNamePrefix=name)
    command = f"aws logs delete-log-group --region {settings.region} --log-group-name {name}"
    yield _leftover(context, "log group", name if name in found else None, "eks-platform", command)


def cluster(context: Context) -> Iterator[Finding]:
    """Check the cluster, which remains after a failed deletion of its stack."""
    settings = context.settings
    name = settings.resource_prefix
    clusters = pages(context.home("eks"), "list_clusters", "clusters")
    command = f"aws eks delete-cluster --region {settings.region} --name {name}"
    yield _leftover(context, "cluster", name if name in clusters else None, "eks-platform", command)


def vaults(context: Context) -> Iterator[Finding]:
    """Check the backup vaults, with names from their construct paths."""
    settings = context.settings
    prefix = f"{settings.name}{VAULTS}"
    path = "BackupVaultList[].BackupVaultName"
    names = pages(context.home("backup"), "list_backup_vaults", path)
    for name in [name for name in names if name.startswith(prefix)] or [None]:
        command = (
            f"aws backup delete-backup-vault --region {settings.region} --backup-vault-name {name}"
        )
        yield _leftover(context, "backup vault", name, "data", command)


def parameter(context: Context) -> Iterator[Finding]:
    """Check the brokers' certificate authority of a deleted cluster, which clients would trust.

    External Secrets writes the parameter, not CloudFormation, so its owner is the cluster.
    """
    settings = context.settings
    name, check = settings.authority_parameter, "parameter"
    if name is None:
        yield ok(check, "none is created with a domain")
        return
    found = context.home("ssm").get_parameters(Names=[name]).get("Parameters", ())
    orphaned = (
        bool(found)
        and described(context.home("cloudformation"), settings.stack_name("eks-platform")) is None
    )
    owner = "left behind" if orphaned else "the cluster's" if found else "available"
    yield verdict(
        check,
        not orphaned,
        f"{name} is {owner}",
        f"aws ssm delete-parameter --region {settings.region} --name {name}",
    )


def _leftover(context: Context, check: str, name: str | None, stack: str, command: str) -> Finding:
    if name is None:
        return ok(check, "the name is available")
    owned = name in {found for _, found in standing(context, stack).values()}
    detail = (
        f"{name} belongs to the stack {stack}"
        if owned
        else f"{name} exists and belongs to no stack"
    )
    return verdict(check, owned, detail, f"{command}, after checking its content")


CHECKS: dict[str, Ask] = {
    "log group": log_groups,
    "cluster": cluster,
    "backup vault": vaults,
    "parameter": parameter,
}
