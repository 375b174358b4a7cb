"""Role with which ECS shifts routes between versions of a service."""

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from constructs import Construct

from spotmusic_constructs.acknowledge import acknowledge

_POLICY = "AmazonECSInfrastructureRolePolicyForLoadBalancers"


class InfrastructureRole(Construct):
    """Role for ECS of this account that may change listener rules and target groups.

    Creates the role, one for all services of a load balancer.

    Example:
        role = InfrastructureRole(self, "Infrastructure").role
    """

    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id)
        stack = cdk.Stack.of(self)
        self.role = iam.Role(
            self,
            "Role",
            assumed_by=iam.ServicePrincipal(
                "ecs.amazonaws.com",
                conditions={
                    "StringEquals": {"aws:SourceAccount": stack.account},
                    "ArnLike": {"aws:SourceArn": f"arn:{stack.partition}:ecs:{stack.region}:{stack.account}:*"},
                },
            ),
            managed_policies=[iam.ManagedPolicy.from_aws_managed_policy_name(_POLICY)],
        )
        acknowledge(
            self.role,
            {
                f"AwsSolutions::AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/{_POLICY}]": (
                    "AWS keeps this policy in step with what ECS needs to shift traffic; it reaches load balancers only."
                )
            },
        )
