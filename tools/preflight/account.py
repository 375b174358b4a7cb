"""Checks of account, region, bootstrap stacks and service-linked roles."""

from collections.abc import Iterator
from functools import partial
from typing import Any

from botocore.exceptions import ClientError

from spotmusic_constructs.edge_region import EDGE_REGION
from tools import local_aws
from tools.preflight.finding import Check, Context, Finding, error_code, fix, ok

BOOTSTRAP_VERSION = 8
"""Minimum bootstrap version of the templates (`requiresBootstrapStackVersion` in the manifest of
the cloud assembly).
"""
BOOTSTRAP_STACK = "CDKToolkit"
QUALIFIER = "hnb659fds"
"""Part of the names of bootstrap roles; cdk.json sets no other qualifier."""

SERVICE_LINKED_ROLES: dict[str, str] = {
    "ecs.amazonaws.com": "AWSServiceRoleForECS",
    "ecs.application-autoscaling.amazonaws.com": "AWSServiceRoleForApplicationAutoScaling_ECSService",
    "elasticloadbalancing.amazonaws.com": "AWSServiceRoleForElasticLoadBalancing",
    "eks.amazonaws.com": "AWSServiceRoleForAmazonEKS",
    "rds.amazonaws.com": "AWSServiceRoleForRDS",
    "elasticache.amazonaws.com": "AWSServiceRoleForElastiCache",
    "backup.amazonaws.com": "AWSServiceRoleForBackup",
    "pullthroughcache.ecr.amazonaws.com": "AWSServiceRoleForECRPullThroughCache",
    "vpcorigin.cloudfront.amazonaws.com": "AWSServiceRoleForCloudFrontVPCOrigin",
}
"""Role by service. AWS creates each at first use without waiting for IAM, so the first ECS cluster
of an account fails (aws-cloudformation/cloudformation-coverage-roadmap#818). Names: each service's
guide, service-linked roles, read 2026-11.
"""
FAULT_INJECTION = {"fis.amazonaws.com": "AWSServiceRoleForFIS"}
"""Role of AWS FIS, for environments with experiments."""

