"""Paths of the web player's development server in docs/identity.md, compared with the
distribution."""

import re
from collections.abc import Callable
from urllib.parse import urlsplit

import pytest

from stacks.realm import LOCAL_PLAYER
from tests.templates import only
from tools.checkout import ROOT
from tools.model.templates import Template

GUIDE = (ROOT / "docs" / "identity.md").read_text()


@pytest.fixture
def patterns(templates: Callable[[str], dict[str, Template]]) -> list[str]:
    """Path patterns of the distribution with another origin than the player."""
    found = only(templates("dev")["edge"]["Resources"], "AWS::CloudFront::Distribution")
    return [behavior["PathPattern"] for behavior in found["DistributionConfig"]["CacheBehaviors"]]


def test_development_server_hands_on_every_path(patterns: list[str]) -> None:
    (proxied,) = re.findall(r"proxy: \{(.+?)\}", GUIDE)
    prefixes = re.findall(r"'(/\w+)'", proxied)
    assert all(any(pattern.startswith(f"{prefix}/") for prefix in prefixes) for pattern in patterns)


def test_development_server_listens_where_logins_go_back() -> None:
    assert re.findall(r"port: (\d+), proxy", GUIDE) == [str(urlsplit(LOCAL_PLAYER).port)]
    assert f"`{LOCAL_PLAYER}`" in GUIDE
