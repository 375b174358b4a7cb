"""What EKS Auto Mode may do so that nodes, their network interfaces and volumes bear tags of ours."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from constructs import Construct

from spotmusic_constructs.acknowledge import acknowledge, wildcard_finding

_REASON = "EKS makes it, so that its id is unknown before; it has to bear the tag of this cluster from the start."


@dataclass(frozen=True, kw_only=True)
class _Made:
    """What EKS makes by some actions.

    Args:
        actions: actions of EC2.
        types: types of what they make, and what is tagged with it.
        tags: keys of EKS that it bears in any case, beside the name of the cluster.
        keys: keys of EKS that it may bear, as patterns.
    """

    actions: Sequence[str]
    types: Sequence[str]
    tags: Sequence[str] = ()
    keys: Sequence[str] = ()


_MADE: Mapping[str, _Made] = {
    "Nodes": _Made(
        actions=("ec2:CreateFleet", "ec2:RunInstances", "ec2:CreateLaunchTemplate"),
        types=("fleet", "instance", "launch-template", "network-interface", "spot-instances-request", "volume"),
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
        actions=("ec2:CreateNetworkInterface",), types=("network-interface",), tags=("eks:kubernetes-cni-node-name",)
    ),
}
"""Sources: Amazon EKS user guide, custom AWS tags for EKS Auto resources, for actions and conditions; AmazonEKSComputePolicy,
AmazonEKSBlockStoragePolicyV2 and AmazonEKSNetworkingPolicy for keys, and for what is not tagged; Karpenter's own policy for types."""


class TaggingRights(Construct):
    """The rights by which EKS makes things that bear tags of ours; AWS's own policies refuse every key that is not of EKS.

    Creates one policy. It lets nothing be made that the policies of AWS would not let be made without those tags: for the one
    cluster, of the types that are tagged, with the keys given and those of EKS. Nothing that is there can be tagged by it. Snapshots
    and load balancers are left out: EKS makes none here.

    Args:
        role: role of the cluster.
        cluster_name: name of the cluster, whose tag must be on everything.
        keys: keys of the tags.

    Example:
        TaggingRights(self, "TagPolicy", role=role, cluster_name="spotmusic-dev", keys=["Project", "CostCenter"])
    """

    def __init__(self, scope: Construct, construct_id: str, *, role: iam.IRole, cluster_name: str, keys: Sequence[str]) -> None:
        super().__init__(scope, construct_id)
        stack = cdk.Stack.of(self)
        types = sorted({type_ for made in _MADE.values() for type_ in made.types})
        arns = {type_: stack.format_arn(service="ec2", resource=type_, resource_name="*") for type_ in types}
        policy = iam.ManagedPolicy(
            self,
            "Policy",
            description="Nodes, their network interfaces and volumes bear tags of the platform",
            roles=[role],
            statements=[
                iam.PolicyStatement(
                    sid=sid,
                    actions=list(made.actions),
                    resources=[arns[type_] for type_ in made.types],
                    conditions=_conditions(made, cluster_name, keys),
                )
                for sid, made in _MADE.items()
            ],
        )
        acknowledge(policy, {wildcard_finding(arn, self): _REASON for arn in arns.values()})


def _conditions(made: _Made, cluster_name: str, keys: Sequence[str]) -> dict[str, object]:
    always = {"StringLike": {f"aws:RequestTag/{tag}": "*" for tag in made.tags}} if made.tags else {}
    return {
        # What has no tags at all would pass the last condition; this one it does not.
        "StringEquals": {"aws:RequestTag/eks:eks-cluster-name": cluster_name},
        **always,
        # Every key of EKS, not only those of today: AWS adds to its own policies, and without a match no node starts.
        "ForAllValues:StringLike": {"aws:TagKeys": ["eks:*", *made.keys, *keys]},
    }
