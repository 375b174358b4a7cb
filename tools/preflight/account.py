"""Checks of account, plan, region, bootstrap, service-linked roles and other environments."""

from collections.abc import Iterator
from functools import partial

from spotmusic_constructs.edge_region import EDGE_REGION
from tools import local_aws
from tools.preflight.finding import (
    Ask,
    Context,
    Finding,
    described,
    fix,
    ok,
    pages,
    resources_of,
    unless,
    verdict,
)

BOOTSTRAP_VERSION = 8
"""Minimum bootstrap version of the templates.

It is `requiresBootstrapStackVersion` in the manifest of the cloud assembly.
"""
BOOTSTRAP_STACK = "CDKToolkit"
BOOTSTRAPPED = ("CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE")
QUALIFIER = "hnb659fds"
"""Part of the names of bootstrap roles, the default qualifier of the CDK."""

SERVICE_LINKED_ROLES: dict[str, str] = {
    "ecs.amazonaws.com": "AWSServiceRoleForECS",
    "ecs.application-autoscaling.amazonaws.com": (
        "AWSServiceRoleForApplicationAutoScaling_ECSService"
    ),
    "elasticloadbalancing.amazonaws.com": "AWSServiceRoleForElasticLoadBalancing",
    "eks.amazonaws.com": "AWSServiceRoleForAmazonEKS",
    "rds.amazonaws.com": "AWSServiceRoleForRDS",
    "elasticache.amazonaws.com": "AWSServiceRoleForElastiCache",
    "backup.amazonaws.com": "AWSServiceRoleForBackup",
    "pullthroughcache.ecr.amazonaws.com": "AWSServiceRoleForECRPullThroughCache",
    "vpcorigin.cloudfront.amazonaws.com": "AWSServiceRoleForCloudFrontVPCOrigin",
}
"""Role by service.

AWS creates each at first use without waiting for IAM, so the first ECS cluster of an account fails
(aws-cloudformation/cloudformation-coverage-roadmap#818). Names: guide of each service,
service-linked roles, read 2026-11.
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
"""AWS managed policies of the stacks' roles, with paths.

`tests/contracts/test_preflight_names.py` compares them.
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
    {
        "CREATE_COMPLETE",
        "UPDATE_COMPLETE",
        "UPDATE_ROLLBACK_COMPLETE",
        "IMPORT_COMPLETE",
        "IMPORT_ROLLBACK_COMPLETE",
        "REVIEW_IN_PROGRESS",
    }
)
"""States that CloudFormation can update.

Source: AWS CloudFormation user guide, stack status codes, read 2026-11.
"""


def account(context: Context) -> Iterator[Finding]:
    """Compare account and region with the environment file."""
    settings, check = context.settings, "account"
    if context.account == local_aws.ACCOUNT:
        yield ok(check, "the embedded AWS, instead of the account in the file")
    elif settings.account is None:
        detail = f"{context.account}; the file has no account, so a deployment uses this one"
        yield ok(check, detail)
    else:
        same, detail = context.in_own_account, context.account
        if not same:
            detail = f"logged in to {context.account}, but the file has {settings.account}"
        command = f"AWS_PROFILE=<profile of {settings.account}> make preflight ENV={settings.name}"
        yield verdict(check, same, detail, command)
    same, detail = context.session_region == settings.region, settings.region
    if not same:
        session = context.session_region or "none"
        detail = f"the shell uses {session}, but the file has {settings.region}"
    yield verdict("region", same, detail, f"export AWS_REGION={settings.region}")
    ec2 = context.clients("ec2", EDGE_REGION)
    for region in ec2.describe_regions(RegionNames=[settings.region], AllRegions=True)["Regions"]:
        status = region.get("OptInStatus", "opt-in-not-required")
        enabled = status != "not-opted-in"
        detail = status if enabled else f"{settings.region} is disabled"
        command = f"aws account enable-region --region-name {settings.region}"
        yield verdict("region enabled", enabled, detail, command)


