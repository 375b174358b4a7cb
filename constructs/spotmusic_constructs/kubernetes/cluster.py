"""Private Amazon EKS cluster in Auto Mode, with its roles, log and access entries."""

from collections.abc import Sequence
from typing import cast

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_eks_v2 as eks
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from spotmusic_constructs.arns import key_arn
from spotmusic_constructs.kubernetes import roles
from spotmusic_constructs.kubernetes.access_entry import access_entry_id
from spotmusic_constructs.kubernetes.kubectl import harden_kubectl
from spotmusic_constructs.log_retention import days_of
from spotmusic_constructs.resource import resource_of

SUBNETS = ec2.SubnetSelection(subnet_group_name="application")


class KubernetesCluster(Construct):
    """EKS cluster in Auto Mode without built-in node pools; the chart `ground` creates the pools.

    Creates the cluster, its roles, the group of its control-plane log, the access entries, and the
    function that runs helm and kubectl within the VPC. EKS adds its own security group to the
    control plane. Nodes do not use it, so the table of flows defines all their connections.

    Args:
        name: name of the cluster. It is physical because the name of the log group derives from it,
            and because people and roles refer to a cluster by name; a change replaces the cluster.
        kubernetes_version: Kubernetes version, such as 1.36.
        kubectl_layer: layer with helm and kubectl of that version, at most one minor version apart.
        vpc: network with a subnet group "application".
        control_plane_security_group: security group of the control plane's network interfaces.
        kubectl_security_group: security group of the function that runs helm and kubectl.
        key: customer-managed key of Kubernetes Secrets and of the volumes. It cannot be changed
            later.
        log_key: customer-managed key of logs.
        tag_keys: keys of the custom tags that nodes and volumes may have; the chart `ground` sets
            the tags.
        log_retention: retention of the control plane log. It contains the audit records, for which
            PCI DSS requires a year.
        administrators: ARNs of IAM roles with every right in the cluster (break-glass).
        public_access_cidrs: IPv4 ranges of the Internet that may reach the API server. Default:
            only the VPC.
        deletion_protection: whether EKS refuses to delete the cluster.

    Example:
        KubernetesCluster(self, "Kubernetes", name="spotmusic-dev", kubernetes_version="1.36",
                          kubectl_layer=layer, vpc=vpc, **options)
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        kubernetes_version: str,
        kubectl_layer: lambda_.ILayerVersion,
        vpc: ec2.IVpc,
        control_plane_security_group: ec2.ISecurityGroup,
        kubectl_security_group: ec2.ISecurityGroup,
        key: kms.IKey,
        log_key: kms.IKey,
        tag_keys: Sequence[str] = (),
        log_retention: logs.RetentionDays = logs.RetentionDays.ONE_YEAR,
        administrators: Sequence[str] = (),
        public_access_cidrs: Sequence[str] = (),
        deletion_protection: bool = True,
    ) -> None:
        super().__init__(scope, construct_id)
        self.node_role = roles.NodeRole(self, "NodeRole").role
        self.log_group = _control_plane_log(
            self, name, log_key, log_retention, keep=deletion_protection
        )
        role = roles.ClusterRole(
            self, "ClusterRole", cluster_name=name, encryption_keys=[key], tag_keys=tag_keys
        )
        kubectl_role = roles.KubectlRole(self, "KubectlRole", cluster_name=name)
        cluster = eks.Cluster(
            self,
            "Cluster",
            cluster_name=name,
            version=eks.KubernetesVersion.of(kubernetes_version),
            role=role.role,
            vpc=vpc,
            vpc_subnets=[SUBNETS],
            security_group=control_plane_security_group,
            endpoint_access=(
                eks.EndpointAccess.PUBLIC_AND_PRIVATE.only_from(*public_access_cidrs)
                if public_access_cidrs
                else eks.EndpointAccess.PRIVATE
            ),
            compute=eks.ComputeConfig(node_pools=[]),
            secrets_encryption_key=key,
            cluster_logging=list(eks.ClusterLoggingTypes),
            bootstrap_cluster_creator_admin_permissions=False,
            output_config_command=False,
            kubectl_provider_options=eks.KubectlProviderOptions(
                kubectl_layer=kubectl_layer,
                role=kubectl_role.role,
                security_groups=[kubectl_security_group],
                # The largest charts, with all their templates in memory, need more than the default
                # of 1 GiB.
                memory=cdk.Size.gibibytes(2),
            ),
        )
        resource = resource_of(cluster, eks.CfnCluster)
        resource.deletion_protection = deletion_protection
        resource.upgrade_policy = eks.CfnCluster.UpgradePolicyProperty(support_type="STANDARD")
        resource.zonal_shift_config = eks.CfnCluster.ZonalShiftConfigProperty(enabled=True)
        resource.node.add_dependency(self.log_group, role)
        harden_kubectl(cluster, log_key=log_key, log_retention=log_retention)
        # CDK's condition for public images of Amazon ECR is unused: the role here has no such
        # rights.
        kubectl_role.node.try_remove_child("HasEcrPublic")
        # Releases depend on this barrier, so they are deleted before the rights of their function.
        cluster.node.find_child("KubectlReadyBarrier").node.add_dependency(kubectl_role)
        # The class implements the interface, but its generated type lacks a member (aws-cdk-lib
        # 2.275).
        self.cluster = cast("eks.ICluster", cluster)
        self._admit(administrators)

    @property
    def issuer_url(self) -> str:
        """OIDC issuer of the cluster, for clients without support for EKS Pod Identity."""
        return cast("eks.Cluster", self.cluster).cluster_open_id_connect_issuer_url

    def _admit(self, administrators: Sequence[str]) -> None:
        """Create access entries of administrators and nodes; CDK creates that of the function."""
        everywhere = eks.AccessScopeType.CLUSTER
        for arn in administrators:
            admin = eks.AccessPolicy.from_access_policy_name(
                "AmazonEKSClusterAdminPolicy", access_scope_type=everywhere
            )
            eks.AccessEntry(
                self,
                access_entry_id("Administrator", arn),
                cluster=self.cluster,
                principal=arn,
                access_policies=[admin],
            )
        auto_node = eks.AccessPolicy.from_access_policy_name(
            "AmazonEKSAutoNodePolicy", access_scope_type=everywhere
        )
        self.node_access = eks.AccessEntry(
            self,
            "Nodes",
            cluster=self.cluster,
            principal=self.node_role.role_arn,
            access_policies=[auto_node],
            access_entry_type=eks.AccessEntryType.EC2,
        )


def _control_plane_log(
    scope: Construct, name: str, key: kms.IKey, retention: logs.RetentionDays, *, keep: bool
) -> logs.CfnLogGroup:
    """Create the log group before EKS does, so that it has a key and a retention from the start.

    EKS prescribes the name: a group retained from a failed first deployment would conflict with the
    next.
    """
    group = logs.CfnLogGroup(
        scope,
        "Log",
        log_group_name=f"/aws/eks/{name}/cluster",
        kms_key_id=key_arn(key),
        retention_in_days=days_of(retention),
    )
    group.apply_removal_policy(
        cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE if keep else cdk.RemovalPolicy.DESTROY
    )
    return group
