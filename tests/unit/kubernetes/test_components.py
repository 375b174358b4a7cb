"""Errors and optional behaviour of the parts of releases; promises cover their defaults."""

import re
from math import ceil
from types import SimpleNamespace
from typing import Any

import aws_cdk as cdk
import pytest
import yaml
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_eks_v2 as eks
from aws_cdk import aws_iam as iam
from aws_cdk.assertions import Template

from spotmusic_cdk.namespaces import namespaces
from spotmusic_cdk.settings.brokers import RedpandaSettings
from spotmusic_cdk.settings.kubernetes import KeycloakSettings
from spotmusic_constructs.gateway import kong_values
from spotmusic_constructs.kubernetes import pod
from spotmusic_constructs.kubernetes.certificate import Certificate, service_names
from spotmusic_constructs.kubernetes.cluster_base import ClusterBase
from spotmusic_constructs.kubernetes.external_secret import ExternalSecret, SecretField
from spotmusic_constructs.kubernetes.helm_release import LocalChart
from spotmusic_constructs.kubernetes.images import images_of
from spotmusic_constructs.kubernetes.namespace import Namespace
from spotmusic_constructs.kubernetes.pod import BROKER_POOL, HOST, spread
from spotmusic_constructs.kubernetes.pod_identity import PodIdentity
from spotmusic_constructs.kubernetes.secrets_and_certificates import SecretsAndCertificates
from tests.charts.quantities import number
from tests.conftest import new_stack, sample_of
from tests.helm_values import Images, cluster_in, releases, values_of
from tests.unit.imported import group_of, key_of
from tools.checkout import ROOT
from tools.model.helm import render
from tools.model.values import Json

CHARTS = ROOT / "charts"


def ground(**options: Any) -> cdk.Stack:
    """Stack with the release `ground` for one namespace."""
    stack = new_stack()
    ClusterBase(
        stack,
        "Ground",
        cluster=cluster_in(stack),
        chart=LocalChart(path=CHARTS / "ground"),
        kubernetes_version="1.36",
        node_role=iam.Role.from_role_name(stack, "NodeRole", "nodes"),
        subnets=[ec2.Subnet.from_subnet_id(stack, name, f"subnet-{name}") for name in "abc"],
        node_security_group=group_of(stack, "sg-nodes"),
        key=key_of(stack),
        namespaces={"kong": Namespace()},
        flows=(),
        vpc_cidr="10.40.0.0/16",
        tags={"Project": "spotmusic"},
        **options,
    )
    return stack


def ground_values(**options: Any) -> Json:
    return values_of(ground(**options), "ground")


def test_ground_ends_after_its_nodes() -> None:
    """Without waiting, the role of the nodes is deleted while an instance profile has it."""
    assert releases(ground())["ground"]["Wait"] is True


def test_storage_class_deletes_volumes_on_request() -> None:
    found = ground_values(removal_policy=cdk.RemovalPolicy.DESTROY)["storageClass"]["reclaimPolicy"]
    assert found == "Delete"


@pytest.mark.parametrize("tags", [{"Owner": "{{ .PVCName }}"}, {"Owner": ""}, {"Own=er": "a"}])
def test_ground_chart_rejects_driver_placeholders(tags: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="does not match pattern"):
        render(CHARTS / "ground", "ground", "kube-system", {**ground_values(), "tags": tags})


def test_node_lifetime_fits_auto_mode() -> None:
    """EKS Auto Mode replaces nodes after 21 days."""
    pools = [
        m
        for m in render(CHARTS / "ground", "ground", "kube-system", ground_values())
        if m["kind"] == "NodePool"
    ]
    assert pools
    for pool in pools:
        spec = pool["spec"]["template"]["spec"]
        assert (
            sum(
                int(spec[key].removesuffix("h"))
                for key in ("expireAfter", "terminationGracePeriod")
            )
            <= 21 * 24
        )


def test_broker_pool_has_room_for_largest_settings() -> None:
    """A node for each broker, and one more while a broker moves. A node may be twice as large as
    its pod.
    """
    bounds = RedpandaSettings.model_json_schema()["properties"]
    brokers, cpu, memory = (bounds[key]["maximum"] for key in ("brokers", "cpu", "memory_gib"))
    manifests = render(CHARTS / "ground", "ground", "kube-system", ground_values())
    (limits,) = (m["spec"]["limits"] for m in manifests if m["metadata"]["name"] == BROKER_POOL)
    assert (brokers + 1) * cpu * 2 <= number(limits["cpu"])
    assert (brokers + 1) * memory * 2 <= number(limits["memory"]) / 2**30


