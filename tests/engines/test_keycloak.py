"""Options, realms and logins of the platform in Keycloak.

No package registry has keycloak-config-cli. The admin API replaces its steps: a realm is imported,
built-in clients are merged, and the same content is written again. The version is the newest in
Maven Central next to the deployed one.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from spotmusic_constructs.identity.keycloak_values import CONSOLE_URL
from spotmusic_constructs.identity.keycloak_values import environment as options
from spotmusic_constructs.identity.realm import administrators
from tests.engines.keycloak import (
    ADMIN,
    OF_THE_CHART,
    PASSWORD,
    Keycloak,
    apply_administrators,
    merge_clients,
    options_of_start,
)
from tests.engines.logins import set_up_second_factor
from tools.model.values import Json
from tools.smoke.login import VERIFIER, code_of, login_address

NAMED_BY = ("clientId", "alias", "client", "authenticator", "flowAlias", "name")
"""Identifying attribute of list items: the first one that they have."""


def held(keycloak: Keycloak, realm: str) -> Json:
    export = f"/{realm}/partial-export?exportClients=true&exportGroupsAndRoles=true"
    return dict(keycloak.admin("POST", export))


def differences(wanted: Any, found: Any, place: str = "realm") -> Iterator[str]:
    """Yield requested values that are not set, except references to secrets, which Keycloak does
    not return.
    """
    if isinstance(wanted, dict):
        for key, value in wanted.items():
            yield from differences(
                value, found.get(key) if isinstance(found, dict) else None, f"{place}.{key}"
            )
    elif isinstance(wanted, list) and wanted and isinstance(wanted[0], dict):
        for item in wanted:
            name = next(name for name in NAMED_BY if name in item)
            same = [one for one in found or [] if one.get(name) == item[name]]
            yield from differences(item, same[0] if same else None, f"{place}[{item[name]}]")
    elif isinstance(wanted, list):
        if sorted(wanted) != sorted(found or []):
            yield f"{place}: {found} instead of {wanted}"
    elif wanted != found and not str(wanted).startswith("$(env:"):
        yield f"{place}: {found} instead of {wanted}"


def leaves(value: Any, place: str = "") -> Iterator[tuple[str, Any]]:
    """Yield every value with its path. Lists are sorted, because Keycloak does not keep their
    order.
    """
    if isinstance(value, dict):
        for key, item in value.items():
            yield from leaves(item, f"{place}.{key}")
    elif isinstance(value, list):
        for number, item in enumerate(
            sorted(value, key=lambda item: json.dumps(item, sort_keys=True))
        ):
            name = (
                next((item[key] for key in NAMED_BY if key in item), number)
                if isinstance(item, dict)
                else number
            )
            yield from leaves(item, f"{place}[{name}]")
    else:
        yield place, value


def test_keycloak_knows_every_option() -> None:
    known = set(re.findall(r"--([a-z][a-z-]*)", options_of_start()))
    names = {
        str(option["name"]) for option in options("https://spotmusic.example", "10.40.0.0/16")
    } | OF_THE_CHART.keys()
    said = {
        name.removeprefix("KC_").lower().replace("_", "-")
        for name in names
        if name.startswith("KC_")
    }
    assert len(said) > 15
    assert said - known == set()


def test_keycloak_holds_the_whole_realm(keycloak: Keycloak, wanted: Json) -> None:
    assert list(differences(wanted, held(keycloak, "spotmusic"))) == []
    assert [
        line.partition(":")[0]
        for line in differences({**wanted, "accessTokenLifespan": 299}, held(keycloak, "spotmusic"))
    ] == ["realm.accessTokenLifespan"]


def test_keycloak_holds_the_administrators_realm(keycloak: Keycloak) -> None:
    assert list(differences(administrators(), held(keycloak, "master"))) == []


def test_realms_apply_twice_without_a_difference(keycloak: Keycloak, wanted: Json) -> None:
    before = {realm: held(keycloak, realm) for realm in ("spotmusic", "master")}
    keycloak.admin(
        "PUT",
        "/spotmusic",
        {key: wanted[key] for key in wanted if key not in ("clients", "roles", "scopeMappings")},
    )
    merge_clients(
        keycloak, "spotmusic", [client for client in wanted["clients"] if "secret" not in client]
    )
    apply_administrators(keycloak, administrators())
    for realm, was in before.items():
        assert set(leaves(held(keycloak, realm))) ^ set(leaves(was)) == set()


@pytest.mark.parametrize(("realm", "user"), [("spotmusic", "listener"), ("master", ADMIN)])
def test_admin_cli_takes_no_passwords(keycloak: Keycloak, realm: str, user: str) -> None:
    status, answer = keycloak.token(
        realm, grant_type="password", client_id="admin-cli", username=user, password=PASSWORD
    )
    assert (status, answer["error"]) == (400, "unauthorized_client")


@pytest.mark.parametrize("client", ["web", "mobile"])
def test_clients_of_listeners_take_no_passwords(keycloak: Keycloak, client: str) -> None:
    status, answer = keycloak.token(
        "spotmusic", grant_type="password", client_id=client, username="listener", password=PASSWORD
    )
    assert (status, answer["error"]) == (400, "unauthorized_client")


@pytest.mark.walk("administrator")
def test_administrators_log_in_behind_the_forwarded_port(keycloak: Keycloak) -> None:
    """Complete path of the console: its page, login, configuration of the second factor, and the
    admin API with the token.
    """
    keycloak.forget()
    console = f"{CONSOLE_URL}/admin/master/console/"
    _, _, page = keycloak.ask(console)
    (server,) = re.findall(r'"serverBaseUrl": "([^"]*)"', page)
    assert server == CONSOLE_URL
    asked = {"client_id": "security-admin-console", "redirect_uri": console}
    _, page = keycloak.visit(login_address(keycloak, "master", **asked))
    _, page = keycloak.submit(page, {"username": ADMIN, "password": PASSWORD})
    _, place = set_up_second_factor(keycloak, page, console)
    form = {"grant_type": "authorization_code", "code": code_of(place), "code_verifier": VERIFIER}
    status, answer = keycloak.token("master", **asked, **form)
    assert status == 200, answer
    status, _, users = keycloak.ask(
        f"{CONSOLE_URL}/admin/realms/spotmusic/users", token=answer["access_token"]
    )
    assert status == 200
    assert "listener" in [user["username"] for user in json.loads(users)]
