"""IAM roles of CI/CD jobs, assumed with OpenID Connect tokens instead of stored keys."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from constructs import Construct

from spotmusic_constructs import durations
from spotmusic_constructs.acknowledge import acknowledge, wildcard_finding
from spotmusic_constructs.delivery.trust import Trust
from spotmusic_constructs.location import location_of
from spotmusic_constructs.rights import Rights, allow

BOOTSTRAP_ROLES = ("deploy", "file-publishing", "image-publishing", "lookup")
"""Roles that `cdk deploy` assumes (bootstrap template of the CDK CLI, version 33). CloudFormation
alone assumes the fifth, cfn-exec."""
PUSH_ACTIONS = (
    "ecr:BatchCheckLayerAvailability",
    "ecr:BatchGetImage",
    "ecr:CompleteLayerUpload",
    "ecr:DescribeImages",
    "ecr:DescribeRepositories",
    "ecr:GetDownloadUrlForLayer",
    "ecr:InitiateLayerUpload",
    "ecr:PutImage",
    "ecr:UploadLayerPart",
)
"""Rights to push an image and to read it afterwards (Amazon ECR user guide, IAM permissions for
pushing an image)."""


@dataclass(frozen=True, kw_only=True)
class DeploymentTarget:
    """Environment that jobs deploy.

    Args:
        regions: regions of its stacks; each is bootstrapped.
        account: AWS account. Default: that of the roles. Another account must trust it
            (`cdk bootstrap --trust`).
        repositories: repositories of container images by service, each a name or a pattern of
            names. Each service has its own role.
        registry_stack: name of the stack in the first region with the addresses of the repositories
            in its outputs.
    """

    regions: Sequence[str]
    account: str | None = None
    repositories: Mapping[str, str] = field(default_factory=dict)
    registry_stack: str | None = None


class DeploymentRoles(Construct):
    """Roles of CI/CD jobs: read differences, deploy an environment, push images of a service.

    Creates the OpenID Connect provider, which is retained when it is removed from the stack, and,
    with fixed names:

    - `<prefix>-diff`: may only assume the lookup roles of the bootstrap, which only read. Jobs on
      the deployed branch may assume it, and those of pull requests with `pull_requests`.
    - `<prefix>-deploy-<environment>`: may only assume the bootstrap's roles for deployment,
      publishing and lookup in the target's account and regions.
    - `<prefix>-push-<environment>-<service>`: may only push images to the repository of the
      service.

    Trust is exact: each role names one audience and complete subjects. Create it once per account:
    IAM permits one provider for each issuer.

    Args:
        trust: issuer and claims of the jobs.
        environments: targets by environment name, as the issuer has it.
        pull_requests: whether pull requests may assume the role `diff`. Their code is not reviewed.
        provider_arn: existing provider of the issuer in this account.
        prefix: first part of the roles' names.
        qualifier: qualifier of the bootstrap.
        deployment_time: longest session of a deployment, 1 to 12 hours.

    Attributes:
        diff: role that reads differences.
        deploy: deployment roles by environment.
        push: image-push roles by environment and service.

    Raises:
        ValueError: if there are no environments, or the issuer has no subject of pull requests.

    Example:
        DeploymentRoles(
            self,
            "DeploymentRoles",
            trust=github(repository="example/spotmusic"),
            environments={
                "dev": DeploymentTarget(
                    regions=["sa-east-1", "us-east-1"], repositories={"playback": "playback"}
                )
            },
        )
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        trust: Trust,
        environments: Mapping[str, DeploymentTarget],
        pull_requests: bool = False,
        provider_arn: str | None = None,
        prefix: str = "spotmusic",
        qualifier: str = "hnb659fds",
        deployment_time: cdk.Duration | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        if not environments:
            raise ValueError("environments is empty. Name at least one.")
        readers = [trust.branch]
        if pull_requests:
            if trust.pull_request is None:
                raise ValueError(
                    f"{trust.issuer} has no subject of pull requests. Remove pull_requests."
                )
            readers.append(trust.pull_request)
        self._trust, self._prefix, self._qualifier = trust, prefix, qualifier
        self._here = location_of(scope)
        self._provider = provider_arn or self._new_provider()

        self.diff = self._role("diff", readers, description="Reads what cdk diff compares")
        _let_assume(
            self.diff,
            [
                arn
                for target in environments.values()
                for arn in self._bootstrap_roles(target, ["lookup"])
            ],
        )
        deploy, push = {}, {}
        for name, target in environments.items():
            subjects = [trust.environment.replace("{environment}", name)]
            role = self._role(
                f"deploy-{name}",
                subjects,
                description=f"Deploys {name}",
                claims=trust.claims,
                session=deployment_time or durations.hours(2),
            )
            _let_assume(role, self._bootstrap_roles(target, BOOTSTRAP_ROLES))
            deploy[name] = role
            push[name] = MappingProxyType(
                {
                    service: self._push_role(name, target, service, subjects)
                    for service in sorted(target.repositories)
                }
            )
        self.deploy: Mapping[str, iam.Role] = MappingProxyType(deploy)
        self.push: Mapping[str, Mapping[str, iam.Role]] = MappingProxyType(push)

    def _new_provider(self) -> str:
        provider = iam.CfnOIDCProvider(
            self,
            "Provider",
            url=f"https://{self._trust.issuer}",
            client_id_list=[self._trust.audience],
        )
        # Roles outside this stack may use the account's only provider of the issuer. After a failed
        # first deployment it is deleted, because IAM would refuse the next one to create it.
        provider.apply_removal_policy(cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE)
        return provider.attr_arn

    def _role(
        self,
        name: str,
        subjects: Sequence[str],
        *,
        description: str,
        claims: Mapping[str, str] = MappingProxyType({}),
        session: cdk.Duration | None = None,
    ) -> iam.Role:
        issuer = self._trust.issuer
        exact = {
            f"{issuer}:aud": self._trust.audience,
            f"{issuer}:sub": subjects[0] if len(subjects) == 1 else list(subjects),
            **{f"{issuer}:{claim}": value for claim, value in claims.items()},
        }
        role = iam.Role(
            self,
            name,
            role_name=f"{self._prefix}-{name}",
            description=description,
            assumed_by=iam.WebIdentityPrincipal(self._provider, {"StringEquals": exact}),
            max_session_duration=session,
        )
        cdk.CfnOutput(self, f"{name}-role", value=role.role_arn, description=description)
        return role

    def _bootstrap_roles(self, target: DeploymentTarget, kinds: Sequence[str]) -> list[str]:
        account = target.account or self._here.account
        return [
            self._here.arn(
                "iam",
                f"role/cdk-{self._qualifier}-{kind}-role-{account}-{region}",
                region="",
                account=account,
            )
            for region in target.regions
            for kind in kinds
        ]

    def _push_role(
        self, environment: str, target: DeploymentTarget, service: str, subjects: Sequence[str]
    ) -> iam.Role:
        description = f"Pushes images of {service} to {environment}"
        role = self._role(
            f"push-{environment}-{service}",
            subjects,
            description=description,
            claims=self._trust.claims,
        )
        region, account = target.regions[0], target.account
        repository = self._here.arn(
            "ecr", f"repository/{target.repositories[service]}", region=region, account=account
        )
        statements = [
            allow(PUSH_ACTIONS, [repository]),
            allow(["ecr:GetAuthorizationToken"], ["*"]),
        ]
        reasons = {
            "*": (
                "ECR issues tokens for the whole registry only; "
                "the other statement names the repository."
            ),
            repository: "CloudFormation adds a suffix to the name of the service's repository.",
        }
        if target.registry_stack:
            stack = self._here.arn(
                "cloudformation", f"stack/{target.registry_stack}/*", region=region, account=account
            )
            statements.append(allow(["cloudformation:DescribeStacks"], [stack]))
            reasons[stack] = "The last part of a stack's ARN changes at each creation."
        rights = Rights(role, "Policy", role=role, statements=statements, description=description)
        acknowledge(
            rights.policies[0],
            {
                wildcard_finding(arn): reason
                for arn, reason in reasons.items()
                if "*" in arn or "?" in arn
            },
        )
        return role


def _let_assume(role: iam.Role, arns: Sequence[str]) -> None:
    Rights(
        role,
        "Policy",
        role=role,
        statements=[allow(["sts:AssumeRole"], arns)],
        description="Assumes roles of the CDK bootstrap",
    )
