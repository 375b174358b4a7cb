"""Cluster base of all workloads: nodes, storage, priorities and namespaces."""

from collections.abc import Mapping, Sequence
from typing import Unpack

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct

from spotmusic_constructs.arns import group_id, key_arn
from spotmusic_constructs.kubernetes.helm_release import (
    LONGEST_TIMEOUT,
    ChartRelease,
    LocalChart,
    Placement,
)
from spotmusic_constructs.kubernetes.namespace import Namespace, network_policies
from spotmusic_constructs.network.flows import Flow


class ClusterBase(ChartRelease):
    """First release on a cluster; no pod can be scheduled before it.

    Creates the release of the chart `ground`: a NodeClass and its NodePools, the default
    StorageClass, PriorityClasses, and for each namespace its Pod Security labels, quota, defaults
    and NetworkPolicies.

    Args:
        chart: local chart `ground`.
        kubernetes_version: version of the Pod Security Standards, such as 1.36.
        node_role: role of the nodes, which has its access entry.
        subnets: subnets of nodes and pods.
        node_security_group: security group of nodes and pods.
        key: customer-managed key of the volumes of nodes and pods.
        namespaces: namespaces by name.
        flows: table of flows, for the policies.
        vpc_cidr: IPv4 range of the VPC.
        tags: tags of nodes, their resources and volumes. The cluster role must allow their keys
            (`tag_keys`). Existing volumes, and volumes of an existing StorageClass, keep theirs.
        removal_policy: policy of volumes after their claim is deleted: `DESTROY` deletes them,
            other values retain them. An existing StorageClass and existing volumes keep theirs.
        spot: whether movable pods run on Spot capacity, which is cheaper and can be reclaimed
            within two minutes.
        placement: cluster, and constructs that must be deployed before.

    Example:
        ClusterBase(self, "Ground", cluster=cluster, chart=LocalChart(path=charts / "ground"),
                    kubernetes_version="1.36", **options)
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        chart: LocalChart,
        kubernetes_version: str,
        node_role: iam.IRole,
        subnets: Sequence[ec2.ISubnet],
        node_security_group: ec2.ISecurityGroup,
        key: kms.IKey,
        namespaces: Mapping[str, Namespace],
        flows: Sequence[Flow],
        vpc_cidr: str,
        tags: Mapping[str, str],
        removal_policy: cdk.RemovalPolicy = cdk.RemovalPolicy.RETAIN,
        spot: bool = False,
        **placement: Unpack[Placement],
    ) -> None:
        policies = network_policies(namespaces, flows, vpc_cidr=vpc_cidr)
        super().__init__(
            scope,
            construct_id,
            chart=chart,
            release="ground",
            namespace="kube-system",
            values={
                "kubernetesVersion": kubernetes_version,
                "nodeClass": {
                    "role": node_role.role_name,
                    "subnets": [subnet.subnet_id for subnet in subnets],
                    "securityGroup": group_id(node_security_group),
                    "storage": {"key": key_arn(key)},
                },
                "nodePools": {
                    "general": {"capacityTypes": ["spot", "on-demand"] if spot else ["on-demand"]}
                },
                "storageClass": {
                    "key": key_arn(key),
                    "reclaimPolicy": "Delete"
                    if removal_policy == cdk.RemovalPolicy.DESTROY
                    else "Retain",
                },
                "tags": dict(tags),
                "namespaces": {
                    name: namespace.to_values(policies[name])
                    for name, namespace in namespaces.items()
                },
            },
            # On deletion, a NodeClass disappears only after its nodes and their instance profile,
            # and IAM does not delete a role in an instance profile. On installation, node pools are
            # ready without nodes.
            wait=True,
            minutes=LONGEST_TIMEOUT,
            **placement,
        )
