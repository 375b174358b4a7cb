"""Releases of the project's charts, rendered by the Helm version that deploys them."""

import json
from collections.abc import Callable
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_eks_v2 as eks
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk.assertions import Template

from spotmusic_cdk import flows
from spotmusic_cdk.namespaces import namespaces
from spotmusic_constructs.kubernetes.bindings import Binding, Bindings, broker_bindings
from spotmusic_constructs.kubernetes.certificate import Certificate
from spotmusic_constructs.kubernetes.cluster_base import ClusterBase
from spotmusic_constructs.kubernetes.external_secret import ExternalSecret, SecretField
from spotmusic_constructs.kubernetes.helm_release import LocalChart
from spotmusic_constructs.kubernetes.metrics_server import MetricsServer
from spotmusic_constructs.kubernetes.secrets_and_certificates import SecretsAndCertificates
from tests.conftest import ROOT, new_stack, sample_of
from tests.helm_values import render

CHARTS = ROOT / "charts"
ARN = "arn:aws:kms:sa-east-1:111122223333:key/kubernetes"
TAGS = {"Project": "spotmusic", "CostCenter": "streaming"}
NAMESPACES = namespaces(sample_of("prod"))
Manifests = list[dict[str, Any]]


def cluster_in(stack: cdk.Stack) -> eks.ICluster:
    role = iam.Role.from_role_name(stack, "KubectlRole", "kubectl")
    provider = eks.KubectlProvider.from_kubectl_provider_attributes(
        stack, "Kubectl", role=role, service_token="arn:aws:lambda:sa-east-1:111122223333:function:kubectl"
    )
    return eks.Cluster.from_cluster_attributes(stack, "Cluster", cluster_name="spotmusic-test", kubectl_provider=provider)


def cluster_base_in(stack: cdk.Stack, cluster: eks.ICluster, **options: Any) -> ClusterBase:
    settings = sample_of("prod")
    return ClusterBase(
        stack,
        "Ground",
        cluster=cluster,
        chart=LocalChart(path=CHARTS / "ground"),
        kubernetes_version="1.36",
        node_role=iam.Role.from_role_name(stack, "NodeRole", "nodes"),
        subnets=[ec2.Subnet.from_subnet_id(stack, name, f"subnet-{name}") for name in "abc"],
        node_security_group=ec2.SecurityGroup.from_security_group_id(stack, "Nodes", "sg-nodes"),
        key=kms.Key.from_key_arn(stack, "Key", ARN),
        namespaces=NAMESPACES,
        flows=flows.table(settings),
        vpc_cidr=settings.network.cidr,
        tags=TAGS,
        **options,
    )


@pytest.fixture(scope="module")
def values() -> dict[str, Any]:
    """Values of each release in the template."""
    stack = new_stack()
    cluster = cluster_in(stack)
    ground = cluster_base_in(stack, cluster)
    MetricsServer(stack, "MetricsServer", cluster=cluster, version="v0.8.1-eksbuild.10", after=[ground])
    SecretsAndCertificates(
        stack,
        "Trust",
        cluster=cluster,
        chart=LocalChart(path=CHARTS / "trust"),
        region="sa-east-1",
        certificates=[Certificate(namespace="kong", name="kong-proxy-tls", dns_names=("kong-proxy.kong.svc",))],
        external_secrets=[
            ExternalSecret(
                namespace="redpanda",
                name="redpanda-users",
                fields={"password": SecretField(secret_arn="arn:secret", field="password")},
                template={"users.txt": "playback:{{ .password }}:SCRAM-SHA-512\n"},
            ),
            ExternalSecret(
                namespace="rabbitmq",
                name="rabbitmq-user",
                fields={"password": SecretField(secret_arn="arn:secret", field="password")},
                labels={"rabbitmq.com/topology-operator": "true"},
            ),
        ],
        after=[ground],
    )
    Bindings(
        stack,
        "Bindings",
        cluster=cluster,
        chart=LocalChart(path=CHARTS / "bindings"),
        bindings=[
            Binding(name="kong", namespace="kong", service="kong-proxy", port=8443, target_group_arn="arn:kong"),
            *broker_bindings(
                namespace="redpanda", statefulset="redpanda", port=9094, labels={"app": "redpanda"}, bootstrap="arn:all", brokers=["arn:0"]
            ),
        ],
    )
    resources = Template.from_stack(stack).to_json()["Resources"].values()
    releases = [resource["Properties"] for resource in resources if resource["Type"] == "Custom::AWSCDK-EKS-HelmChart"]
    (add_on,) = [resource for resource in resources if resource["Type"] == "AWS::EKS::Addon"]
    waiting = {release["Release"] for release in releases if release.get("Wait")}
    return {release["Release"]: json.loads(release["Values"]) for release in releases} | {"add-on": add_on, "waiting": waiting}


