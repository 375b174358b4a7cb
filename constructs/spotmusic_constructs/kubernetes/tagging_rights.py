"""IAM rights with which EKS Auto Mode sets custom tags on nodes, interfaces and volumes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aws_cdk import aws_iam as iam
from constructs import Construct

from spotmusic_constructs.acknowledge import acknowledge, wildcard_finding
from spotmusic_constructs.location import location_of
from spotmusic_constructs.rights import Rights, allow

_REASON = (
    "EKS creates it with a new id; the condition requires the tag of this cluster at creation."
)


@dataclass(frozen=True, kw_only=True)
class _Made:
    """Resources that EKS creates by some actions.

    Args:
        actions: actions of EC2.
        types: resource types that they create and tag.
        tags: tag keys of EKS that are always present, in addition to the cluster name.
        keys: further tag keys of EKS, as patterns.
    """

    actions: Sequence[str]
    types: Sequence[str]
    tags: Sequence[str] = ()
    keys: Sequence[str] = ()


_MADE: Mapping[str, _Made] = {
    "Nodes": _Made(
        actions=("ec2:CreateFleet", "ec2:RunInstances", "ec2:CreateLaunchTemplate"),
        types=(
            "fleet",
            "instance",
            "launch-template",
            "network-interface",
            "spot-instances-request",
            "volume",
        ),
        tags=("eks:kubernetes-node-class-name", "eks:kubernetes-node-pool-name"),
        keys=("kubernetes.io/cluster/*",),
    ),
    "Volumes": _Made(
        actions=("ec2:CreateVolume",),
        types=("volume",),
        keys=(
            "CSIVolumeName",
            "KubernetesCluster",
            "Name",
            "ebs.csi.eks.amazonaws.com/*",
            "kubernetes.io/cluster/*",
            "kubernetes.io/created-for/*",
        ),
    ),
    "NetworkInterfaces": _Made(
        actions=("ec2:CreateNetworkInterface",),
        types=("network-interface",),
        tags=("eks:kubernetes-cni-node-name",),
    ),
}
"""Sources: Amazon EKS user guide, custom AWS tags for EKS Auto resources, for actions and
conditions; AmazonEKSComputePolicy, AmazonEKSBlockStoragePolicyV2 and AmazonEKSNetworkingPolicy for
keys and untagged resources; Karpenter's own policy for types."""


class TaggingRights(Construct):
    """IAM policy that allows EKS to create resources with custom tags.

    AWS's managed policies reject tag keys other than those of EKS. The policy repeats their
    creation rights for this cluster with the given keys and those of EKS. It does not allow tagging
    existing resources. It omits snapshots and load balancers, which EKS does not create here.

    Args:
        role: role of the cluster.
        cluster_name: name of the cluster; every created resource must have its tag.
        tag_keys: keys of the custom tags.

    Example:
        TaggingRights(self, "TagPolicy", role=role, cluster_name="spotmusic-dev",
                      tag_keys=["Project", "CostCenter"])
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        role: iam.IRole,
        cluster_name: str,
        tag_keys: Sequence[str],
    ) -> None:
        super().__init__(scope, construct_id)
        location = location_of(scope)
        types = sorted({type_ for made in _MADE.values() for type_ in made.types})
        arns = {type_: location.arn("ec2", f"{type_}/*") for type_ in types}
        rights = Rights(
            self,
            "Policy",
            role=role,
            description="Nodes, their network interfaces and volumes bear tags of the platform",
            statements=[
                allow(
                    made.actions,
                    [arns[type_] for type_ in made.types],
                    _conditions(made, cluster_name, tag_keys),
                    sid=sid,
                )
                for sid, made in _MADE.items()
            ],
        )
        acknowledge(rights.policies[0], {wildcard_finding(arn): _REASON for arn in arns.values()})


def _conditions(made: _Made, cluster_name: str, keys: Sequence[str]) -> dict[str, object]:
    always = (
        {"StringLike": {f"aws:RequestTag/{tag}": "*" for tag in made.tags}} if made.tags else {}
    )
    return {
        # `ForAllValues` matches requests without tags, so require the cluster tag explicitly.
        "StringEquals": {"aws:RequestTag/eks:eks-cluster-name": cluster_name},
        **always,
        # Every key of EKS, not only those of today: AWS adds to its own policies, and without a
        # match no node starts.
        "ForAllValues:StringLike": {"aws:TagKeys": ["eks:*", *made.keys, *keys]},
    }