@pytest.mark.parametrize("most", [2, 24, 400])
def test_kong_namespace_holds_new_and_ending_pods(most: int) -> None:
    """Pods that end count until they are gone: a refused pod would delay a rolling update, which
    has seven minutes.
    """
    surge = kong_values.pods(2, most)["updateStrategy"]
    assert surge == {
        "type": "RollingUpdate",
        "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": 0},
    }
    kubernetes = sample_of("prod").kubernetes
    kubernetes = kubernetes.model_copy(
        update={"kong": kubernetes.kong.model_copy(update={"max_replicas": most})}
    )
    quota = namespaces(sample_of("prod").model_copy(update={"kubernetes": kubernetes}))[
        "kong"
    ].quota
    assert quota.pods >= most + 2 * ceil(most / 4)


def test_keycloak_namespace_holds_all_replicas() -> None:
    most = KeycloakSettings.model_json_schema()["properties"]["replicas"]["maximum"]
    kubernetes = sample_of("prod").kubernetes
    kubernetes = kubernetes.model_copy(
        update={"keycloak": kubernetes.keycloak.model_copy(update={"replicas": most})}
    )
    assert (
        namespaces(sample_of("prod").model_copy(update={"kubernetes": kubernetes}))[
            "keycloak"
        ].quota.pods
        > most
    )


def test_cluster_base_creates_all_priority_classes() -> None:
    code = "".join(path.read_text() for path in (ROOT / "constructs").rglob("*.py"))
    named = {getattr(pod, name) for name in re.findall(r'"priorityClassName": ([\w"-]+)', code)}
    ground = yaml.safe_load((CHARTS / "ground" / "values.yaml").read_text())
    assert named == ground["priorityClasses"].keys()


def test_duplicate_certificate_is_rejected() -> None:
    twice = [Certificate(namespace="kong", name="tls", dns_names=("a",))] * 2
    stack = new_stack()
    arguments: Json = {
        "chart": LocalChart(path=CHARTS / "trust"),
        "region": "sa-east-1",
        "external_secrets": [],
    }
    with pytest.raises(ValueError, match="kong/tls is a duplicate name"):
        SecretsAndCertificates(
            stack, "Trust", cluster=cluster_in(stack), certificates=twice, **arguments
        )


def test_external_secret_template_defines_keys() -> None:
    fields = {"password": SecretField(secret_arn="arn:secret", field="password")}
    assert ExternalSecret(namespace="a", name="b", fields=fields).keys == {"password"}
    assert ExternalSecret(
        namespace="a", name="b", fields=fields, template={"conf": "{{ .password }}"}
    ).keys == {"conf"}


def test_headless_service_names_include_pods() -> None:
    assert "*.nodes.mq.svc.cluster.local" in service_names("nodes", "mq", pods=True)


def test_image_without_tag_is_rejected() -> None:
    chart = SimpleNamespace(
        name="chart",
        version="1.2.3",
        repository="https://charts.example.com",
        images={"main": "quay.io/keycloak"},
    )
    with pytest.raises(ValueError, match="exact tag"):
        images_of(chart, Images())


def test_zone_spread_has_minimum_domains() -> None:
    assert spread({"app": "kong"})["minDomains"] == 2
    assert spread({"app": "broker"}, zones=3)["minDomains"] == 3
    assert "minDomains" not in spread({"app": "kong"}, over=HOST)


def test_spread_of_each_revision_ignores_old_pods() -> None:
    assert spread({"app": "kong"}, each_revision=True)["matchLabelKeys"] == ["pod-template-hash"]
    assert "matchLabelKeys" not in spread({"app": "broker"})


def test_pod_role_without_statements_has_no_policy() -> None:
    stack = new_stack()
    cluster = eks.Cluster.from_cluster_attributes(stack, "Cluster", cluster_name="spotmusic-test")
    PodIdentity(
        stack,
        "Identity",
        cluster=cluster,
        namespace="a",
        service_account="b",
        description="Nothing yet",
    )
    assert not Template.from_stack(stack).find_resources("AWS::IAM::ManagedPolicy")


def test_pod_security_exception_requires_reason() -> None:
    with pytest.raises(ValueError, match="Give the reason in `because`"):
        Namespace(pod_security="privileged")
    found = Namespace(pod_security="privileged", because="It reads the host.").to_values([])[
        "podSecurity"
    ]
    assert found == "privileged"


def test_namespace_admits_experiments_on_request() -> None:
    assert "experimentsBy" not in Namespace().to_values([])
    assert Namespace(experiments_by="faults").to_values([])["experimentsBy"] == "faults"
