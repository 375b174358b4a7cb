"""Fixtures for tests of Helm releases: a cluster without network, and release values of a
template.
"""

import hashlib
import json
import os
import pickle
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
import yaml
from aws_cdk import aws_eks_v2 as eks
from aws_cdk import aws_iam as iam
from aws_cdk import aws_secretsmanager as secretsmanager
from aws_cdk.assertions import Template

from tests.model.resolver import Resolver
from tests.model.values import ACCOUNT, Json
from tools.supply_chain.kubectl_layer import program

HELM = "Custom::AWSCDK-EKS-HelmChart"
REGISTRY = f"{ACCOUNT}.dkr.ecr.sa-east-1.amazonaws.com"
LARGEST_VALUES = 100_000


class Images:
    """Image names of a registry, with deploy-time tokens."""

    def image(self, reference: str) -> str:
        host, _, path = reference.partition("/")
        return f"{cdk.Aws.ACCOUNT_ID}.dkr.ecr.{cdk.Aws.REGION}.{cdk.Aws.URL_SUFFIX}/{host.split('.')[0]}/{path}"


def cluster_in(stack: cdk.Stack) -> eks.ICluster:
    """Returns a cluster of another stack."""
    role = iam.Role.from_role_name(stack, "KubectlRole", "kubectl")
    provider = eks.KubectlProvider.from_kubectl_provider_attributes(
        stack, "Kubectl", role=role, service_token=f"arn:aws:lambda:sa-east-1:{ACCOUNT}:function:kubectl"
    )
    return eks.Cluster.from_cluster_attributes(stack, "Cluster", cluster_name="spotmusic-test", kubectl_provider=provider)


def secret_in(stack: cdk.Stack, name: str) -> secretsmanager.ISecret:
    """Returns a secret of another stack."""
    return secretsmanager.Secret.from_secret_complete_arn(stack, f"Secret-{name}", arn_of(name))


def arn_of(name: str) -> str:
    return f"arn:aws:secretsmanager:sa-east-1:{ACCOUNT}:secret:{name}-AbCdEf"


def releases(stack: cdk.Stack) -> dict[str, Json]:
    """Returns the properties of every release by name, with resolved values."""
    here = _OneStack(Template.from_stack(stack).to_json())
    found = [resource["Properties"] for resource in here.templates[""]["Resources"].values() if resource["Type"] == HELM]
    return {release["Release"]: {**release, "Values": json.loads(here.text("", release["Values"]))} for release in found}


class _OneStack(Resolver):
    """A single stack, with references named by their targets."""

    def __init__(self, template: Mapping[str, Any]) -> None:
        self.templates = {"": dict(template)}


