"""Programs of the kubectl layer on systems that cannot run them."""

from pathlib import Path

import pytest

from spotmusic_cdk import versions
from spotmusic_cdk.command_line import CommandError
from tools.supply_chain import kubectl_layer


def test_other_systems_use_programs_of_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kubectl_layer, "RUNS_HERE", False)
    monkeypatch.setenv("PATH", str(tmp_path))
    newest = versions.KUBERNETES[max(versions.KUBERNETES)]
    program = kubectl_layer.program.__wrapped__
    with pytest.raises(CommandError, match=f"and Helm {newest.layer.helm} into PATH"):
        program("helm")
    helm = tmp_path / "helm"
    helm.touch(mode=0o755)
    assert program("helm") == helm
