"""Imported network and cluster for the tests of one construct."""

from typing import Any

from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_route53 as route53
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_secretsmanager as secretsmanager
from aws_cdk.assertions import Template

from spotmusic_constructs.services.access import Access
from spotmusic_constructs.services.fargate_service import FargateService
from spotmusic_constructs.services.image import ServiceImage
from spotmusic_constructs.services.load_balancer import ServicesLoadBalancer
from spotmusic_constructs.services.route import Route
from spotmusic_constructs.services.services_cluster import ServicesCluster
from tests.conftest import new_stack
from tests.model.values import Json

ACCOUNT = "111122223333"
IMAGE = ServiceImage(
    name=f"{ACCOUNT}.dkr.ecr.sa-east-1.amazonaws.com/playback:1.0.0",
    health_command=("CMD", "healthcheck"),
    repository_arn=f"arn:aws:ecr:sa-east-1:{ACCOUNT}:repository/playback",
)


class ServiceFixture:
    """Imported resources around a service."""

    def __init__(self) -> None:
        self.stack = new_stack()
        self.vpc = ec2.Vpc.from_vpc_attributes(
            self.stack,
            "Vpc",
            vpc_id="vpc-0",
            vpc_cidr_block="10.0.0.0/16",
            availability_zones=["sa-east-1a", "sa-east-1b", "sa-east-1c"],
            private_subnet_ids=["subnet-a", "subnet-b", "subnet-c"],
            private_subnet_names=["application"],
        )
        self.security_group = ec2.SecurityGroup.from_security_group_id(self.stack, "Group", "sg-0", mutable=False)
        self.key = kms.Key.from_key_arn(self.stack, "Key", f"arn:aws:kms:sa-east-1:{ACCOUNT}:key/00000000-0000-0000-0000-000000000000")
        self.logs = s3.Bucket.from_bucket_name(self.stack, "LogBucket", "logs")
        self.zone = route53.HostedZone.from_hosted_zone_attributes(
            self.stack, "Zone", hosted_zone_id="Z0123456789", zone_name="dev.spotmusic.internal"
        )

    def secret(self, name: str) -> secretsmanager.ISecret:
        return secretsmanager.Secret.from_secret_complete_arn(
            self.stack, f"Secret{name}", f"arn:aws:secretsmanager:sa-east-1:{ACCOUNT}:secret:{name}-AbCdEf"
        )

    def cluster(self) -> ecs.Cluster:
        return ServicesCluster(self.stack, "Cluster", vpc=self.vpc, namespace="svc.dev.spotmusic.internal", key=self.key).cluster

    def route(self, path: str, priority: int) -> Route:
        parts: Json = {"vpc": self.vpc, "security_group": self.security_group, "zone": self.zone, "logs": self.logs, "certificate": None}
        balancer = ServicesLoadBalancer(self.stack, "LoadBalancer", **parts)
        return Route(listener=balancer.listener, load_balancer=balancer.load_balancer, path=path, priority=priority)

    def service(self, **more: Any) -> FargateService:
        arguments: Json = {"access": Access(), "image": IMAGE, **more}
        return FargateService(
            self.stack,
            "Playback",
            name="playback",
            cluster=self.cluster(),
            security_group=self.security_group,
            log_key=self.key,
            **arguments,
        )

    def role(self) -> iam.IRole:
        return iam.Role.from_role_arn(self.stack, "Shifting", f"arn:aws:iam::{ACCOUNT}:role/shifting", mutable=False)

    def template(self) -> Json:
        return dict(Template.from_stack(self.stack).to_json())