def values_of(stack: cdk.Stack, release: str) -> Json:
    return dict(releases(stack)[release]["Values"])


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Yields every value that is not a mapping, with its path."""
    if isinstance(value, Mapping) and value:
        for key, item in value.items():
            yield from leaves(item, f"{path}.{key}" if path else str(key))
    else:
        yield path, value


def schemas() -> Path:
    """Returns the folder of chart schemas, or skips the test that needs it."""
    folder = os.environ.get("SPOTMUSIC_SCHEMAS")
    if not folder:
        pytest.skip("SPOTMUSIC_SCHEMAS names no folder with the schemas of charts (values/<chart>-<version>.schema.json or .keys.txt)")
    return Path(folder)


def schema_errors(chart: str, values: Json) -> list[str]:
    """Returns the errors of a chart's schema for the values; required values may come from its defaults.

    Args:
        chart: name and version, such as `redpanda-26.2.1`.
        values: values to look at.
    """
    jsonschema = pytest.importorskip("jsonschema", reason="jsonschema checks values against the schemas of charts")
    schema = json.loads((schemas() / "values" / f"{chart}.schema.json").read_text())
    errors = jsonschema.validators.validator_for(schema, default=jsonschema.Draft202012Validator)(schema).iter_errors(values)
    wrong = [error for error in errors if error.validator != "required"]
    return [f"{'.'.join(map(str, error.absolute_path))}: {error.message[:200]}" for error in wrong]


def unknown_keys(chart: str, values: Json) -> set[str]:
    """Returns the keys that are absent from the chart's default values, so that the chart may ignore them.

    Args:
        chart: name and version of a chart whose `.keys.txt` lists the default values with their types.
        values: values to look at.
    """
    lines = (schemas() / "values" / f"{chart}.keys.txt").read_text().splitlines()
    known = dict(line.split("\t") for line in lines if "\t" in line)
    open_ended = tuple(f"{path}." for path, kind in known.items() if kind.startswith(("map", "list", "NoneType", "str")))
    parents = {path.rpartition(".")[0] for path in known}
    return {path for path, _ in leaves(values) if path not in known | dict.fromkeys(parents) and not path.startswith(open_ended)}


_RENDERED: dict[str, bytes] = {}
"""Pickled manifests by checksum of all that Helm reads; forks of tools/mutants inherit them."""


def render(chart: Path, release: str, namespace: str, values: Json, *, kubernetes: str = "1.36", apis: Iterable[str] = ()) -> list[Json]:
    """Returns the manifests of a release; Helm renders the same chart with the same values once.

    Args:
        chart: folder or archive of the chart.
        release: name of the release.
        namespace: its namespace.
        values: values of the chart.
        kubernetes: version of the cluster; selects the Lambda layer with Helm.
        apis: further API versions of the cluster.

    Raises:
        ValueError: if Helm fails, or a manifest has a duplicate key; the message contains the output.
    """
    options = ["--namespace", namespace, "--kube-version", f"{kubernetes}.0", *(word for api in apis for word in ("--api-versions", api))]
    given = json.dumps(values)
    key = hashlib.sha256(json.dumps([release, options, given, _content(chart)]).encode()).hexdigest()
    if key not in _RENDERED:
        command = [str(program("helm", kubernetes=kubernetes)), "template", release, str(chart), *options, "--values", "-"]
        done = subprocess.run(command, input=given, capture_output=True, text=True, check=False)
        if done.returncode:
            raise ValueError(done.stderr)
        _RENDERED[key] = pickle.dumps(manifests_in(done.stdout))
    manifests: list[Json] = pickle.loads(_RENDERED[key])  # noqa: S301 (our own)
    return manifests


def _content(chart: Path) -> dict[str, str]:
    """Returns the checksum of each file of a chart."""
    files = sorted(path for path in chart.rglob("*") if path.is_file()) if chart.is_dir() else [chart]
    return {str(path.relative_to(chart)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """YAML loader that rejects duplicate keys, as Kubernetes does."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        for key in keys:
            if keys.count(key) > 1:
                raise ValueError(f"duplicate key {key!r}, line {node.start_mark.line + 1} of the rendered manifests")
        return {key: self.construct_object(value, deep=True) for key, (_, value) in zip(keys, node.value, strict=True)}


# A definition of the Prometheus operator has a bare `=` as a text, for which YAML 1.1 has a type of its own.
_Loader.add_constructor("tag:yaml.org,2002:value", lambda loader, node: str(node.value))
_Loader.add_constructor("tag:yaml.org,2002:map", _Loader.construct_mapping)


def manifests_in(text: str) -> list[Json]:
    """Returns the manifests of a stream of YAML documents, with lists flattened.

    Raises:
        ValueError: when a mapping has a key twice.
    """
    found = [manifest for manifest in yaml.load_all(text, _Loader) if manifest]
    return [item for manifest in found for item in (manifest["items"] if manifest["kind"].endswith("List") else [manifest])]


def resource_errors(manifests: list[Json]) -> list[str]:
    """Returns schema errors of custom resources against their definitions."""
    jsonschema = pytest.importorskip("jsonschema", reason="jsonschema checks resources against their definitions")
    errors = []
    for manifest in manifests:
        group, _, version = manifest["apiVersion"].rpartition("/")
        file = schemas() / "crd" / group / f"{manifest['kind']}.{version}.json"
        if not file.is_file() and file.parent.is_dir():
            errors.append(f"{manifest['kind']} {manifest['metadata']['name']}: {group} has no kind {manifest['kind']} of version {version}")
        if file.is_file():
            found = jsonschema.Draft202012Validator(json.loads(file.read_text())).iter_errors(manifest)
            errors += [f"{manifest['kind']} {manifest['metadata']['name']}: {error.json_path}: {error.message[:200]}" for error in found]
    return errors
