"""Clusters of each supported Kubernetes version, from environment file to template."""

from pathlib import Path

import pytest

from spotmusic_cdk import versions
from spotmusic_cdk.settings import parse
from tests.conftest import ROOT, synthesize, templates_in


@pytest.mark.parametrize("version", sorted(versions.KUBERNETES.keys() - {"1.36"}))
def test_cluster_has_version_and_layer(version: str, tmp_path: Path) -> None:
    text = (ROOT / "tests" / "environments" / "dev.yaml").read_text()
    settings = parse(f'{text}\nkubernetes: {{version: "{version}"}}\n', source=Path("environments/dev.yaml"))
    synthesize(settings.model_copy(update={"services": {}}), outdir=tmp_path, policies=False)
    resources = templates_in(tmp_path / "assembly-dev")["eks-platform"]["Resources"].values()
    (cluster,) = (resource["Properties"] for resource in resources if resource["Type"] == "AWS::EKS::Cluster")
    layers = [resource["Properties"]["Description"] for resource in resources if resource["Type"] == "AWS::Lambda::LayerVersion"]
    assert cluster["Version"] == version
    assert any(f"kubectl 1.{versions.KUBECTL_LAYERS[version].rpartition('_v')[2]}." in description for description in layers)
