"""Role with which ECS shifts routes between versions of a service."""

from aws_cdk import aws_iam as iam
from constructs import Construct

from spotmusic_constructs.acknowledge import acknowledge, managed_policy_finding
from spotmusic_constructs.location import location_of

_POLICY = "AmazonECSInfrastructureRolePolicyForLoadBalancers"


class InfrastructureRole(Construct):
    """Role for ECS of this account that may change listener rules and target groups.

    Creates the role, one for all services of a load balancer.

    Example:
        role = InfrastructureRole(self, "Infrastructure").role
    """

    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id)
        location = location_of(scope)
        self.role = iam.Role(
            self,
            "Role",
            assumed_by=iam.ServicePrincipal(
                "ecs.amazonaws.com",
                conditions={
                    "StringEquals": {"aws:SourceAccount": location.account},
                    "ArnLike": {"aws:SourceArn": location.arn("ecs", "*")},
                },
            ),
            managed_policies=[iam.ManagedPolicy.from_aws_managed_policy_name(_POLICY)],
        )
        reason = (
            "AWS adapts this policy to the needs of ECS for traffic shifts; "
            "it covers load balancers only."
        )
        acknowledge(self.role, {managed_policy_finding(_POLICY): reason})
