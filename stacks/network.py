"""Network stack: VPC, security groups and private zone."""

from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_route53 as route53
from constructs import Construct

from spotmusic_cdk import flows, versions
from spotmusic_cdk.settings import Settings
from spotmusic_constructs.data.log_bucket import LogBucket
from spotmusic_constructs.gateway.gateway_load_balancer import GatewayLoadBalancer
from spotmusic_constructs.network.default_group_function import DefaultGroupFunction
from spotmusic_constructs.network.interface_endpoints import InterfaceEndpoints
from spotmusic_constructs.network.s3_gateway_endpoint import S3GatewayEndpoint
from spotmusic_constructs.network.security_groups import SecurityGroups
from spotmusic_constructs.network.three_tier_vpc import ThreeTierVpc
from stacks.connection_exports import export_connections
from stacks.environment_stack import EnvironmentStack
from stacks.flow_logs import flow_logs
from stacks.internal_certificate import internal_certificate

REQUEST_LOGS = ("gateway-access/", "services-access/")
"""Prefixes of the request logs of the application load balancers."""


class NetworkStack(EnvironmentStack):
    """VPC of an environment. The stack depends on no other stack and has a separate log key.

    Attributes:
        vpc: the VPC, with subnet groups `public`, `application` and `data`.
        security_groups: security groups by party of the table of flows.
        private_zone: private hosted zone of the VPC.
        gateway: load balancer of the API gateway, the origin of CloudFront.
        balancer_logs: bucket of the logs of load balancers, in this stack so that no load balancer
            waits for databases.
    """

    def __init__(self, scope: Construct, *, settings: Settings) -> None:
        super().__init__(
            scope,
            "network",
            settings=settings,
            data_class="internal",
            description="Spotmusic: VPC, flows and private names",
        )
        network = settings.network

        self.vpc: ec2.Vpc = ThreeTierVpc(
            self,
            "Network",
            cidr=network.cidr,
            availability_zones=settings.zones,
            nat_gateways=network.nat_gateways,
        ).vpc
        self.security_groups = SecurityGroups(
            self,
            "SecurityGroups",
            vpc=self.vpc,
            vpc_cidr=network.cidr,
            flows=flows.table(settings),
            cloudfront_prefix_list=settings.edge.origin_prefix_list
            or versions.CLOUDFRONT_ORIGIN_PREFIX_LISTS[settings.region],
            group_of=flows.security_group_of,
            shares_egress=flows.shares_egress,
        )
        subnets = self.vpc.private_subnets
        S3GatewayEndpoint(self, "S3", vpc=self.vpc, subnets=subnets)
        InterfaceEndpoints(
            self,
            "Endpoints",
            vpc=self.vpc,
            aws_services=network.endpoints,
            subnets=subnets,
            security_group=self.security_groups.of("endpoints"),
            # Brokers access their bucket only with tokens of the cluster.
            tokens=settings.kubernetes.redpanda.tiered_storage is not None,
        )
        log_key = flow_logs(self, settings=settings, vpc=self.vpc)
        DefaultGroupFunction(
            self, "DefaultGroupFunction", key=log_key, log_retention=self.log_retention.security
        )
        logs = LogBucket(
            self,
            "BalancerLogs",
            retention_days=settings.data.buckets.log_days,
            query_prefixes=REQUEST_LOGS,
            only_other_stacks=True,
            removal_policy=self.data_removal,
        )
        self.balancer_logs = logs.bucket
        # The private origin of CloudFront is here, so that `edge` does not wait for the cluster.
        self.gateway = GatewayLoadBalancer(
            self,
            "Gateway",
            vpc=self.vpc,
            security_group=self.security_groups.of(flows.GATEWAY),
            certificate=internal_certificate(self, settings, host="gateway"),
            access_logs=self.balancer_logs,
            cluster_name=settings.resource_prefix,
            deletion_protection=settings.production,
            capacity_units=network.load_balancer_units,
        )
        # Elastic Load Balancing writes a test object when logs are enabled. It needs the policy.
        self.gateway.load_balancer.node.add_dependency(logs)
        export_connections(self, settings=settings)
        self.private_zone: route53.IHostedZone = route53.PrivateHostedZone(
            self, "Zone", zone_name=settings.private_domain, vpc=self.vpc
        )
