"""Manifests of charts, rendered by the Helm of the kubectl layer."""

import hashlib
import json
import pickle
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

from tools.model.values import Json
from tools.supply_chain.kubectl_layer import program

_RENDERED: dict[str, bytes] = {}
"""Pickled manifests by checksum of all that Helm reads; forks of tools/mutants inherit them."""


def render(
    chart: Path,
    release: str,
    namespace: str,
    values: Json,
    *,
    kubernetes: str = "1.36",
    apis: Iterable[str] = (),
) -> list[Json]:
    """Return the manifests of a release; Helm renders a chart with equal values once.

    Args:
        chart: folder or archive of the chart.
        release: name of the release.
        namespace: namespace of the release.
        values: values of the chart.
        kubernetes: version of the cluster, which selects the Lambda layer with Helm.
        apis: further API versions of the cluster.

    Raises:
        ValueError: if Helm fails or a manifest has a duplicate key; the message has the output.
    """
    options = [
        "--namespace",
        namespace,
        "--kube-version",
        f"{kubernetes}.0",
        *(word for api in apis for word in ("--api-versions", api)),
    ]
    given = json.dumps(values)
    key = hashlib.sha256(
        json.dumps([release, options, given, _content(chart)]).encode()
    ).hexdigest()
    if key not in _RENDERED:
        command = [
            str(program("helm", kubernetes=kubernetes)),
            "template",
            release,
            str(chart),
            *options,
            "--values",
            "-",
        ]
        done = subprocess.run(command, input=given, capture_output=True, text=True, check=False)
        if done.returncode:
            raise ValueError(done.stderr)
        _RENDERED[key] = pickle.dumps(manifests_in(done.stdout))
    manifests: list[Json] = pickle.loads(_RENDERED[key])  # noqa: S301 (our own)
    return manifests


def _content(chart: Path) -> dict[str, str]:
    """Return the checksum of each file of a chart."""
    files = (
        sorted(path for path in chart.rglob("*") if path.is_file()) if chart.is_dir() else [chart]
    )
    return {
        str(path.relative_to(chart)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in files
    }


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """YAML loader that rejects duplicate keys, as Kubernetes does."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        for key in keys:
            if keys.count(key) > 1:
                raise ValueError(
                    f"duplicate key {key!r}, "
                    f"line {node.start_mark.line + 1} of the rendered manifests"
                )
        return {
            key: self.construct_object(value, deep=True)
            for key, (_, value) in zip(keys, node.value, strict=True)
        }


# A definition of the Prometheus operator has a bare `=` as text. YAML 1.1 has a type for it.
_Loader.add_constructor("tag:yaml.org,2002:value", lambda loader, node: str(node.value))
_Loader.add_constructor("tag:yaml.org,2002:map", _Loader.construct_mapping)


def manifests_in(text: str) -> list[Json]:
    """Return the manifests of a stream of YAML documents, with lists flattened.

    Raises:
        ValueError: if a mapping has a duplicate key.
    """
    found = [manifest for manifest in yaml.load_all(text, _Loader) if manifest]
    return [
        item
        for manifest in found
        for item in (manifest["items"] if manifest["kind"].endswith("List") else [manifest])
    ]
