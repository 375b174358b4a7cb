"""Promises on given settings."""

from pathlib import Path

from tests import conftest
from tools import checkout
from tools.fuzz import promises


def test_given_assembly_replaces_synthesis(tmp_path: Path) -> None:
    settings, given = conftest.sample_of("dev"), tmp_path / "given"
    (given / "assembly-dev").mkdir(parents=True)
    with promises._in_the_place_of_its_file(settings, given):
        assert conftest.synthesize_once(settings, outdir=tmp_path / "dev").is_dir()
        assert checkout.settings_of("dev") is settings
        assert checkout.settings_of("prod").name == "prod"
    assert checkout.settings_of("dev") is not settings