@pytest.fixture(scope="module")
def manifests(values: dict[str, Any]) -> Callable[[str], Manifests]:
    return lambda chart: render(CHARTS / chart, chart, "kube-system", values[chart])


def of_kind(manifests: Manifests, kind: str) -> dict[str, dict[str, Any]]:
    return {f"{m['metadata'].get('namespace', '')}/{m['metadata']['name']}": m for m in manifests if m["kind"] == kind}


def test_node_class_uses_private_encrypted_subnets(manifests: Callable[[str], Manifests]) -> None:
    ((_, node_class),) = of_kind(manifests("ground"), "NodeClass").items()
    spec = node_class["spec"]
    assert [term["id"] for term in spec["subnetSelectorTerms"]] == ["subnet-a", "subnet-b", "subnet-c"]
    assert spec["securityGroupSelectorTerms"] == [{"id": "sg-nodes"}]
    assert spec["ephemeralStorage"]["kmsKeyID"] == ARN
    assert spec["role"] == "nodes"
    assert node_class["metadata"]["name"] != "default"


def test_ground_release_waits(values: dict[str, Any]) -> None:
    """The node role is deleted after the release: IAM denies it while an instance profile of the
    NodeClass contains the role.
    """
    assert "ground" in values["waiting"]


def test_network_policy_controller_is_enabled(manifests: Callable[[str], Manifests]) -> None:
    (found,) = of_kind(manifests("ground"), "ConfigMap").values()
    assert (found["metadata"]["name"], found["metadata"]["namespace"]) == ("amazon-vpc-cni", "kube-system")
    assert found["data"] == {"enable-network-policy-controller": "true"}


def test_broker_node_pool_is_on_demand(manifests: Callable[[str], Manifests]) -> None:
    pools = of_kind(manifests("ground"), "NodePool")
    spec = pools["/brokers"]["spec"]
    assert spec["template"]["spec"]["taints"] == [{"key": "dedicated", "value": "brokers", "effect": "NoSchedule"}]
    assert spec["disruption"]["consolidationPolicy"] == "WhenEmpty"
    requirements = {r["key"]: r["values"] for r in spec["template"]["spec"]["requirements"]}
    assert requirements["karpenter.sh/capacity-type"] == ["on-demand"]
    for pool in pools.values():
        hours = [int(pool["spec"]["template"]["spec"][key].removesuffix("h")) for key in ("expireAfter", "terminationGracePeriod")]
        assert sum(hours) <= 21 * 24


def test_storage_class_encrypts_and_retains_volumes(manifests: Callable[[str], Manifests]) -> None:
    (found,) = of_kind(manifests("ground"), "StorageClass").values()
    assert found["parameters"].items() >= {"type": "gp3", "encrypted": "true", "kmsKeyId": ARN}.items()
    assert (found["reclaimPolicy"], found["volumeBindingMode"], found["allowVolumeExpansion"]) == ("Retain", "WaitForFirstConsumer", True)
    assert found["provisioner"] == "ebs.csi.eks.amazonaws.com"


def test_storage_class_deletes_volumes_on_request(values: dict[str, Any]) -> None:
    stack = new_stack()
    cluster_base_in(stack, cluster_in(stack), removal_policy=cdk.RemovalPolicy.DESTROY)
    (release,) = Template.from_stack(stack).find_resources("Custom::AWSCDK-EKS-HelmChart").values()
    found = json.loads(release["Properties"]["Values"])["storageClass"]
    assert (values["ground"]["storageClass"]["reclaimPolicy"], found["reclaimPolicy"]) == ("Retain", "Delete")


def test_nodes_and_volumes_have_given_tags(manifests: Callable[[str], Manifests]) -> None:
    (node_class,) = of_kind(manifests("ground"), "NodeClass").values()
    assert node_class["spec"]["tags"] == TAGS
    (storage_class,) = of_kind(manifests("ground"), "StorageClass").values()
    tag_parameters = [text for name, text in storage_class["parameters"].items() if name.startswith("tagSpecification_")]
    assert sorted(tag_parameters) == ["CostCenter=streaming", "Project=spotmusic"]


@pytest.mark.parametrize("tags", [{"Owner": "{{ .PVCName }}"}, {"Owner": ""}, {"Own=er": "a"}])
def test_ground_chart_rejects_driver_placeholders(values: dict[str, Any], tags: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="does not match pattern"):
        render(CHARTS / "ground", "ground", "kube-system", {**values["ground"], "tags": tags})


