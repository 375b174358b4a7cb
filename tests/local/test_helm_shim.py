"""Wrapper of the layer's Helm for clusters without controllers."""

import os
import subprocess
import tarfile
from pathlib import Path

import pytest

from tools.local_aws.kubernetes import helm_shim
from tools.local_aws.kubernetes.charts import Charts

UPGRADE = ["upgrade", "kong", "kong", "--install", "--repo", "https://charts.konghq.com", "--values", "v.yaml", "--version", "3.4.1"]
PULL = ["pull", "oci://registry-1.docker.io/cloudpirates/rabbitmq-cluster-operator", "--version", "0.6.5", "--untar"]


def packed(folder: Path, name: str, version: str) -> Path:
    chart = folder / "src" / name
    chart.mkdir(parents=True)
    (chart / "Chart.yaml").write_text(f"name: {name}\nversion: {version}\n")
    file = folder / f"{name}-{version}.tgz"
    with tarfile.open(file, "w:gz") as archive:
        archive.add(chart, arcname=name)
    return file


def test_nothing_waits_and_no_hook_runs() -> None:
    assert helm_shim.rewritten([*UPGRADE, "--wait", "--timeout", "600s", "--atomic"], None) == [*UPGRADE, "--timeout", "600s", "--no-hooks"]
    assert helm_shim.rewritten(["uninstall", "kong", "--wait"], None) == ["uninstall", "kong", "--no-hooks"]


def test_other_commands_are_left_alone() -> None:
    assert helm_shim.rewritten(["version"], None) == ["version"]
    assert helm_shim.rewritten([], None) == []


def test_local_chart_replaces_repository(tmp_path: Path) -> None:
    file = packed(tmp_path, "kong", "3.4.1")
    assert helm_shim.rewritten(UPGRADE, tmp_path) == ["upgrade", "kong", str(file), "--install", "--values", "v.yaml", "--no-hooks"]


def test_a_chart_of_another_version_does_not(tmp_path: Path) -> None:
    packed(tmp_path, "kong", "3.4.0")
    assert helm_shim.rewritten(UPGRADE, tmp_path) == [*UPGRADE, "--no-hooks"]


def test_own_chart_path_is_kept(tmp_path: Path) -> None:
    packed(tmp_path, "ground", "1.0.0")
    ours = ["upgrade", "ground", "/tmp/chart", "--install"]  # noqa: S108 - where the function unpacks it
    assert helm_shim.rewritten(ours, tmp_path) == [*ours, "--no-hooks"]


@pytest.mark.parametrize("version", ["v1.21.1", "1.21.1"])
def test_a_leading_v_does_not_matter(tmp_path: Path, version: str) -> None:
    packed(tmp_path, "cert-manager", version)
    assert helm_shim.chart_file(tmp_path, "cert-manager", "v1.21.1") is not None


def test_unpacked_chart_is_found_by_version(tmp_path: Path) -> None:
    packed(tmp_path, "kong", "3.4.1")
    assert helm_shim.chart_file(tmp_path / "src", "kong", "3.4.1") == tmp_path / "src" / "kong"
    assert helm_shim.chart_file(tmp_path / "src", "kong", "3.4.2") is None


def test_pulled_chart_is_unpacked(tmp_path: Path) -> None:
    packed(tmp_path, "rabbitmq-cluster-operator", "0.6.5")
    target = tmp_path / "target"
    target.mkdir()
    assert helm_shim.unpacked_instead_of_pulled(PULL, tmp_path, target)
    assert (target / "rabbitmq-cluster-operator" / "Chart.yaml").is_file()
    assert not helm_shim.unpacked_instead_of_pulled(PULL, tmp_path / "src", target)


def test_shim_precedes_and_runs_helm(tmp_path: Path) -> None:
    helm = tmp_path / "opt" / "helm" / "helm"
    helm.parent.mkdir(parents=True)
    helm.write_text('#!/bin/sh\necho "$@"\n')
    helm.chmod(0o755)
    helm_shim.install(tmp_path / "opt")
    environment = {"PATH": os.defpath, "SPOTMUSIC_CHARTS": str(tmp_path)}
    said = subprocess.run([str(helm), *UPGRADE, "--wait"], capture_output=True, text=True, check=True, env=environment)
    assert said.stdout.split() == [*UPGRADE, "--no-hooks"]


def test_layer_without_helm_is_unchanged(tmp_path: Path) -> None:
    helm_shim.install(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_chart_sources_are_asset_folder_repository(tmp_path: Path) -> None:
    packed(tmp_path, "kong", "3.4.1")
    kong = {"Chart": "kong", "Version": "3.4.1", "Repository": "https://charts.konghq.com"}
    silent, answering = Charts(folder=tmp_path, answers=lambda _url: False), Charts(folder=None, answers=lambda _url: True)
    assert silent.are_at_hand({"ChartAssetURL": "s3://assets/ground.zip"})
    assert silent.are_at_hand(kong)
    assert not silent.are_at_hand({**kong, "Version": "3.4.2"})
    assert answering.are_at_hand({**kong, "Version": "3.4.2"})