def plan(context: Context) -> Iterator[Finding]:
    """Check the plan of the account; the free plan does not allow our databases in RDS."""
    if context.account == local_aws.ACCOUNT:
        return
    client = context.clients("freetier", EDGE_REGION)
    # Accounts from before the plans (2025-07) may have none.
    state = unless("ResourceNotFoundException", client.get_account_plan_state) or {}
    detail = kind = state.get("accountPlanType", "none")
    if kind == "FREE":
        detail = "FREE: RDS allows neither the backups nor the instance classes of the file"
    command = f"aws freetier upgrade-account-plan --region {EDGE_REGION} --account-plan-type PAID"
    yield verdict("account plan", kind != "FREE", detail, command)


def bootstrap(context: Context) -> Iterator[Finding]:
    """Check the bootstrap stack in each region."""
    for region in context.regions:
        stack = described(context.clients("cloudformation", region), BOOTSTRAP_STACK) or {}
        outputs = {
            output["OutputKey"]: output.get("OutputValue", "")
            for output in stack.get("Outputs", ())
        }
        version = outputs.get("BootstrapVersion", "0")
        problem = None
        if not stack:
            problem = f"stack {BOOTSTRAP_STACK} does not exist"
        elif not version.isdigit() or int(version) < BOOTSTRAP_VERSION:
            problem = f"version {version} is older than {BOOTSTRAP_VERSION}"
        elif stack["StackStatus"] not in BOOTSTRAPPED:
            problem = f"the stack is {stack['StackStatus']}"
        command = f"npx cdk bootstrap aws://{context.account}/{region}"
        yield verdict(
            f"bootstrap {region}", problem is None, problem or f"version {version}", command
        )


def weak_references(context: Context) -> Iterator[Finding]:
    """Simulate the requests of `Fn::GetStackOutput`.

    Each execution role describes stacks of the other region. A bootstrap with custom
    `--cloudformation-execution-policies` can lack the permission.
    """
    settings = context.settings
    simulate = context.clients("iam", EDGE_REGION).simulate_principal_policy
    for region, producer, name in (
        (settings.region, EDGE_REGION, "edge"),
        (EDGE_REGION, settings.region, "data"),
    ):
        if region == producer:
            continue
        role = f"cdk-{QUALIFIER}-cfn-exec-role-{context.account}-{region}"
        check = f"weak references {region}"
        command = f"npx cdk bootstrap aws://{context.account}/{region}"
        answer = unless(
            "NoSuchEntity",
            simulate,
            PolicySourceArn=f"arn:aws:iam::{context.account}:role/{role}",
            ActionNames=["cloudformation:DescribeStacks"],
            ResourceArns=[
                f"arn:aws:cloudformation:{producer}:{context.account}:"
                f"stack/{settings.stack_name(name)}/*"
            ],
        )
        if answer is None:
            yield fix(check, f"role {role} does not exist", command)
        elif {result["EvalDecision"] for result in answer["EvaluationResults"]} == {"allowed"}:
            yield ok(check, f"the execution role may describe stacks in {producer}")
        else:
            detail = f"{role} may not call cloudformation:DescribeStacks in {producer}"
            policies = "<policy ARNs, one with cloudformation:DescribeStacks>"
            yield fix(check, detail, f"{command} --cloudformation-execution-policies {policies}")


def service_linked_roles(context: Context) -> Iterator[Finding]:
    """Check service-linked roles, which services create too late for the first resource."""
    iam = context.clients("iam", EDGE_REGION)
    roles = SERVICE_LINKED_ROLES | (
        FAULT_INJECTION if context.settings.resilience.fault_injection else {}
    )
    for service, role in roles.items():
        found = unless("NoSuchEntity", iam.get_role, RoleName=role) is not None
        command = f"aws iam create-service-linked-role --aws-service-name {service}"
        create = partial(iam.create_service_linked_role, AWSServiceName=service)
        detail = role if found else f"{role} does not exist"
        yield verdict(
            f"role {role.removeprefix('AWSServiceRoleFor')}", found, detail, command, create
        )


