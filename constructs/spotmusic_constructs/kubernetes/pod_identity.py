"""AWS rights of a workload in the cluster, granted by EKS Pod Identity."""

from collections.abc import Sequence
from functools import cache

from aws_cdk import aws_eks_v2 as eks
from aws_cdk import aws_iam as iam
from constructs import Construct

from spotmusic_constructs.arns import cluster_arn, cluster_name
from spotmusic_constructs.location import location_of
from spotmusic_constructs.rights import Rights, Statement


class PodIdentity(Construct):
    """IAM role for the pods of one service account, and its Pod Identity association.

    Creates the role, which only EKS Pod Identity may assume for this cluster, its statements in as
    few managed policies as possible, and the association with the service account, which a chart
    creates. EKS Auto Mode includes the agent that provides credentials.

    Args:
        cluster: cluster of the workload.
        namespace: namespace of the service account.
        service_account: name of the service account.
        description: purpose of the rights, for auditors.
        statements: statements on exact resources; further rights can be granted to `role`.

    Example:
        PodIdentity(self, "ExternalSecrets", cluster=cluster, namespace="external-secrets",
                    service_account="external-secrets",
                    description="Reads the secrets that it copies into the cluster",
                    statements=[statement])
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        cluster: eks.ICluster,
        namespace: str,
        service_account: str,
        description: str,
        statements: Sequence[Statement] = (),
    ) -> None:
        super().__init__(scope, construct_id)
        self.role = iam.Role(
            self,
            "Role",
            assumed_by=_pods_of(cluster_arn(cluster), account=location_of(scope).account),
            description=description,
        )
        self.policies = Rights(
            self, "Policy", role=self.role, statements=statements, description=description
        ).policies
        self.association = eks.CfnPodIdentityAssociation(
            self,
            "Association",
            cluster_name=cluster_name(cluster),
            namespace=namespace,
            service_account=service_account,
            role_arn=self.role.role_arn,
        )


@cache
def _pods_of(cluster: str, *, account: str) -> iam.IPrincipal:
    """EKS Pod Identity on behalf of one cluster."""
    conditions = {
        "StringEquals": {"aws:SourceAccount": account},
        "ArnEquals": {"aws:SourceArn": cluster},
    }
    return iam.SessionTagsPrincipal(
        iam.ServicePrincipal("pods.eks.amazonaws.com", conditions=conditions)
    )
