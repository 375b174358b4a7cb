"""Templates contain the eighteen components of the platform, as resources or Helm releases."""

import json
from collections.abc import Callable

import pytest

from tests.conftest import Template

RESOURCES = {
    "C3 ElastiCache": ("data", "AWS::ElastiCache::ReplicationGroup"),
    "I1 VPC": ("network", "AWS::EC2::VPC"),
    "I2 ECR": ("registry", "AWS::ECR::Repository"),
    "I3 ECS": ("ecs-services", "AWS::ECS::Service"),
    "I4 Secrets Manager": ("secrets", "AWS::SecretsManager::Secret"),
    "I4 Parameter Store": ("secrets", "AWS::SSM::Parameter"),
    "I5 S3": ("data", "AWS::S3::Bucket"),
    "I6 CloudFront": ("edge", "AWS::CloudFront::Distribution"),
    "I7 WAF": ("edge", "AWS::WAFv2::WebACL"),
    "I8 CloudWatch alarms": ("observability", "AWS::CloudWatch::Alarm"),
    "I8 CloudWatch dashboards": ("observability", "AWS::CloudWatch::Dashboard"),
    "I8 CloudWatch logs": ("observability", "AWS::Logs::LogGroup"),
    "I9 RDS": ("data", "AWS::RDS::DBInstance"),
    "I10 ELB gateway and brokers": ("eks-platform", "AWS::ElasticLoadBalancingV2::LoadBalancer"),
    "I10 ELB services": ("ecs-services", "AWS::ElasticLoadBalancingV2::LoadBalancer"),
    "I11 EKS": ("eks-platform", "AWS::EKS::Cluster"),
}
RELEASES = {
    "C1 Redpanda": ("eks-platform", "redpanda"),
    "C2 RabbitMQ": ("eks-platform", "rabbitmq"),
    "C4 Prometheus and C5 Grafana": ("observability", "monitoring"),
    "C6 Kong": ("eks-platform", "kong"),
    "C7 Keycloak": ("eks-platform", "keycloak"),
}


@pytest.mark.parametrize("environment", ["dev", "prod"])
@pytest.mark.parametrize("component", RESOURCES)
def test_a_component_is_a_resource(templates: Callable[[str], dict[str, Template]], environment: str, component: str) -> None:
    stack, resource_type = RESOURCES[component]
    assert resource_type in {resource["Type"] for resource in templates(environment)[stack]["Resources"].values()}


@pytest.mark.parametrize("environment", ["dev", "prod"])
@pytest.mark.parametrize("component", RELEASES)
def test_a_component_is_a_release(templates: Callable[[str], dict[str, Template]], environment: str, component: str) -> None:
    stack, release = RELEASES[component]
    releases = {
        resource["Properties"]["Release"]: resource["Properties"]
        for resource in templates(environment)[stack]["Resources"].values()
        if resource["Type"] == "Custom::AWSCDK-EKS-HelmChart"
    }
    assert release in releases
    assert len(json.dumps(releases[release]["Values"])) > 100
