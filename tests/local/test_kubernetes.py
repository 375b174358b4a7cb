"""Charts on a real API server: the provider function runs the layer's Helm as on EKS.

One deployment of the platform's stack serves all tests of this file in order.
"""

import base64
import io
import json
import os
import re
from collections.abc import Callable, Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.local.changed_assembly import Resources, changed_assembly
from tests.local.state import ROOT, own_state
from tools.local_aws import process
from tools.local_aws.assembly import SynthesizedStack, stacks
from tools.local_aws.cli import CdkCli, CliError
from tools.local_aws.cloudformation import failures, resources, status
from tools.local_aws.custom_resources import HELM_CHART
from tools.local_aws.deployment import LocalDeployment
from tools.local_aws.kubernetes import status_endpoint
from tools.local_aws.kubernetes.api import KubernetesApi, KubernetesError
from tools.local_aws.kubernetes.source import Credentials, NotDisposableError, source, variables
from tools.local_aws.kubernetes.status_endpoint import ClusterState
from tools.local_aws.progress import Steps
from tools.local_aws.session import client
from tools.local_aws.workspace import RunningEmulator, Workspace

REGION, STACK = "sa-east-1", "dev/eks-platform"


def why_not() -> str:
    """Returns the reason without an API server; empty if there is one."""
    try:
        variables(os.environ)
        found = source(os.environ)
    except NotDisposableError as error:
        return str(error)
    return "" if found else "no API server is available. Set KUBEBUILDER_ASSETS (folder of etcd and kube-apiserver) or KUBECONFIG"


pytestmark = [pytest.mark.local, pytest.mark.skipif(bool(why_not()), reason=why_not())]


