"""Least-privilege IAM roles of the cluster, its nodes and its deployment function."""

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct

from spotmusic_constructs.acknowledge import acknowledge, managed_policy_finding, wildcard_finding
from spotmusic_constructs.arns import key_arn
from spotmusic_constructs.kubernetes.tagging_rights import TaggingRights
from spotmusic_constructs.location import location_of
from spotmusic_constructs.platform_function import lambda_of
from spotmusic_constructs.rights import Rights, Statement, allow

AUTO_MODE_POLICIES = (
    "AmazonEKSClusterPolicy",
    "AmazonEKSComputePolicy",
    "AmazonEKSBlockStoragePolicyV2",
    "AmazonEKSLoadBalancingPolicy",
    "AmazonEKSNetworkingPolicy",
)
"""Policies of the cluster role for EKS Auto Mode. Source: Amazon EKS user guide, Auto Mode,
identity and access; V2 for block storage is of 2026-05-11 (AWS managed policy reference)."""
NODE_POLICIES = ("AmazonEKSWorkerNodeMinimalPolicy", "AmazonEC2ContainerRegistryPullOnly")
"""Policies of the node role: assume the roles of Pod Identity, and pull images."""
FUNCTION_POLICIES = ("service-role/AWSLambdaVPCAccessExecutionRole",)
"""Policy that AWS Lambda requires for a function in a VPC."""


class ClusterRole(Construct):
    """IAM role of EKS, restricted to the cluster of that name.

    Args:
        cluster_name: name of the cluster; EKS passes its ARN when it assumes the role.
        encryption_keys: KMS keys of Kubernetes Secrets and of the volumes.
        tag_keys: keys of the custom tags of nodes and volumes. EKS cannot start a node with any
            other custom tag.

    Example:
        ClusterRole(self, "ClusterRole", cluster_name="spotmusic-dev",
                    encryption_keys=[keys.kubernetes], tag_keys=["CostCenter"])
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        cluster_name: str,
        encryption_keys: Sequence[kms.IKey],
        tag_keys: Sequence[str] = (),
    ) -> None:
        super().__init__(scope, construct_id)
        location = location_of(scope)
        arn = location.arn("eks", f"cluster/{cluster_name}")
        only_it = {
            "StringEquals": {"aws:SourceAccount": location.account},
            "ArnLike": {"aws:SourceArn": arn},
        }
        role = iam.Role(
            self,
            "Role",
            # Auto Mode tags its sessions with the name of the cluster, which limits its managed
            # policies to that cluster.
            assumed_by=iam.SessionTagsPrincipal(
                iam.ServicePrincipal("eks.amazonaws.com", conditions=only_it)
            ),
            description=(
                "Amazon EKS works for the cluster: "
                "nodes, volumes, load balancers, network interfaces"
            ),
            managed_policies=_aws_managed(AUTO_MODE_POLICIES),
        )
        _acknowledge_aws_managed(
            role,
            AUTO_MODE_POLICIES,
            "EKS Auto Mode requires these policies, which AWS restricts to the tag of the cluster.",
        )
        Rights(
            self,
            "Keys",
            role=role,
            description=(
                "The cluster encrypts Kubernetes secrets and volumes with keys of the platform"
            ),
            statements=_use_of([key_arn(key) for key in encryption_keys]),
        )
        if tag_keys:
            TaggingRights(self, "Tagging", role=role, cluster_name=cluster_name, tag_keys=tag_keys)
        # CDK would attach policies and an unconditional trust statement to a role that it may
        # change.
        self.role = role.without_policy_updates()


class NodeRole(Construct):
    """IAM role of the nodes, without rights of workloads, which use Pod Identity.

    Example:
        NodeRole(self, "NodeRole")
    """

    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id)
        self.role = iam.Role(
            self,
            "Role",
            assumed_by=iam.ServicePrincipal("ec2.amazonaws.com"),
            description="Nodes join the cluster and pull images; pods have roles of their own",
            managed_policies=_aws_managed(NODE_POLICIES),
        )
        _acknowledge_aws_managed(
            self.role,
            NODE_POLICIES,
            "The two smallest policies with which a node joins a cluster and pulls images.",
        )


class KubectlRole(Construct):
    """IAM role of the function that runs helm and kubectl.

    It may describe the cluster and read the assets of local charts. Charts in private repositories
    of Amazon ECR would need more.

    Args:
        cluster_name: name of the cluster.

    Example:
        KubectlRole(self, "KubectlRole", cluster_name="spotmusic-dev")
    """

    def __init__(self, scope: Construct, construct_id: str, *, cluster_name: str) -> None:
        super().__init__(scope, construct_id)
        stack = cdk.Stack.of(self)
        location = location_of(stack)
        qualifier = stack.synthesizer.bootstrap_qualifier or "hnb659fds"
        assets = f"cdk-{qualifier}-assets-{location.account}-{location.region}"
        files = location.arn("s3", f"{assets}/*", region="", account="")
        role = iam.Role(
            self,
            "Role",
            assumed_by=lambda_of(location.account),
            description="Deployments run helm and kubectl against the cluster",
            managed_policies=_aws_managed(FUNCTION_POLICIES),
        )
        _acknowledge_aws_managed(
            role,
            FUNCTION_POLICIES,
            "A function in a VPC creates its network interfaces and writes its log.",
        )
        cluster = location.arn("eks", f"cluster/{cluster_name}")
        rights = Rights(
            self,
            "Policy",
            role=role,
            description="Finds the cluster and reads the files of charts",
            statements=[
                allow(["eks:DescribeCluster"], [cluster]),
                allow(["s3:GetObject"], [files]),
            ],
        )
        reason = (
            "The names of chart files are hashes of their content, "
            "and only deployments of this account write to the bucket."
        )
        acknowledge(rights.policies[0], {wildcard_finding(files): reason})
        self.role = role.without_policy_updates()


def _use_of(keys: list[str]) -> list[Statement]:
    """KMS actions of the cluster role (Amazon EKS user guide, Auto Mode, custom KMS keys)."""
    use = ["kms:Encrypt", "kms:Decrypt", "kms:GenerateDataKeyWithoutPlaintext", "kms:DescribeKey"]
    for_aws = {"Bool": {"kms:GrantIsForAWSResource": "true"}}
    return [allow(use, keys), allow(["kms:CreateGrant"], keys, for_aws)]


def _aws_managed(names: tuple[str, ...]) -> list[iam.IManagedPolicy]:
    return [iam.ManagedPolicy.from_aws_managed_policy_name(name) for name in names]


def _acknowledge_aws_managed(role: iam.Role, names: tuple[str, ...], reason: str) -> None:
    acknowledge(role, {managed_policy_finding(name): reason for name in names})
