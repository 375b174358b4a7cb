"""Checks of resource names that an earlier deployment left and the next one needs."""

from collections.abc import Iterator

from botocore.exceptions import ClientError

from tools.preflight.finding import Check, Context, Finding, error_code, fix, ok, pages, standing

VAULTS = "dataBackup"
"""Prefix of vault names, after that of the environment."""


def log_groups(context: Context) -> Iterator[Finding]:
    """Checks the log group of the control plane, which has a fixed name."""
    settings = context.settings
    name = f"/aws/eks/{settings.resource_prefix}/cluster"
    found = pages(context.home("logs"), "describe_log_groups", "logGroups", logGroupNamePrefix=name)
    command = f"aws logs delete-log-group --region {settings.region} --log-group-name {name}"
    yield _verdict(context, "log group", name if any(group["logGroupName"] == name for group in found) else None, "eks-platform", command)


def cluster(context: Context) -> Iterator[Finding]:
    """Checks the cluster, which a failed deletion of its stack leaves."""
    settings = context.settings
    name = settings.resource_prefix
    clusters = pages(context.home("eks"), "list_clusters", "clusters")
    command = f"aws eks delete-cluster --region {settings.region} --name {name}"
    yield _verdict(context, "cluster", name if name in clusters else None, "eks-platform", command)


def vaults(context: Context) -> Iterator[Finding]:
    """Checks the backup vaults, with names from their construct paths."""
    settings = context.settings
    prefix = f"{settings.name}{VAULTS}"
    vaults = pages(context.home("backup"), "list_backup_vaults", "BackupVaultList")
    for name in [vault["BackupVaultName"] for vault in vaults if vault["BackupVaultName"].startswith(prefix)] or [None]:
        command = f"aws backup delete-backup-vault --region {settings.region} --backup-vault-name {name}"
        yield _verdict(context, "backup vault", name, "data", command)


def parameter(context: Context) -> Iterator[Finding]:
    """Checks the brokers' certificate authority of a deleted cluster: clients would trust the old
    one.

    External Secrets writes the parameter, not CloudFormation, so its owner is the cluster.
    """
    settings = context.settings
    name, check = settings.authority_parameter, "parameter"
    if name is None:
        yield ok(check, "none is created with a domain")
        return
    found = context.home("ssm").get_parameters(Names=[name]).get("Parameters", ())
    if found and not _stands(context, "eks-platform"):
        yield fix(check, f"{name} is left behind", f"aws ssm delete-parameter --region {settings.region} --name {name}")
    else:
        yield ok(check, f"{name} is the cluster's" if found else f"{name} is available")


def _stands(context: Context, stack: str) -> bool:
    try:
        name = context.settings.stack_name(stack)
        return bool(context.home("cloudformation").describe_stacks(StackName=name)["Stacks"])
    except ClientError as error:
        if error_code(error) == "ValidationError":
            return False
        raise


def _verdict(context: Context, check: str, name: str | None, stack: str, command: str) -> Finding:
    if name is None:
        return ok(check, "the name is available")
    if name in {found for _, found in standing(context, stack).values()}:
        return ok(check, f"{name} belongs to the stack {stack}")
    return fix(check, f"{name} is left and belongs to no stack", f"{command}, after checking its content")


CHECKS = (
    Check(name="log group", ask=log_groups),
    Check(name="cluster", ask=cluster),
    Check(name="backup vault", ask=vaults),
    Check(name="parameter", ask=parameter),
)
