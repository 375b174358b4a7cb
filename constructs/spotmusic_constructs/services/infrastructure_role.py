"""Role with which ECS shifts routes between versions of a service."""

from aws_cdk import aws_iam as iam
from constructs import Construct

from spotmusic_constructs.acknowledge import acknowledge, managed_policy_finding

_POLICY = "AmazonECSInfrastructureRolePolicyForLoadBalancers"


class InfrastructureRole(Construct):
    """Role for ECS that may change listener rules and target groups.

    Creates the role, one for all services of a load balancer.

    Example:
        role = InfrastructureRole(self, "Infrastructure").role
    """

    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id)
        self.role = iam.Role(
            self,
            "Role",
            # ECS is not documented to send its source here, as it does for roles of tasks.
            assumed_by=iam.ServicePrincipal("ecs.amazonaws.com"),
            managed_policies=[iam.ManagedPolicy.from_aws_managed_policy_name(_POLICY)],
        )
        reason = (
            "AWS adapts this policy to the needs of ECS for traffic shifts; "
            "it covers load balancers only."
        )
        acknowledge(self.role, {managed_policy_finding(_POLICY): reason})
