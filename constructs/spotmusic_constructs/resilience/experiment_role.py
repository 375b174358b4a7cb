"""The roles of experiments: each may do one kind of fault, to the resources of one environment."""

from collections.abc import Mapping, Sequence

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from constructs import Construct

from spotmusic_constructs.acknowledge import acknowledge, wildcard_finding

MANAGED = {"managedByFIS": "true"}
"""Tag of what AWS FIS makes for an experiment and takes away afterwards."""

_LOG_DELIVERY = (
    "logs:CreateLogDelivery",
    "logs:GetLogDelivery",
    "logs:UpdateLogDelivery",
    "logs:DeleteLogDelivery",
    "logs:ListLogDeliveries",
    "logs:DescribeLogGroups",
    "logs:DescribeResourcePolicies",
)
"""What the service asks for to write the record; the log group's own policy is part of the stack."""


class ExperimentRole(Construct):
    """A role that AWS FIS assumes for experiments of this account.

    Creates the role and its policy, with the rights to find targets and to write the record beside those given.

    Args:
        statements: rights of the fault.
        finds: read rights without a resource, by which the action finds its targets.
        wildcards: reason for each resource of `statements` that ends with a wildcard.

    Example:
        ExperimentRole(self, "Database", statements=[reboot], finds=["rds:DescribeDBInstances"])
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        statements: Sequence[iam.PolicyStatement],
        finds: Sequence[str] = (),
        wildcards: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        stack = cdk.Stack.of(self)
        experiments = f"arn:{stack.partition}:fis:{stack.region}:{stack.account}:experiment/*"
        self.role = iam.Role(
            self,
            "Role",
            description="Injects one kind of fault, when somebody starts an experiment",
            assumed_by=iam.ServicePrincipal(
                "fis.amazonaws.com",
                conditions={"StringEquals": {"aws:SourceAccount": stack.account}, "ArnLike": {"aws:SourceArn": experiments}},
            ),
        )
        policy = iam.ManagedPolicy(
            self,
            "Policy",
            roles=[self.role],
            description="What the fault needs, and the record of it",
            statements=[
                iam.PolicyStatement(sid="FindTargets", actions=sorted({"tag:GetResources", *finds}), resources=["*"]),
                iam.PolicyStatement(sid="WriteTheRecord", actions=list(_LOG_DELIVERY), resources=["*"]),
                *statements,
            ],
        )
        acknowledge(policy, {wildcard_finding(name, policy): why for name, why in {"*": _LOOKS, **(wildcards or {})}.items()})


_LOOKS = "To list, find by tag and set up a log delivery has no resource to name; none of it changes one."


def network_rights(stack: cdk.Stack, vpc_id: str) -> list[iam.PolicyStatement]:
    """Returns what it takes to put a network ACL that lets nothing through before a subnet of one VPC, and the old one back."""
    arn = f"arn:{stack.partition}:ec2:{stack.region}:{stack.account}"
    vpc, acls, subnets = f"{arn}:vpc/{vpc_id}", f"{arn}:network-acl/*", f"{arn}:subnet/*"
    made = {f"aws:RequestTag/{name}": value for name, value in MANAGED.items()}
    own = {f"aws:ResourceTag/{name}": value for name, value in MANAGED.items()}
    in_vpc = {"ArnEquals": {"ec2:Vpc": vpc}}
    return [
        _allow("MakeAclInVpc", ["ec2:CreateNetworkAcl"], [vpc]),
        _allow("MakeAcl", ["ec2:CreateNetworkAcl"], [acls], {"StringEquals": made}),
        _allow("TagAcl", ["ec2:CreateTags"], [acls], {"StringEquals": {**made, "ec2:CreateAction": "CreateNetworkAcl"}}),
        _allow("WriteAcl", ["ec2:CreateNetworkAclEntry", "ec2:DeleteNetworkAcl"], [acls], {"StringEquals": own}),
        _allow("PutAclBeforeSubnet", ["ec2:ReplaceNetworkAclAssociation"], [subnets, acls], in_vpc),
    ]


def network_wildcards(stack: cdk.Stack) -> dict[str, str]:
    """Returns why the wildcards of `network_rights` are meant."""
    why = "Only in our VPC, and only network ACLs that the experiment made itself: the conditions say so."
    return {f"arn:{stack.partition}:ec2:{stack.region}:{stack.account}:{kind}/*": why for kind in ("network-acl", "subnet")}


def _allow(sid: str, actions: list[str], resources: list[str], conditions: Mapping[str, object] | None = None) -> iam.PolicyStatement:
    return iam.PolicyStatement(sid=sid, actions=actions, resources=resources, conditions=conditions)


NETWORK_FINDS = (
    "ec2:DescribeManagedPrefixLists",
    "ec2:DescribeNetworkAcls",
    "ec2:DescribeSubnets",
    "ec2:DescribeVpcs",
    "ec2:GetManagedPrefixListEntries",
)
"""What cutting a subnet off reads first (AWS FIS user guide, aws:network:disrupt-connectivity)."""
