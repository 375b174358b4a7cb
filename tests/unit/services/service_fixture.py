"""Imported network and cluster for the tests of one construct."""

from typing import Any

from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_iam as iam
from aws_cdk import aws_route53 as route53
from aws_cdk import aws_secretsmanager as secretsmanager
from aws_cdk.assertions import Template

from spotmusic_constructs.services.access import Access
from spotmusic_constructs.services.fargate_service import FargateService
from spotmusic_constructs.services.image import ServiceImage
from spotmusic_constructs.services.load_balancer import ServicesLoadBalancer
from spotmusic_constructs.services.route import Route
from spotmusic_constructs.services.services_cluster import ServicesCluster
from tests.conftest import new_stack
from tests.helm_values import secret_in
from tests.unit.imported import group_of, key_of, logs_of, vpc_of
from tools.model.values import ACCOUNT, Json

IMAGE = ServiceImage(
    name=f"{ACCOUNT}.dkr.ecr.sa-east-1.amazonaws.com/playback:1.0.0",
    health_command=("CMD", "healthcheck"),
    repository_arn=f"arn:aws:ecr:sa-east-1:{ACCOUNT}:repository/playback",
)


class ServiceFixture:
    """Imported resources around a service."""

    def __init__(self) -> None:
        self.stack = new_stack()
        self.vpc, self.security_group, self.key = (
            vpc_of(self.stack),
            group_of(self.stack, "sg-0"),
            key_of(self.stack),
        )

    def secret(self, name: str) -> secretsmanager.ISecret:
        return secret_in(self.stack, name)

    def cluster(self) -> ecs.Cluster:
        return ServicesCluster(
            self.stack,
            "Cluster",
            vpc=self.vpc,
            namespace="svc.dev.spotmusic.internal",
            key=self.key,
        ).cluster

    def route(self, path: str, priority: int) -> Route:
        names = {"hosted_zone_id": "Z0123456789", "zone_name": "dev.spotmusic.internal"}
        zone = route53.HostedZone.from_hosted_zone_attributes(self.stack, "Zone", **names)
        parts: Json = {
            "vpc": self.vpc,
            "security_group": self.security_group,
            "hosted_zone": zone,
            "access_logs": logs_of(self.stack),
            "certificate": None,
        }
        balancer = ServicesLoadBalancer(self.stack, "LoadBalancer", **parts)
        return Route(
            listener=balancer.listener,
            load_balancer=balancer.load_balancer,
            path=path,
            priority=priority,
        )

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
        return iam.Role.from_role_arn(
            self.stack, "Shifting", f"arn:aws:iam::{ACCOUNT}:role/shifting", mutable=False
        )

    def template(self) -> Json:
        return dict(Template.from_stack(self.stack).to_json())