class Released:
    """Deployment and its output."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        steps = Steps(output=io.StringIO())
        self.deployment = LocalDeployment(workspace=workspace, environment="dev", region=REGION, steps=steps)
        self.summary = self.deployment.up(selection=STACK)

    @property
    def emulator(self) -> RunningEmulator:
        emulator = process.running(self.workspace)
        assert emulator is not None
        return emulator

    @cached_property
    def state(self) -> ClusterState:
        state = status_endpoint.state(self.emulator)
        assert state is not None
        return state

    @property
    def stack(self) -> SynthesizedStack:
        return next(stack for stack in stacks(self.workspace.assembly, environment="dev") if stack.id == STACK)

    def deploy(self, into: Path, release: str, change: Callable[[dict[str, Any]], None]) -> None:
        """Deploys the stack with one changed release."""

        def change_it(resources: Resources) -> None:
            for resource in resources.values():
                if resource["Type"] == HELM_CHART and resource["Properties"]["Release"] == release:
                    change(resource["Properties"])

        assembly = changed_assembly(self.workspace.assembly, self.stack, change_it, into=into)
        CdkCli(workspace=self.workspace, endpoint=self.emulator.endpoint, region=REGION).deploy(STACK, concurrency=1, assembly=assembly)

    def objects(self, release: str) -> set[tuple[str, str, str]]:
        found = next(entry for entry in self.state.releases if entry["name"] == release)
        return {(item["kind"], item["namespace"], item["name"]) for item in found["objects"]}


@pytest.fixture(scope="module")
def released(request: pytest.FixtureRequest) -> Iterator[Released]:
    with own_state("kubernetes", request, clusters=True) as workspace:
        yield Released(workspace)


def revisions(api: KubernetesApi, release: str) -> dict[str, str]:
    """Status of each revision of a release in the system namespace."""
    secrets = api.items(f"/api/v1/namespaces/kube-system/secrets?labelSelector=owner%3Dhelm%2Cname%3D{release}")
    found = {secret["metadata"]["labels"]["version"]: secret["metadata"]["labels"]["status"] for secret in secrets}
    return dict(sorted(found.items(), key=lambda entry: int(entry[0])))


def our_charts() -> set[str]:
    return {str(yaml.safe_load(file.read_text())["name"]) for file in (ROOT / "charts").glob("*/Chart.yaml")}


def test_own_charts_are_released(released: Released) -> None:
    ours = {entry["chart"].split()[0]: entry for entry in released.state.releases}
    platform = {entry["name"] for entry in released.state.releases}
    assert {"ground", "trust", "bindings", "rabbitmq"} <= set(ours) & our_charts(), platform
    for release in released.state.releases:
        assert (release["name"], release["status"], release["missing"]) == (release["name"], "deployed", [])
        assert release["objects"] or release["hooks"], release["name"]


def test_namespaces_have_pod_security_labels(released: Released) -> None:
    namespaces = {name for kind, _namespace, name in released.objects("ground") if kind == "Namespace"}
    assert {"kong", "keycloak", "redpanda", "rabbitmq", "monitoring"} <= namespaces


def test_summary_lists_release_objects(released: Released) -> None:
    assert re.search(r"^Kubernetes v1\.\d+\.\d+.*: \d+ Helm releases installed by the layer's own Helm", released.summary, re.MULTILINE)
    assert re.search(r"^  ground \(ground [\d.]+\): \d+ objects$", released.summary, re.MULTILINE)
    assert "Helm does not wait (--wait, --atomic), no hook runs" in released.summary
    assert "eks.amazonaws.com/v1 (any field): NodeClass, TargetGroupBinding" in released.summary


def test_summary_names_recorded_releases(released: Released) -> None:
    recorded = {
        record["logical_id"]: record["properties"] for record in process.recorded(released.emulator) if record["type"] == HELM_CHART
    }
    charts = [resource for resource in resources(released.emulator.endpoint, released.stack) if resource.type == HELM_CHART]
    installed = {entry["name"] for entry in released.state.releases}
    for chart in charts:
        name = chart.properties["Release"]
        assert (name in installed) != (chart.logical_id in recorded), name
        assert name in released.summary


@pytest.fixture(scope="module")
def api(released: Released, tmp_path_factory: pytest.TempPathFactory) -> KubernetesApi:
    """API server with the endpoint of `DescribeCluster` and a token of `aws eks get-token`, like
    the provider function.
    """
    eks, sts = (client(service, released.emulator.endpoint, region=REGION) for service in ("eks", "sts"))
    (name,) = eks.list_clusters()["clusters"]
    cluster = eks.describe_cluster(name=name)["cluster"]
    url = sts.generate_presigned_url("get_caller_identity")
    token = "k8s-aws-v1." + base64.urlsafe_b64encode(url.encode()).decode().rstrip("=")
    authority = base64.b64decode(cluster["certificateAuthority"]["data"]).decode()
    credentials = Credentials(server=cluster["endpoint"], authority=authority, token=token)
    return KubernetesApi(credentials=credentials, folder=tmp_path_factory.mktemp("api"))


def test_eks_cluster_is_the_api_server(released: Released, api: KubernetesApi) -> None:
    assert api.version() == released.state.version


def test_namespace_rejects_privileged_pod(api: KubernetesApi) -> None:
    container = {"name": "main", "image": "busybox", "securityContext": {"privileged": True}}
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "intruder"}, "spec": {"containers": [container]}}
    with pytest.raises(KubernetesError, match='violates PodSecurity "restricted'):
        api.request("POST", "/api/v1/namespaces/kong/pods?dryRun=All", pod)


def test_custom_resource_with_unknown_field_is_rejected(released: Released, api: KubernetesApi) -> None:
    if "cert-manager.io/v1 (any field)" in released.summary:
        pytest.skip("neither the chart of cert-manager nor SPOTMUSIC_SCHEMAS is available: the stub accepts any field")
    spec = {"secretName": "tls", "issuerRef": {"name": "ca"}, "dnsName": ["kong"]}
    wrong = {"apiVersion": "cert-manager.io/v1", "kind": "Certificate", "metadata": {"name": "x"}, "spec": spec}
    with pytest.raises(KubernetesError, match=r'unknown field "spec\.dnsName"'):
        api.request("POST", "/apis/cert-manager.io/v1/namespaces/kong/certificates?dryRun=All&fieldValidation=Strict", wrong)


def test_a_changed_release_is_upgraded(released: Released, api: KubernetesApi, tmp_path: Path) -> None:
    released.deploy(tmp_path / "upgrade", "bindings", lambda properties: properties.update(Timeout="601s"))
    assert revisions(api, "bindings") == {"1": "superseded", "2": "deployed"}


def test_changed_tags_keep_storage_class(released: Released, api: KubernetesApi, tmp_path: Path) -> None:
    def book_elsewhere(properties: dict[str, Any]) -> None:
        properties["Values"] = json.loads(re.sub(r'(CostCenter\\":\\")[^\\]*', r"\1elsewhere", json.dumps(properties["Values"])))

    (before,) = api.items("/apis/storage.k8s.io/v1/storageclasses")
    assert "CostCenter=streaming" in before["parameters"].values()
    released.deploy(tmp_path / "tags", "ground", book_elsewhere)
    (node_class,) = api.items("/apis/eks.amazonaws.com/v1/nodeclasses")
    assert node_class["spec"]["tags"]["CostCenter"] == "elsewhere"
    (after,) = api.items("/apis/storage.k8s.io/v1/storageclasses")
    assert (after["metadata"]["uid"], after["parameters"]) == (before["metadata"]["uid"], before["parameters"])


def test_rejected_values_roll_back_release(released: Released, api: KubernetesApi, tmp_path: Path) -> None:
    def break_it(properties: dict[str, Any]) -> None:
        properties["Values"] = json.loads(re.sub(r'(kubernetesVersion\\":\\")[^\\]*', r"\1none", json.dumps(properties["Values"])))

    with pytest.raises(CliError):
        released.deploy(tmp_path / "broken", "ground", break_it)
    assert any("kubernetesVersion" in failure for failure in failures(released.emulator.endpoint, released.stack))
    assert status(released.emulator.endpoint, released.stack) == "UPDATE_ROLLBACK_COMPLETE"
    assert revisions(api, "ground").popitem()[1] == "deployed"


def test_down_uninstalls_releases(released: Released) -> None:
    summary = released.deployment.down()
    assert "Kept in the cluster, as its charts ask (helm.sh/resource-policy)" in summary
    assert not [line for line in process.command_lines() if str(released.workspace.folder) in line and "kube-apiserver" in line]
    assert not [line for line in process.command_lines() if str(released.workspace.folder) in line and "etcd" in line.split()[0]]