def managed_policies(context: Context) -> Iterator[Finding]:
    """Check AWS managed policies, which AWS renames occasionally."""
    iam, missing = context.clients("iam", EDGE_REGION), []
    for name in MANAGED_POLICIES:
        answer = unless("NoSuchEntity", iam.get_policy, PolicyArn=f"arn:aws:iam::aws:policy/{name}")
        if not answer or not answer["Policy"].get("IsAttachable", True):
            missing.append(name)
    detail = f"AWS has no {', '.join(missing)}" if missing else f"{len(MANAGED_POLICIES)} of AWS"
    command = (
        "aws iam list-policies --scope AWS --query 'Policies[].PolicyName'; "
        "then use the successor in constructs/"
    )
    yield verdict("managed policies", not missing, detail, command)


def stacks(context: Context) -> Iterator[Finding]:
    """Check the state of each stack, because CloudFormation does not update failed ones."""
    settings, exist, wrong = context.settings, 0, []
    for name, place in STACKS.items():
        region, stack = place or settings.region, settings.stack_name(name)
        found = described(context.clients("cloudformation", region), stack)
        exist += found is not None
        status = found["StackStatus"] if found else "REVIEW_IN_PROGRESS"
        # The CLI recreates an unprotected stack after a failed creation.
        if status not in UPDATABLE and (status != "ROLLBACK_COMPLETE" or settings.production):
            command = _way_out(status, f"--region {region} --stack-name {stack}")
            wrong.append(fix(f"stack {name}", status, command))
    detail = f"{exist} of {len(STACKS)} exist and can be updated" if exist else "none exists yet"
    yield from wrong or [ok("stacks", detail)]


def _way_out(status: str, at: str) -> str:
    if status == "UPDATE_ROLLBACK_FAILED":
        return f"aws cloudformation continue-update-rollback {at}"
    if status.endswith("_IN_PROGRESS"):
        return f"aws cloudformation describe-stack-events {at} --max-items 5; wait until it ends"
    events = f"aws cloudformation describe-stack-events {at} --max-items 20"
    if status == "UPDATE_FAILED":  # an update without rollback, which another one would revert
        return f"{events}; docs/changes.md, Changes that cannot go back"
    return f"{events}; docs/runbooks/failed-first-deployment.md"


SCANNING = "AWS::ECR::RegistryScanningConfiguration"


def registry_scanning(context: Context) -> Iterator[Finding]:
    """Check that no other environment owns the registry scanning of account and region.

    The settings refuse this only for environments with an account in their files. CloudFormation
    overwrites the configuration, and either deletion ends enhanced scanning for both.
    """
    check, settings = "registry scanning", context.settings
    if not settings.registry.account_scanning:
        yield ok(check, "the file leaves it to another environment")
        return
    client, own = context.home("cloudformation"), settings.stack_name("registry")
    owners = [
        name
        for name in pages(client, "describe_stacks", "Stacks[].StackName")
        if name.endswith("-registry")
        and name != own
        and SCANNING in {type_ for type_, _ in resources_of(client, name).values()}
    ]
    for owner in owners:
        command = (
            f"aws cloudformation list-stack-resources --region {settings.region} "
            f"--stack-name {owner}; then set registry.account_scanning: false in one of the two"
        )
        yield fix(check, f"the stack {owner} owns it as well", command)
    if not owners:
        yield ok(check, "no other environment owns it")


CHECKS: dict[str, Ask] = {
    "account": account,
    "account plan": plan,
    "bootstrap": bootstrap,
    "weak references": weak_references,
    "service-linked roles": service_linked_roles,
    "managed policies": managed_policies,
    "stacks": stacks,
    "registry scanning": registry_scanning,
}
