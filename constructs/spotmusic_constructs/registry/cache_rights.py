"""Rights to create repositories of cached images and to pull from them."""

from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct

from spotmusic_constructs.acknowledge import acknowledge, wildcard_finding
from spotmusic_constructs.arns import key_arn
from spotmusic_constructs.location import Location, location_of
from spotmusic_constructs.rights import Rights, allow


class RepositoryCreationRole(Construct):
    """Role with which ECR creates encrypted repositories (ECR user guide, creation templates).

    Args:
        namespace: first part of the names of the repositories.
        key: key on which ECR creates a grant for each repository.

    Example:
        role = RepositoryCreationRole(self, "CreationRole", namespace="dev", key=keys.images).role
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, namespace: str, key: kms.IKey
    ) -> None:
        super().__init__(scope, construct_id)
        self.role = iam.Role(
            self,
            "Role",
            assumed_by=iam.ServicePrincipal("ecr.amazonaws.com"),
            description="Creates the repositories of cached images",
        )
        repositories = _repositories(location_of(scope), namespace)
        rights = Rights(
            self,
            "Policy",
            role=self.role,
            description="Repositories of cached images, and their key",
            statements=[
                allow(
                    ["ecr:CreateRepository", "ecr:ReplicateImage", "ecr:TagResource"],
                    [repositories],
                ),
                allow(["kms:CreateGrant", "kms:DescribeKey", "kms:RetireGrant"], [key_arn(key)]),
            ],
        )
        reason = "The names of future images are unknown, but all are below this namespace."
        acknowledge(rights.policies[0], {wildcard_finding(repositories): reason})


class CachePullPolicy(Construct):
    """Rights of a role to pull cached images, and to import images at their first pull.

    The first pull of an image creates its repository and imports it, which requires two more rights
    than later pulls: AWS's policy for nodes has only one of them (Amazon ECR user guide, IAM
    permissions for pull through cache).

    Args:
        namespace: first part of the names of the repositories.
        role: role that pulls.

    Example:
        CachePullPolicy(self, "PullPolicy", namespace="dev", role=node_role)
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, namespace: str, role: iam.IRole
    ) -> None:
        super().__init__(scope, construct_id)
        repositories = _repositories(location_of(scope), namespace)
        rights = Rights(
            self,
            "Policy",
            role=role,
            description="Pulls cached images, and brings in new ones",
            statements=[
                allow(
                    [
                        "ecr:BatchCheckLayerAvailability",
                        "ecr:BatchGetImage",
                        "ecr:BatchImportUpstreamImage",
                        "ecr:CreateRepository",
                        "ecr:GetDownloadUrlForLayer",
                    ],
                    [repositories],
                ),
                allow(["ecr:GetAuthorizationToken"], ["*"]),
            ],
        )
        acknowledge(
            rights.policies[0],
            {
                wildcard_finding(repositories): (
                    "Pulled images change with versions, but all are below this namespace."
                ),
                wildcard_finding("*"): (
                    "ECR issues tokens for the whole registry only; "
                    "the other statement restricts the images."
                ),
            },
        )


def _repositories(location: Location, namespace: str) -> str:
    return location.arn("ecr", f"repository/{namespace}/*")
