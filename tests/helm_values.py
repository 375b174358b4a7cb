"""Fixtures for tests of Helm releases: a cluster without network, and release values of a
template.
"""

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_eks_v2 as eks
from aws_cdk import aws_iam as iam
from aws_cdk import aws_secretsmanager as secretsmanager
from aws_cdk.assertions import Template

from tools.model.resolver import Resolver
from tools.model.templates import RELEASE
from tools.model.values import ACCOUNT, Json

REGISTRY = f"{ACCOUNT}.dkr.ecr.sa-east-1.amazonaws.com"
LARGEST_VALUES = 100_000


class Images:
    """Image names of a registry, with deploy-time tokens."""

    def image(self, reference: str) -> str:
        host, _, path = reference.partition("/")
        registry = f"{cdk.Aws.ACCOUNT_ID}.dkr.ecr.{cdk.Aws.REGION}.{cdk.Aws.URL_SUFFIX}"
        return f"{registry}/{host.split('.')[0]}/{path}"


def cluster_in(stack: cdk.Stack) -> eks.ICluster:
    """Return a cluster of another stack."""
    role = iam.Role.from_role_name(stack, "KubectlRole", "kubectl")
    provider = eks.KubectlProvider.from_kubectl_provider_attributes(
        stack,
        "Kubectl",
        role=role,
        service_token=f"arn:aws:lambda:sa-east-1:{ACCOUNT}:function:kubectl",
    )
    return eks.Cluster.from_cluster_attributes(
        stack, "Cluster", cluster_name="spotmusic-test", kubectl_provider=provider
    )


def secret_in(stack: cdk.Stack, name: str) -> secretsmanager.ISecret:
    """Return a secret of another stack."""
    return secretsmanager.Secret.from_secret_complete_arn(stack, f"Secret-{name}", arn_of(name))


def arn_of(name: str) -> str:
    return f"arn:aws:secretsmanager:sa-east-1:{ACCOUNT}:secret:{name}-AbCdEf"


def releases(stack: cdk.Stack) -> dict[str, Json]:
    """Return the properties of all releases by name, with resolved values."""
    here = _OneStack(Template.from_stack(stack).to_json())
    found = [
        resource["Properties"]
        for resource in here.templates[""]["Resources"].values()
        if resource["Type"] == RELEASE
    ]
    return {
        release["Release"]: {**release, "Values": json.loads(here.text("", release["Values"]))}
        for release in found
    }


class _OneStack(Resolver):
    """Single stack, with references named by their targets."""

    def __init__(self, template: Mapping[str, Any]) -> None:
        self.templates = {"": dict(template)}


def values_of(stack: cdk.Stack, release: str) -> Json:
    return dict(releases(stack)[release]["Values"])


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Yield every value that is not a mapping, with its path."""
    if isinstance(value, Mapping) and value:
        for key, item in value.items():
            yield from leaves(item, f"{path}.{key}" if path else str(key))
    else:
        yield path, value


def schemas() -> Path:
    """Return the folder of chart schemas, or skip the test that needs it."""
    folder = os.environ.get("SPOTMUSIC_SCHEMAS")
    if not folder:
        pytest.skip(
            "SPOTMUSIC_SCHEMAS names no folder with the schemas of charts "
            "(values/<chart>-<version>.schema.json or .keys.txt)"
        )
    return Path(folder)


def schema_errors(chart: str, values: Json) -> list[str]:
    """Return the errors of a chart's schema for the values. Required values may be among its
    defaults.

    Args:
        chart: name and version, such as `redpanda-26.2.1`.
        values: values to check.
    """
    jsonschema = pytest.importorskip(
        "jsonschema", reason="jsonschema checks values against the schemas of charts"
    )
    schema = json.loads((schemas() / "values" / f"{chart}.schema.json").read_text())
    errors = jsonschema.validators.validator_for(schema, default=jsonschema.Draft202012Validator)(
        schema
    ).iter_errors(values)
    wrong = [error for error in errors if error.validator != "required"]
    return [f"{'.'.join(map(str, error.absolute_path))}: {error.message[:200]}" for error in wrong]


def unknown_keys(chart: str, values: Json) -> set[str]:
    """Return the keys that the chart's default values lack, so that the chart may ignore them.

    Args:
        chart: name and version of a chart. Its `.keys.txt` lists the default values with their
            types.
        values: values to check.
    """
    lines = (schemas() / "values" / f"{chart}.keys.txt").read_text().splitlines()
    known = dict(line.split("\t") for line in lines if "\t" in line)
    open_ended = tuple(
        f"{path}."
        for path, kind in known.items()
        if kind.startswith(("map", "list", "NoneType", "str"))
    )
    parents = {path.rpartition(".")[0] for path in known}
    return {
        path
        for path, _ in leaves(values)
        if path not in known | dict.fromkeys(parents) and not path.startswith(open_ended)
    }


def resource_errors(manifests: list[Json]) -> list[str]:
    """Return schema errors of custom resources against their definitions."""
    jsonschema = pytest.importorskip(
        "jsonschema", reason="jsonschema checks resources against their definitions"
    )
    errors = []
    for manifest in manifests:
        group, _, version = manifest["apiVersion"].rpartition("/")
        file = schemas() / "crd" / group / f"{manifest['kind']}.{version}.json"
        if not file.is_file() and file.parent.is_dir():
            errors.append(
                f"{manifest['kind']} {manifest['metadata']['name']}: "
                f"{group} has no kind {manifest['kind']} of version {version}"
            )
        if file.is_file():
            found = jsonschema.Draft202012Validator(json.loads(file.read_text())).iter_errors(
                manifest
            )
            errors += [
                (
                    f"{manifest['kind']} {manifest['metadata']['name']}: "
                    f"{error.json_path}: {error.message[:200]}"
                )
                for error in found
            ]
    return errors