MANAGED_POLICIES = (
    "AWSBackupServiceRolePolicyForS3Backup",
    "AWSBackupServiceRolePolicyForS3Restore",
    "AmazonEC2ContainerRegistryPullOnly",
    "AmazonECSInfrastructureRolePolicyForLoadBalancers",
    "AmazonEKSBlockStoragePolicyV2",
    "AmazonEKSClusterPolicy",
    "AmazonEKSComputePolicy",
    "AmazonEKSLoadBalancingPolicy",
    "AmazonEKSNetworkingPolicy",
    "AmazonEKSWorkerNodeMinimalPolicy",
    "service-role/AWSBackupServiceRolePolicyForBackup",
    "service-role/AWSBackupServiceRolePolicyForRestores",
    "service-role/AWSLambdaBasicExecutionRole",
    "service-role/AWSLambdaVPCAccessExecutionRole",
    "service-role/AmazonRDSEnhancedMonitoringRole",
)
"""AWS managed policies of the stacks' roles, with their paths
(`tests/contracts/test_preflight_names.py`).
"""
STACKS = {
    "network": "",
    "secrets": "",
    "registry": "",
    "data": "",
    "eks-platform": "",
    "ecs-services": "",
    "edge": EDGE_REGION,
    "observability": "",
}
"""Region of each stack; stacks that are not listed use the home region."""
UPDATABLE = frozenset(
    {"CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "IMPORT_COMPLETE", "IMPORT_ROLLBACK_COMPLETE", "REVIEW_IN_PROGRESS"}
)
"""States from which CloudFormation updates (AWS CloudFormation user guide, stack status codes, read
2026-11).
"""


def account(context: Context) -> Iterator[Finding]:
    """Compares account and region with the environment file."""
    settings, check = context.settings, "account"
    if context.account == local_aws.ACCOUNT:
        yield ok(check, "the embedded AWS, instead of the account in the file")
    elif settings.account is None:
        yield ok(check, f"{context.account}; the file has no account, so a deployment uses this one")
    elif settings.account == context.account:
        yield ok(check, context.account)
    else:
        detail = f"logged in to {context.account}, but the file has {settings.account}"
        yield fix(check, detail, f"AWS_PROFILE=<profile of {settings.account}> make preflight ENV={settings.name}")
    if context.session_region == settings.region:
        yield ok("region", settings.region)
    else:
        detail = f"the shell uses {context.session_region or 'none'}, but the file has {settings.region}"
        yield fix("region", detail, f"export AWS_REGION={settings.region}")
    described = context.clients("ec2", EDGE_REGION).describe_regions(RegionNames=[settings.region], AllRegions=True)["Regions"]
    for region in described:
        status = region.get("OptInStatus", "opt-in-not-required")
        if status == "not-opted-in":
            yield fix("region enabled", f"{settings.region} is disabled", f"aws account enable-region --region-name {settings.region}")
        else:
            yield ok("region enabled", status)


def bootstrap(context: Context) -> Iterator[Finding]:
    """Checks the bootstrap stack in each region."""
    for region in context.regions:
        check = f"bootstrap {region}"
        command = f"npx cdk bootstrap aws://{context.account}/{region}"
        stack = _stack(context.clients("cloudformation", region))
        if stack is None:
            yield fix(check, f"stack {BOOTSTRAP_STACK} does not exist", command)
            continue
        outputs = {output["OutputKey"]: output.get("OutputValue", "") for output in stack.get("Outputs", ())}
        version = outputs.get("BootstrapVersion", "0")
        if not version.isdigit() or int(version) < BOOTSTRAP_VERSION:
            yield fix(check, f"version {version} is older than {BOOTSTRAP_VERSION}", command)
        elif stack["StackStatus"] not in ("CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE"):
            yield fix(check, f"the stack is {stack['StackStatus']}", command)
        else:
            yield ok(check, f"version {version}")


def _stack(client: Any) -> dict[str, Any] | None:
    try:
        stacks: list[dict[str, Any]] = client.describe_stacks(StackName=BOOTSTRAP_STACK)["Stacks"]
    except ClientError as error:
        if error_code(error) == "ValidationError":
            return None
        raise
    return stacks[0] if stacks else None


def weak_references(context: Context) -> Iterator[Finding]:
    """Simulates the requests of `Fn::GetStackOutput`: each execution role describes stacks of the
    other region.

    A bootstrap with custom `--cloudformation-execution-policies` can lack the permission.
    """
    settings = context.settings
    for region, producer, name in ((settings.region, EDGE_REGION, "edge"), (EDGE_REGION, settings.region, "data")):
        if region == producer:
            continue
        role, check = f"cdk-{QUALIFIER}-cfn-exec-role-{context.account}-{region}", f"weak references {region}"
        command = f"npx cdk bootstrap aws://{context.account}/{region}"
        try:
            answer = context.clients("iam", EDGE_REGION).simulate_principal_policy(
                PolicySourceArn=f"arn:aws:iam::{context.account}:role/{role}",
                ActionNames=["cloudformation:DescribeStacks"],
                ResourceArns=[f"arn:aws:cloudformation:{producer}:{context.account}:stack/{settings.stack_name(name)}/*"],
            )
        except ClientError as error:
            if error_code(error) != "NoSuchEntity":
                raise
            yield fix(check, f"role {role} does not exist", command)
            continue
        decisions = {result["EvalDecision"] for result in answer["EvaluationResults"]}
        if decisions == {"allowed"}:
            yield ok(check, f"the execution role may describe stacks in {producer}")
        else:
            detail = f"{role} may not call cloudformation:DescribeStacks in {producer}"
            policies = "--cloudformation-execution-policies <policy ARNs, one with cloudformation:DescribeStacks>"
            yield fix(check, detail, f"{command} {policies}")


def service_linked_roles(context: Context) -> Iterator[Finding]:
    """Checks service-linked roles, which services create too late for the first resource that needs
    them.
    """
    iam = context.clients("iam", EDGE_REGION)
    roles = SERVICE_LINKED_ROLES | (FAULT_INJECTION if context.settings.resilience.fault_injection else {})
    for service, role in roles.items():
        check = f"role {role.removeprefix('AWSServiceRoleFor')}"
        try:
            iam.get_role(RoleName=role)
        except ClientError as error:
            if error_code(error) != "NoSuchEntity":
                raise
            command = f"aws iam create-service-linked-role --aws-service-name {service}"
            yield fix(check, f"{role} does not exist", command, partial(iam.create_service_linked_role, AWSServiceName=service))
        else:
            yield ok(check, role)


def managed_policies(context: Context) -> Iterator[Finding]:
    """Checks AWS managed policies, which AWS renames occasionally."""
    iam, missing = context.clients("iam", EDGE_REGION), []
    for name in MANAGED_POLICIES:
        try:
            policy = iam.get_policy(PolicyArn=f"arn:aws:iam::aws:policy/{name}")["Policy"]
        except ClientError as error:
            if error_code(error) != "NoSuchEntity":
                raise
            missing.append(name)
        else:
            missing += [] if policy.get("IsAttachable", True) else [name]
    if missing:
        command = "aws iam list-policies --scope AWS --query 'Policies[].PolicyName'; then use the successor in constructs/"
        yield fix("managed policies", f"AWS has no {', '.join(missing)}", command)
    else:
        yield ok("managed policies", f"{len(MANAGED_POLICIES)} of AWS")


def stacks(context: Context) -> Iterator[Finding]:
    """Checks the state of each stack: CloudFormation does not update failed ones."""
    settings, standing, wrong = context.settings, 0, []
    for name, region in STACKS.items():
        try:
            client = context.clients("cloudformation", region or settings.region)
            (found,) = client.describe_stacks(StackName=settings.stack_name(name))["Stacks"]
        except ClientError as error:
            if error_code(error) != "ValidationError":
                raise
            continue
        standing += 1
        status = found["StackStatus"]
        # The CLI recreates a stack whose creation failed, unless it is protected.
        if status in UPDATABLE or (status == "ROLLBACK_COMPLETE" and not settings.production):
            continue
        at = f"--region {region or settings.region} --stack-name {settings.stack_name(name)}"
        wrong.append(fix(f"stack {name}", status, _way_out(status, at)))
    yield from wrong or [ok("stacks", f"{standing} of {len(STACKS)} exist and can be updated" if standing else "none stands yet")]


def _way_out(status: str, at: str) -> str:
    if status == "UPDATE_ROLLBACK_FAILED":
        return f"aws cloudformation continue-update-rollback {at}"
    if status.endswith("_IN_PROGRESS"):
        return f"aws cloudformation describe-stack-events {at} --max-items 5; wait until it ends"
    return f"aws cloudformation describe-stack-events {at} --max-items 20; docs/runbooks/failed-first-deployment.md"


CHECKS = (
    Check(name="account", ask=account),
    Check(name="bootstrap", ask=bootstrap),
    Check(name="weak references", ask=weak_references),
    Check(name="service-linked roles", ask=service_linked_roles),
    Check(name="managed policies", ask=managed_policies),
    Check(name="stacks", ask=stacks),
)
