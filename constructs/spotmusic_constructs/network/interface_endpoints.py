"""Interface endpoints of AWS APIs."""

from collections.abc import Sequence

from aws_cdk import aws_ec2 as ec2
from constructs import Construct

from spotmusic_constructs.arns import group_id
from spotmusic_constructs.location import location_of
from spotmusic_constructs.network.endpoint_policies import interface_policy


class InterfaceEndpoints(Construct):
    """Interface endpoints with private DNS: names of AWS APIs resolve to addresses in the VPC.

    Creates one endpoint for each service, with an address in every given subnet and a policy that
    allows only principals of this account; Secrets Manager and KMS allow only its resources too. An
    endpoint is charged by zone and hour, so an environment may have none: its traffic then leaves
    through NAT, still encrypted.

    Args:
        vpc: VPC of the endpoints.
        aws_services: names of the services without their region, such as `ecr.api`.
        subnets: subnets in which they have an address, one of each zone.
        security_group: security group of all endpoints.
        tokens: whether pods assume roles with tokens of the cluster, not only by Pod Identity: such
            requests to AWS STS have no principal yet.

    Example:
        InterfaceEndpoints(self, "Endpoints", vpc=vpc, aws_services=["kms"],
                           subnets=vpc.private_subnets, security_group=security_group)
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        vpc: ec2.IVpc,
        aws_services: Sequence[str],
        subnets: Sequence[ec2.ISubnet],
        security_group: ec2.ISecurityGroup,
        tokens: bool = False,
    ) -> None:
        super().__init__(scope, construct_id)
        location, vpc_id = location_of(scope), vpc.vpc_id
        subnet_ids = [subnet.subnet_id for subnet in subnets]
        for service in aws_services:
            ec2.CfnVPCEndpoint(
                self,
                service,
                vpc_id=vpc_id,
                service_name=f"com.amazonaws.{location.region}.{service}",
                vpc_endpoint_type="Interface",
                private_dns_enabled=True,
                subnet_ids=subnet_ids,
                security_group_ids=[group_id(security_group)],
                policy_document=interface_policy(service, location, tokens=tokens),
            )
