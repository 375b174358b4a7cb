"""Keycloak on loopback with the platform's options, and its admin API."""

import json
import shutil
import ssl
import subprocess
import urllib.parse
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from spotmusic_constructs.data.rds_ca import rds_ca
from spotmusic_constructs.identity.keycloak_values import CONSOLE_URL, PATH
from spotmusic_constructs.identity.keycloak_values import environment as options
from tests.engines.ports import quiet_ports
from tests.engines.programs import environment, make_certificate, program, running, wait_until
from tools.checkout import ROOT
from tools.model.values import Json
from tools.smoke.browser import Browser

PUBLIC_URL = "https://spotmusic.example"
ADMIN, PASSWORD = "admin", "not-a-secret-at-all"
ACCOUNT, SECRET = "automation", "not-a-secret-either"
OF_THE_CHART = {
    "KC_HTTP_RELATIVE_PATH": PATH,
    "KC_PROXY_HEADERS": "xforwarded",
    "KC_HTTP_ENABLED": "false",
} | dict.fromkeys(("KC_HEALTH_ENABLED", "KC_METRICS_ENABLED"), "true")
"""Options that the chart sets."""
ANSWER_SECONDS = 60
"""Timeout of a request. Keycloak needs less than a second, on a busy machine many times that."""


def distribution() -> Path:
    """Return the folder of Keycloak; skip the test if it is not installed."""
    found = sorted((ROOT / ".tools" / "keycloak").glob("keycloak-*/bin/kc.sh"))
    if not found:
        pytest.skip(
            "Keycloak is not installed. Run `make engine-tools`, which fetches it with Maven"
        )
    return found[-1].parents[1]


def options_of_start() -> str:
    """Return the help text of the start command with all options."""
    command = [str(program("bash")), str(distribution() / "bin" / "kc.sh"), "start", "--help-all"]
    done = subprocess.run(
        command, env=environment(program("java")), capture_output=True, text=True, check=True
    )
    return done.stdout


def at(port: int, certificate: Path) -> dict[str, Any]:
    """Return the arguments of a browser with an origin on a loopback port.

    Args:
        port: TLS port.
        certificate: authority of its certificate.
    """
    context = ssl.create_default_context(cafile=str(certificate))
    return {"server": f"https://localhost:{port}", "context": context, "seconds": ANSWER_SECONDS}


class Keycloak(Browser):
    """Running Keycloak behind the forwarded port: clients use `https://localhost:8443` instead of
    its port.

    Args:
        port: its TLS port.
        certificate: authority of its certificate.
    """

    def __init__(self, port: int, certificate: Path) -> None:
        super().__init__(CONSOLE_URL.removesuffix(PATH), **at(port, certificate))
        self.port, self.certificate = port, certificate

    def ready(self) -> bool:
        """Return True if the service account gets a token."""
        address = f"{CONSOLE_URL}/realms/master/protocol/openid-connect/token"
        form = {"grant_type": "client_credentials", "client_id": ACCOUNT, "client_secret": SECRET}
        return self.ask(address, form=form)[0] == 200

    def admin(self, method: str, path: str, body: object = None) -> Any:
        """Send a request to the admin API as the service account; fail for errors."""
        data = json.dumps(body).encode() if body is not None else None
        token = {"Authorization": f"Bearer {self.service_token()}"}
        headers = {"Content-Type": "application/json", **token}
        answer = self.fetch(method, f"{CONSOLE_URL}/admin/realms{path}", data, headers)
        assert answer.status < 300, f"{method} {path}: {answer.status} {answer.body}"
        return json.loads(answer.body) if answer.body else None

    def service_token(self) -> str:
        """Return an access token of the service account."""
        status, answer = self.token(
            "master", grant_type="client_credentials", client_id=ACCOUNT, client_secret=SECRET
        )
        assert status == 200, answer
        return str(answer["access_token"])


