"""Roles of experiments, each with the rights for the faults of one experiment."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from aws_cdk import aws_iam as iam
from constructs import Construct

from spotmusic_constructs.acknowledge import acknowledge, wildcard_finding
from spotmusic_constructs.location import Location, location_of
from spotmusic_constructs.rights import Statement, allow, document_of

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
        policy = iam.ManagedPolicy(
            self,
            "Policy",
            roles=[self.role],
            description="What the fault needs, and the record of it",
            document=document_of(
                [
                    _allow("FindTargets", sorted(finds), ["*"]),
                    _allow("WriteTheRecord", _LOG_DELIVERY, ["*"]),
                    *(statement for fault in fault_rights for statement in fault.statements),
                ]
            ),
        )
        wildcards = {"*": _LOOKS}
        for fault in fault_rights:
            wildcards |= fault.wildcards
        acknowledge(policy, {wildcard_finding(name): reason for name, reason in wildcards.items()})


def network_rights(location: Location, vpc_id: str) -> FaultRights:
    """Return the rights to isolate a subnet of one VPC, and to restore its network ACL.

    AWS FIS replaces the network ACL by one that denies all traffic.
    """
    arn = f"arn:{location.partition}:ec2:{location.region}:{location.account}"
    vpc, acls, subnets = f"{arn}:vpc/{vpc_id}", f"{arn}:network-acl/*", f"{arn}:subnet/*"
    made = {f"aws:RequestTag/{name}": value for name, value in MANAGED.items()}
    own = {f"aws:ResourceTag/{name}": value for name, value in MANAGED.items()}
    in_vpc = {"ArnEquals": {"ec2:Vpc": vpc}}
    reason = "Conditions restrict it to this VPC and to network ACLs that the experiment creates."
    return FaultRights(
        statements=[
            _allow("MakeAclInVpc", ["ec2:CreateNetworkAcl"], [vpc]),
            _allow("MakeAcl", ["ec2:CreateNetworkAcl"], [acls], {"StringEquals": made}),
            _allow(
                "TagAcl",
                ["ec2:CreateTags"],
                [acls],
                {"StringEquals": {**made, "ec2:CreateAction": "CreateNetworkAcl"}},
            ),
            _allow(
                "WriteAcl",
                ["ec2:CreateNetworkAclEntry", "ec2:DeleteNetworkAcl"],
                [acls],
                {"StringEquals": own},
            ),
            _allow(
                "PutAclBeforeSubnet", ["ec2:ReplaceNetworkAclAssociation"], [subnets, acls], in_vpc
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
        statements=[_allow("FailOver", ["rds:RebootDBInstance"], instance_arns)],
        finds=["rds:DescribeDBInstances"],
    )


def cache_power_rights(location: Location, replication_group: str) -> FaultRights:
    """Return the rights to interrupt the power of a cache's nodes."""
    arn = location.arn("elasticache", f"replicationgroup:{replication_group}")
    interrupt = _allow("TakePowerAway", ["elasticache:InterruptClusterAzPower"], [arn])
    return FaultRights(statements=[interrupt], finds=["elasticache:DescribeReplicationGroups"])


def pod_rights(location: Location, cluster_name: str) -> FaultRights:
    """Return the rights to connect to a cluster on EKS.

    `admit_to_cluster` names the Kubernetes user, which has the rights to delete pods.
    """
    arn = location.arn("eks", f"cluster/{cluster_name}")
    return FaultRights(
        statements=[_allow("ReachCluster", ["eks:DescribeCluster"], [arn])],
        finds=["ec2:DescribeSubnets"],
    )


def task_rights(location: Location, cluster_arn: str) -> FaultRights:
    """Return the rights to stop tasks of a cluster on ECS."""
    tasks = location.arn("ecs", "task/*")
    return FaultRights(
        statements=[
            _allow(
                "StopTasks", ["ecs:StopTask"], [tasks], {"ArnEquals": {"ecs:cluster": cluster_arn}}
            )
        ],
        finds=["ecs:DescribeTasks", "ecs:ListTasks"],
        wildcards={tasks: "A condition restricts it to tasks of this cluster."},
    )


def _allow(
    sid: str,
    actions: Sequence[str],
    resources: Sequence[str],
    conditions: Mapping[str, object] | None = None,
) -> Statement:
    return {"Sid": sid, **allow(actions, resources, conditions)}
