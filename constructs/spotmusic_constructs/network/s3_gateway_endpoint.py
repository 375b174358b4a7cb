"""Gateway endpoint of Amazon S3."""

from collections.abc import Sequence

from aws_cdk import aws_ec2 as ec2
from constructs import Construct

from spotmusic_constructs.location import location_of
from spotmusic_constructs.network.endpoint_policies import s3_policy


class S3GatewayEndpoint(Construct):
    """Gateway endpoint through which subnets reach the account's buckets, free of charge.

    Creates the endpoint, its routes in the route tables of the subnets, and its policy: own
    buckets, layers of ECR images and responses of custom resources to CloudFormation. Other
    accounts' buckets in the region are unreachable: ECR's caches pull images of other registries.

    Args:
        vpc: VPC of the endpoint.
        subnets: subnets with a route to it.

    Example:
        S3GatewayEndpoint(self, "S3", vpc=vpc, subnets=vpc.private_subnets)
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, vpc: ec2.IVpc, subnets: Sequence[ec2.ISubnet]
    ) -> None:
        super().__init__(scope, construct_id)
        location = location_of(scope)
        ec2.CfnVPCEndpoint(
            self,
            "Endpoint",
            vpc_id=vpc.vpc_id,
            service_name=f"com.amazonaws.{location.region}.s3",
            vpc_endpoint_type="Gateway",
            route_table_ids=[subnet.route_table.route_table_id for subnet in subnets],
            policy_document=s3_policy(location),
        )
