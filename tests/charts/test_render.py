"""Cache of rendered charts, by chart and values."""

from pathlib import Path

import pytest

from tools.model import helm
from tools.model.helm import render
from tools.model.values import Json

MANIFEST = (
    "{apiVersion: v1, kind: ConfigMap, metadata: {name: {{ .Release.Name }}}, data: {key: "
    "{{ .Values.key }}}}"
)


@pytest.fixture
def chart(tmp_path: Path) -> Path:
    (tmp_path / "templates").mkdir()
    (tmp_path / "Chart.yaml").write_text("{apiVersion: v2, name: one, version: 1.0.0}")
    (tmp_path / "templates" / "one.yaml").write_text(MANIFEST)
    return tmp_path


def value(chart: Path, key: str = "first", release: str = "one") -> Json:
    (manifest,) = render(chart, release, "default", {"key": key})
    return {manifest["metadata"]["name"]: manifest["data"].pop("key")}


def test_known_release_is_not_rendered_again(chart: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert value(chart) == {"one": "first"}
    monkeypatch.setattr(helm, "program", lambda *_, **__: "/nonexistent")
    assert value(chart) == {"one": "first"}


def test_changed_release_is_rendered(chart: Path) -> None:
    assert value(chart) == {"one": "first"}
    assert value(chart, key="second") == {"one": "second"}
    assert value(chart, release="two") == {"two": "first"}
    (chart / "templates" / "one.yaml").write_text(
        MANIFEST.replace(".Values.key", "upper .Values.key")
    )
    assert value(chart) == {"one": "FIRST"}
