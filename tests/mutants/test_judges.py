"""Assemblies that replace a synthesis."""

from functools import partial
from pathlib import Path

import pytest

from tests import conftest
from tools import checkout
from tools.mutants.assembly import Assembly
from tools.mutants.judges import Judges


def test_original_replaces_synthesis(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings, original = conftest.sample_of("dev"), tmp_path / "original"
    (original / "assembly-dev").mkdir(parents=True)
    judges = Judges({"dev": Assembly(settings, original)}, [], print)
    monkeypatch.setattr(checkout, "synthesize", partial(judges._hand_over, None))
    assert conftest.synthesize_once(settings, outdir=tmp_path / "dev").is_dir()
