"""Rules of the web ACL for loopback addresses: allowed in login redirects, blocked elsewhere.

AWS's rule group Common treats `localhost` in a query or a form as an attack. The test emulates its
label. The rest of the web ACL is from the template.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

import pytest

from stacks.realm import realm_of
from tests.properties.test_web_acl import matches
from tests.templates import only
from tools.checkout import settings_of
from tools.model.templates import Template
from tools.model.values import Json

LOOPBACK = {"localhost", "127.0.0.1", "[::1]"}
OPENID = "/auth/realms/spotmusic/protocol/openid-connect"
LABELS = "awswaf:managed:aws:core-rule-set:EC2MetaDataSSRF_"
RULES = {"EC2MetaDataSSRF_QUERYARGUMENTS": "QueryArguments", "EC2MetaDataSSRF_BODY": "Body"}
"""Rules for queries and forms, and the ends of their labels (AWS WAF developer guide, core rule
set)."""


@pytest.fixture(params=["dev", "prod"])
def environment(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def rules(environment: str, templates: Callable[[str], Mapping[str, Template]]) -> list[Json]:
    """Rules of the web ACL in order of priority."""
    acl = only(templates(environment)["edge"]["Resources"], "AWS::WAFv2::WebACL")
    return sorted(acl["Rules"], key=lambda rule: int(rule["Priority"]))


def loopback_redirects(environment: str) -> Iterator[str]:
    """Yield redirect addresses of the realm on the loopback interface, for logins and logouts."""
    clients: Any = realm_of(settings_of(environment)).to_representation()["clients"]
    for client in clients:
        for uri in [
            *client.get("redirectUris", ()),
            *client.get("attributes", {}).get("post.logout.redirect.uris", "").split("##"),
        ]:
            if urlsplit(uri).hostname in LOOPBACK:
                yield uri


def refuses(rules: list[Json], path: str, where: str) -> bool:
    """Return True if the rules block a request with a loopback address in its query or body."""
    labels: set[str] = set()
    for rule in rules:
        group = rule["Statement"].get("ManagedRuleGroupStatement")
        if group and group["Name"] == "AWSManagedRulesCommonRuleSet":
            counted = {override["Name"] for override in group.get("RuleActionOverrides", ())}
            acting = {name for name, part in RULES.items() if part == where}
            if not acting <= counted:
                return True
            labels.add(f"{LABELS}{where}")
        elif "Block" in rule.get("Action", {}) and matches(
            rule["Statement"], {"UriPath": path}, labels
        ):
            return True
    return False


def test_realm_names_loopback_redirects(environment: str) -> None:
    assert list(loopback_redirects(environment))


@pytest.mark.parametrize(
    ("endpoint", "where"),
    [("auth", "QueryArguments"), ("logout", "QueryArguments"), ("token", "Body")],
)
def test_logins_to_the_own_machine_pass(rules: list[Json], endpoint: str, where: str) -> None:
    assert not refuses(rules, f"{OPENID}/{endpoint}", where)


@pytest.mark.parametrize("where", ["QueryArguments", "Body"])
@pytest.mark.parametrize(
    "path",
    [
        "/v1/playback",
        f"{OPENID}/userinfo",
        f"{OPENID}/auth/x",
        "/auth/realms/spotmusic/account",
        "/",
    ],
)
def test_loopback_addresses_are_refused_elsewhere(rules: list[Json], path: str, where: str) -> None:
    assert refuses(rules, path, where)
