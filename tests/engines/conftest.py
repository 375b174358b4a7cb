"""Lambda handlers loaded as in the runtime, and one Keycloak and RabbitMQ for all tests of this
folder."""

import copy
import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from spotmusic_constructs.identity.providers import Email
from spotmusic_constructs.identity.realm import administrators
from tests.engines.gateway import API, Gateway, gateway, lua_modules
from tests.engines.keycloak import (
    Keycloak,
    apply_administrators,
    distribution,
    merge_clients,
    started,
)
from tests.engines.logins import person, tokens
from tests.engines.programs import program, wait_until
from tests.engines.test_rabbitmq import TOPOLOGY, Broker, rabbitmq
from tests.sample_realm import FULL
from tests.unit.data.conftest import load_handler
from tools.model.values import Json

__all__ = ["load_handler"]

REALM = replace(
    FULL,
    grafana_url="https://localhost:3000",
    email=Email(host="mail.example", sender="no-reply@spotmusic.example", secret_arn="arn:mail"),
)


@pytest.fixture(scope="session")
def wanted() -> Json:
    return json.loads(json.dumps(REALM.to_representation()))  # type: ignore[no-any-return]


@pytest.fixture(scope="session")
def tasks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Broker, Path]]:
    """RabbitMQ, and its folder."""
    folder = tmp_path_factory.mktemp("rabbitmq")
    with rabbitmq(folder, TOPOLOGY) as found:
        yield found, folder


class Engines:
    """Keycloak and the gateway in front of it, started by the first test that uses them."""

    def __init__(self, folder: Path, wanted: Json) -> None:
        self.keeper = ExitStack()
        self._folder, self._wanted = folder, wanted
        self._keycloak: Keycloak | None = None
        self._gateway: Gateway | None = None
        self._tried: set[str] = set()

    def keycloak(self) -> Keycloak:
        """Return Keycloak."""
        if not self._keycloak:
            distribution()
            program("java")
            self._try("Keycloak")
            self._keycloak = self.keeper.enter_context(
                keycloak_with_realms(self._folder, self._wanted)
            )
        return self._keycloak

    def gateway(self) -> Gateway:
        """Return the gateway in front of Keycloak, with the realm's keys."""
        if not self._gateway:
            lua_modules()
            keycloak = self.keycloak()
            self._try("nginx")
            folder = self._folder / "gateway"
            folder.mkdir()
            found = self.keeper.enter_context(gateway(folder, keycloak))
            token = tokens(found, "listener")["access_token"]
            # Fetching the keys may exceed its two seconds on a busy machine.
            wait_until(lambda: has_keys(found, token), "the gateway has the realm's keys")
            self._gateway = found
        return self._gateway

    def _try(self, name: str) -> None:
        assert name not in self._tried, f"{name} did not start for the first test that needs it"
        self._tried.add(name)


def has_keys(gateway: Gateway, token: str) -> bool:
    """Return True if the plugin accepts a token; fail if the plugin fails."""
    status = gateway.ask(API, token=token)[0]
    assert status in {200, 401, 503}, status
    return status == 200


@contextmanager
def keycloak_with_realms(folder: Path, wanted: Json) -> Iterator[Keycloak]:
    with started(folder) as found:
        apply_administrators(found, administrators())
        imported = copy.deepcopy(wanted)
        imported["clients"] = [
            client for client in wanted["clients"] if client["clientId"] != "admin-cli"
        ]
        # Built-in roles, which a realm has before keycloak-config-cli processes its roles.
        imported["roles"]["realm"] += [{"name": "offline_access"}, {"name": "uma_authorization"}]
        # The default role; Keycloak would otherwise create a second one.
        imported["defaultRole"] = next(
            role for role in wanted["roles"]["realm"] if role["name"] == "default-roles-spotmusic"
        )
        found.admin("POST", "", imported)
        merge_clients(
            found,
            "spotmusic",
            [client for client in wanted["clients"] if client["clientId"] == "admin-cli"],
        )
        found.admin("POST", "/spotmusic/users", person("listener"))
        yield found


ENGINES = pytest.StashKey[Engines]()


@pytest.fixture
def engines(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, wanted: Json
) -> Engines:
    (node,) = (
        node
        for node in request.node.listchain()
        if isinstance(node, pytest.Dir) and node.path == Path(__file__).parent
    )
    if ENGINES not in node.stash:
        node.stash[ENGINES] = Engines(tmp_path_factory.mktemp("identity"), wanted)
        node.addfinalizer(node.stash[ENGINES].keeper.close)
    return node.stash[ENGINES]


@pytest.fixture
def keycloak(engines: Engines) -> Keycloak:
    return engines.keycloak()


@pytest.fixture
def web(engines: Engines) -> Gateway:
    """Browser at the public address, without cookies."""
    found = engines.gateway()
    found.forget()
    return found
