"""Ordinary edits of environments by users, which the tests of this project must accept."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from spotmusic_cdk.settings import parse
from tools import checkout
from tools.fuzz.corners import CORNERS, EVERY_OPTION, text_of
from tools.model.values import ACCOUNT

OWN_ACCOUNT = "222233334444"


@pytest.fixture
def edited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Checkout with a copy of the environments."""
    shutil.copytree(checkout.ROOT / "environments", tmp_path / "environments")
    monkeypatch.setattr(checkout, "ROOT", tmp_path)
    checkout.settings_of.cache_clear()
    yield tmp_path / "environments" / "prod.yaml"
    checkout.settings_of.cache_clear()


def test_settings_and_templates_have_the_same_account(edited: Path) -> None:
    """tools/model/templates.py replaces the account of templates."""
    edited.write_text(edited.read_text().replace(ACCOUNT, OWN_ACCOUNT))
    settings = checkout.settings_of("prod")
    assert settings.account == ACCOUNT
    assert OWN_ACCOUNT not in settings.model_dump_json()


@pytest.mark.parametrize("name", CORNERS)
def test_corners_accept_another_account(name: str, edited: Path) -> None:
    edited.write_text(edited.read_text().replace(ACCOUNT, OWN_ACCOUNT))
    assert parse(text_of(name), source=edited)


def test_every_option_accepts_another_region(edited: Path) -> None:
    edited.write_text(edited.read_text().replace("sa-east-1", "eu-central-1"))
    assert parse(text_of(EVERY_OPTION), source=edited).region == "eu-central-1"
