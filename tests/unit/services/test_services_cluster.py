import pytest

from tests.model.values import Json
from tests.templates import only
from tests.unit.services.service_fixture import ServiceFixture


@pytest.fixture(scope="module")
def template() -> Json:
    fixture = ServiceFixture()
    fixture.cluster()
    return fixture.template()


def test_container_insights_are_enhanced(template: Json) -> None:
    assert {"Name": "containerInsights", "Value": "enhanced"} in only(template["Resources"], "AWS::ECS::Cluster")["ClusterSettings"]


def test_cluster_namespace_is_private_dns(template: Json) -> None:
    namespace = only(template["Resources"], "AWS::ServiceDiscovery::PrivateDnsNamespace")
    assert (namespace["Name"], namespace["Vpc"]) == ("svc.dev.spotmusic.internal", "vpc-0")
    assert "Namespace" in only(template["Resources"], "AWS::ECS::Cluster")["ServiceConnectDefaults"]


def test_cluster_has_both_fargate_providers(template: Json) -> None:
    capacity = only(template["Resources"], "AWS::ECS::ClusterCapacityProviderAssociations")
    assert set(capacity["CapacityProviders"]) == {"FARGATE", "FARGATE_SPOT"}


def test_cluster_encrypts_sessions(template: Json) -> None:
    assert ":key/" in only(template["Resources"], "AWS::ECS::Cluster")["Configuration"]["ExecuteCommandConfiguration"]["KmsKeyId"]


def test_container_insights_log_is_encrypted(template: Json) -> None:
    group = only(template["Resources"], "AWS::Logs::LogGroup")
    (cluster,) = (id_ for id_, resource in template["Resources"].items() if resource["Type"] == "AWS::ECS::Cluster")
    name = ["", ["/aws/ecs/containerinsights/", {"Ref": cluster}, "/performance"]]
    assert group["LogGroupName"] == {"Fn::Join": name}
    assert ":key/" in group["KmsKeyId"]
    assert group["RetentionInDays"] == 365