def test_namespaces_are_restricted_and_closed(manifests: Callable[[str], Manifests]) -> None:
    rendered = manifests("ground")
    namespaces = {name.removeprefix("/"): m["metadata"]["labels"] for name, m in of_kind(rendered, "Namespace").items()}
    assert namespaces.keys() == NAMESPACES.keys()
    for name, labels in namespaces.items():
        assert labels["pod-security.kubernetes.io/enforce"] == NAMESPACES[name].pod_security
        assert labels["pod-security.kubernetes.io/enforce-version"] == "v1.36"
        assert of_kind(rendered, "ResourceQuota")[f"{name}/quota"]["spec"]["hard"]["services.loadbalancers"] == "0"
        assert f"{name}/defaults" in of_kind(rendered, "LimitRange")
        deny = of_kind(rendered, "NetworkPolicy")[f"{name}/default-deny"]["spec"]
        assert deny["podSelector"] == {}
        assert deny["policyTypes"] == ["Ingress", "Egress"]
        assert "ingress" not in deny
        assert {port["port"] for rule in deny["egress"] for port in rule["ports"]} == {53}


def test_node_readers_are_pod_security_exceptions() -> None:
    assert [name for name, namespace in NAMESPACES.items() if namespace.pod_security != "restricted"] == ["node-metrics", "pod-logs"]


def test_certificates_use_internal_authority(manifests: Callable[[str], Manifests]) -> None:
    rendered = manifests("trust")
    assert {"/spotmusic-internal-ca", "/spotmusic-internal-ca-bootstrap"} == of_kind(rendered, "ClusterIssuer").keys()
    certificates = of_kind(rendered, "Certificate")
    assert certificates["cert-manager/spotmusic-internal-ca"]["spec"]["isCA"] is True
    kong = certificates["kong/kong-proxy-tls"]["spec"]
    assert kong["issuerRef"] == {"group": "cert-manager.io", "kind": "ClusterIssuer", "name": "spotmusic-internal-ca"}
    assert kong["secretName"] == "kong-proxy-tls"


def test_secret_store_reads_secrets_manager(manifests: Callable[[str], Manifests]) -> None:
    rendered = manifests("trust")
    (store,) = of_kind(rendered, "ClusterSecretStore").values()
    assert store["spec"]["provider"] == {"aws": {"service": "SecretsManager", "region": "sa-east-1"}}
    spec = of_kind(rendered, "ExternalSecret")["redpanda/redpanda-users"]["spec"]
    assert spec["secretStoreRef"] == {"kind": "ClusterSecretStore", "name": store["metadata"]["name"]}
    assert spec["data"] == [{"secretKey": "password", "remoteRef": {"key": "arn:secret", "property": "password"}}]
    assert spec["target"]["template"]["data"] == {"users.txt": "playback:{{ .password }}:SCRAM-SHA-512\n"}


def test_external_secret_has_labels(manifests: Callable[[str], Manifests]) -> None:
    spec = of_kind(manifests("trust"), "ExternalSecret")["rabbitmq/rabbitmq-user"]["spec"]
    assert spec["target"]["template"] == {"engineVersion": "v2", "metadata": {"labels": {"rabbitmq.com/topology-operator": "true"}}}


def test_target_group_bindings_use_eks_kind(manifests: Callable[[str], Manifests]) -> None:
    bindings = of_kind(manifests("bindings"), "TargetGroupBinding")
    assert {binding["apiVersion"] for binding in bindings.values()} == {"eks.amazonaws.com/v1"}
    assert bindings["kong/kong"]["spec"] == {
        "serviceRef": {"name": "kong-proxy", "port": 8443},
        "targetGroupARN": "arn:kong",
        "targetType": "ip",
    }


def test_brokers_have_own_services(manifests: Callable[[str], Manifests]) -> None:
    services = of_kind(manifests("bindings"), "Service")
    assert services.keys() == {"redpanda/redpanda-bootstrap", "redpanda/redpanda-broker-0"}
    assert services["redpanda/redpanda-broker-0"]["spec"]["selector"] == {"statefulset.kubernetes.io/pod-name": "redpanda-0"}
    assert {service["spec"]["type"] for service in services.values()} == {"ClusterIP"}


def test_metrics_server_uses_kubelet_port(values: dict[str, Any]) -> None:
    add_on = values["add-on"]
    assert add_on["Properties"]["AddonVersion"] == "v0.8.1-eksbuild.10"
    assert json.loads(add_on["Properties"]["ConfigurationValues"]) == {"containerPort": flows.KUBELET}
    assert [name for name in add_on["DependsOn"] if name.startswith("Ground")]


def test_duplicate_certificate_is_rejected() -> None:
    twice = [Certificate(namespace="kong", name="tls", dns_names=("a",))] * 2
    stack = new_stack()
    cluster = eks.Cluster.from_cluster_attributes(stack, "Cluster", cluster_name="spotmusic-test")
    chart = LocalChart(path=CHARTS / "trust")
    with pytest.raises(ValueError, match="kong/tls is a duplicate name"):
        SecretsAndCertificates(stack, "Trust", cluster=cluster, chart=chart, region="sa-east-1", certificates=twice, external_secrets=[])