@contextmanager
def started(folder: Path) -> Iterator[Keycloak]:
    """Run a copy of Keycloak with the platform's options, except database, cluster and ports."""
    home, certificate, log = folder / "keycloak", make_certificate(folder), folder / "log"
    java = program("java")
    shutil.copytree(distribution(), home)
    port, management = quiet_ports(2)
    (folder / "rds.pem").write_text(rds_ca("sa-east-1"))
    said = {
        str(option["name"]): str(option["value"])
        for option in options(PUBLIC_URL, "10.40.0.0/16")
        if "value" in option
    }
    of_the_database = [name for name in said if name.startswith("KC_DB_")]
    here = {
        "KC_DB": "dev-file",
        "KC_CACHE": "local",
        "KC_HTTP_HOST": "127.0.0.1",
        "KC_HTTPS_PORT": str(port),
        "KC_HTTP_MANAGEMENT_PORT": str(management),
        "KC_HTTPS_CERTIFICATE_FILE": str(certificate),
        "KC_HTTPS_CERTIFICATE_KEY_FILE": str(folder / "tls.key"),
        "KC_TRUSTSTORE_PATHS": str(folder / "rds.pem"),
        "KC_BOOTSTRAP_ADMIN_USERNAME": ADMIN,
        "KC_BOOTSTRAP_ADMIN_PASSWORD": PASSWORD,
        "KC_BOOTSTRAP_ADMIN_CLIENT_ID": ACCOUNT,
        "KC_BOOTSTRAP_ADMIN_CLIENT_SECRET": SECRET,
        # Memory of this machine instead of the pod's two gibibytes. The second compiler and threads
        # for garbage collection cost more than they save in a minute.
        "JAVA_OPTS_APPEND": "-Xmx768m -XX:TieredStopAtLevel=1 -XX:-UseG1GC -XX:+UseSerialGC",
    }
    variables = {
        **environment(java),
        **OF_THE_CHART,
        **{name: said[name] for name in said if name not in of_the_database},
        **here,
    }
    try:
        with running(
            [str(program("bash")), str(home / "bin" / "kc.sh"), "start"], log, variables
        ) as process:
            found = Keycloak(port, certificate)
            # It listens before it has created the service account.
            wait_until(found.ready, "the service account gets a token", log, process)
            yield found
    finally:
        # pytest keeps folders of three runs, and this one has 200 MB.
        shutil.rmtree(home)


def apply_administrators(keycloak: Keycloak, wanted: Json) -> None:
    """Configure the master realm: flows first, which the realm references, then the realm, then its
    clients.
    """
    there = {flow["alias"] for flow in keycloak.admin("GET", "/master/authentication/flows")}
    flows = {flow["alias"]: flow for flow in wanted["authenticationFlows"]}
    for flow in flows.values():
        if flow["topLevel"] and flow["alias"] not in there:
            keycloak.admin(
                "POST",
                "/master/authentication/flows",
                {key: flow[key] for key in flow if key != "authenticationExecutions"},
            )
            _add_executions(keycloak, flows, flow["alias"])
    keycloak.admin(
        "PUT",
        "/master",
        {key: wanted[key] for key in wanted if key not in ("authenticationFlows", "clients")},
    )
    merge_clients(keycloak, "master", wanted["clients"])


def _add_executions(keycloak: Keycloak, flows: Mapping[str, Json], alias: str) -> None:
    path = f"/master/authentication/flows/{urllib.parse.quote(alias)}/executions"
    for execution in flows[alias]["authenticationExecutions"]:
        if execution["authenticatorFlow"]:
            child = flows[execution["flowAlias"]]
            body = {
                "alias": child["alias"],
                "description": child["description"],
                "type": child["providerId"],
                "provider": "",
            }
            keycloak.admin("POST", f"{path}/flow", body)
            _add_executions(keycloak, flows, child["alias"])
        else:
            keycloak.admin("POST", f"{path}/execution", {"provider": execution["authenticator"]})
        made = [one for one in keycloak.admin("GET", path) if one["level"] == 0][-1]
        keycloak.admin(
            "PUT",
            path,
            {**made, "requirement": execution["requirement"], "priority": execution["priority"]},
        )


def merge_clients(keycloak: Keycloak, realm: str, wanted: list[Json]) -> None:
    """Update existing clients with the given attributes. Their mappers have separate endpoints and
    are unchanged.
    """
    for client in wanted:
        (held,) = keycloak.admin("GET", f"/{realm}/clients?clientId={client['clientId']}")
        given = {key: client[key] for key in client if key not in ("attributes", "protocolMappers")}
        attributes = {**held.get("attributes", {}), **client.get("attributes", {})}
        keycloak.admin(
            "PUT", f"/{realm}/clients/{held['id']}", {**held, **given, "attributes": attributes}
        )
