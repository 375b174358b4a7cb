"""AWS APIs with an address in the VPC."""

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from constructs import Construct

from spotmusic_constructs.network.endpoint_policies import interface_policy


class InterfaceEndpoints(Construct):
    """Interface endpoints with private DNS: the usual names of AWS APIs lead to addresses in the VPC.

    Creates one endpoint for each service, with an address in every subnet given and a policy that admits this account's
    principals only; Secrets Manager and KMS reach only resources of this account too. An endpoint costs per zone and hour, so
    that an environment may have none: its traffic then leaves through NAT, encrypted as ever.

    Args:
        vpc: VPC of the endpoints.
        services: names of the services without their region, such as `ecr.api`.
        subnets: subnets in which they have an address, one of each zone.
        security_group: security group of all of them; who may reach them is up to its rules.
        tokens: whether pods take roles by tokens of the cluster, and not by Pod Identity alone: AWS STS asks who has none yet.

    Example:
        InterfaceEndpoints(self, "Endpoints", vpc=vpc, services=["kms"], subnets=vpc.private_subnets, security_group=group)
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        vpc: ec2.IVpc,
        services: Sequence[str],
        subnets: Sequence[ec2.ISubnet],
        security_group: ec2.ISecurityGroup,
        tokens: bool = False,
    ) -> None:
        super().__init__(scope, construct_id)
        stack = cdk.Stack.of(self)
        subnet_ids = [subnet.subnet_id for subnet in subnets]
        for service in services:
            ec2.CfnVPCEndpoint(
                self,
                service,
                vpc_id=vpc.vpc_id,
                service_name=f"com.amazonaws.{stack.region}.{service}",
                vpc_endpoint_type="Interface",
                private_dns_enabled=True,
                subnet_ids=subnet_ids,
                security_group_ids=[security_group.security_group_id],
                policy_document=interface_policy(service, stack, tokens=tokens),
            )
