"""Roles of experiments, each with the rights for the faults of one experiment."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from aws_cdk import aws_iam as iam
from constructs import Construct

from spotmusic_constructs.acknowledge import acknowledge, wildcard_finding
from spotmusic_constructs.location import Location, location_of
from spotmusic_constructs.rights import Rights, Statement, allow

MANAGED = {"managedByFIS": "true"}
"""Tag of resources that AWS FIS creates for an experiment and deletes afterwards."""

_LOG_DELIVERY = (
    "logs:CreateLogDelivery",
    "logs:GetLogDelivery",
    "logs:UpdateLogDelivery",
    "logs:DeleteLogDelivery",
    "logs:ListLogDeliveries",
    "logs:DescribeLogGroups",
    "logs:DescribeResourcePolicies",
)
"""Actions of the service to write the record; the log group's own policy is part of the stack."""
_LOOKS = (
    "Actions to list, to find by tag and to set up a log delivery have no resource, "
    "and none of them changes one."
)


@dataclass(frozen=True, kw_only=True)
class FaultRights:
    """Rights for one kind of fault.

    Args:
        statements: statements of the fault.
        finds: read actions without a resource, with which AWS FIS finds the targets.
        wildcards: reason for each resource of `statements` that ends with a wildcard.
    """

    statements: Sequence[Statement]
    finds: Sequence[str] = ()
    wildcards: Mapping[str, str] = field(default_factory=dict)


class ExperimentRole(Construct):
    """Role that AWS FIS assumes for experiments of this account.

    Creates the role and its policy: the rights of its faults, and those to find targets and to
    write the record.

    Args:
        fault_rights: rights of each kind of fault.

    Example:
        ExperimentRole(self, "Database",
                       fault_rights=[failover_rights([catalogue.instance.instance_arn])])
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, fault_rights: Sequence[FaultRights]
    ) -> None:
        super().__init__(scope, construct_id)
        location = location_of(scope)
        experiments = location.arn("fis", "experiment/*")
        self.role = iam.Role(
            self,
            "Role",
            description="Injects one kind of fault during an experiment",
            assumed_by=iam.ServicePrincipal(
                "fis.amazonaws.com",
                conditions={
                    "StringEquals": {"aws:SourceAccount": location.account},
                    "ArnLike": {"aws:SourceArn": experiments},
                },
            ),
        )
        finds = {"tag:GetResources", *(action for fault in fault_rights for action in fault.finds)}
        rights = Rights(
            self,
            "Policy",
            role=self.role,
            description="What the fault needs, and the record of it",
            statements=[
                allow(sorted(finds), ["*"], sid="FindTargets"),
                allow(_LOG_DELIVERY, ["*"], sid="WriteTheRecord"),
                *(statement for fault in fault_rights for statement in fault.statements),
            ],
        )
        wildcards = {"*": _LOOKS}
        for fault in fault_rights:
            wildcards |= fault.wildcards
        acknowledge(
            rights.policies[0],
            {wildcard_finding(name): reason for name, reason in wildcards.items()},
        )


def network_rights(location: Location, vpc_id: str) -> FaultRights:
    """Return the rights to isolate a subnet of one VPC, and to restore its network ACL.

    AWS FIS replaces the network ACL by one that denies all traffic.
    """
    vpc, acls, subnets = (
        location.arn("ec2", name) for name in (f"vpc/{vpc_id}", "network-acl/*", "subnet/*")
    )
    made = {f"aws:RequestTag/{name}": value for name, value in MANAGED.items()}
    own = {f"aws:ResourceTag/{name}": value for name, value in MANAGED.items()}
    in_vpc = {"ArnEquals": {"ec2:Vpc": vpc}}
    reason = "Conditions restrict it to this VPC and to network ACLs that the experiment creates."
    return FaultRights(
        statements=[
            allow(["ec2:CreateNetworkAcl"], [vpc], sid="MakeAclInVpc"),
            allow(["ec2:CreateNetworkAcl"], [acls], {"StringEquals": made}, sid="MakeAcl"),
            allow(
                ["ec2:CreateTags"],
                [acls],
                {"StringEquals": {**made, "ec2:CreateAction": "CreateNetworkAcl"}},
                sid="TagAcl",
            ),
            allow(
                ["ec2:CreateNetworkAclEntry", "ec2:DeleteNetworkAcl"],
                [acls],
                {"StringEquals": own},
                sid="WriteAcl",
            ),
            allow(
                ["ec2:ReplaceNetworkAclAssociation"],
                [subnets, acls],
                in_vpc,
                sid="PutAclBeforeSubnet",
            ),
        ],
        # Source: AWS FIS user guide, aws:network:disrupt-connectivity.
        finds=[
            "ec2:DescribeManagedPrefixLists",
            "ec2:DescribeNetworkAcls",
            "ec2:DescribeSubnets",
            "ec2:DescribeVpcs",
            "ec2:GetManagedPrefixListEntries",
        ],
        wildcards={acls: reason, subnets: reason},
    )


def failover_rights(instance_arns: Sequence[str]) -> FaultRights:
    """Return the rights to fail over databases on RDS."""
    return FaultRights(
        statements=[allow(["rds:RebootDBInstance"], instance_arns, sid="FailOver")],
        finds=["rds:DescribeDBInstances"],
    )


def cache_power_rights(location: Location, replication_group: str) -> FaultRights:
    """Return the rights to interrupt the power of a cache's nodes."""
    arn = location.arn("elasticache", f"replicationgroup:{replication_group}")
    interrupt = allow(["elasticache:InterruptClusterAzPower"], [arn], sid="TakePowerAway")
    return FaultRights(statements=[interrupt], finds=["elasticache:DescribeReplicationGroups"])


def pod_rights(location: Location, cluster_name: str) -> FaultRights:
    """Return the rights to connect to a cluster on EKS.

    `admit_to_cluster` names the Kubernetes user, which has the rights to delete pods.
    """
    arn = location.arn("eks", f"cluster/{cluster_name}")
    return FaultRights(
        statements=[allow(["eks:DescribeCluster"], [arn], sid="ReachCluster")],
        finds=["ec2:DescribeSubnets"],
    )


def task_rights(location: Location, cluster_arn: str) -> FaultRights:
    """Return the rights to stop tasks of a cluster on ECS."""
    tasks = location.arn("ecs", "task/*")
    return FaultRights(
        statements=[
            allow(
                ["ecs:StopTask"],
                [tasks],
                {"ArnEquals": {"ecs:cluster": cluster_arn}},
                sid="StopTasks",
            )
        ],
        finds=["ecs:DescribeTasks", "ecs:ListTasks"],
        wildcards={tasks: "A condition restricts it to tasks of this cluster."},
    )
