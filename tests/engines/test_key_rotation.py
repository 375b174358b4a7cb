"""Job that replaces the keys of the realm, with Keycloak's command line and two interruptions.
Every token stays valid.

`tests/unit/identity/test_realm_configuration.py` interrupts every step with a stub of the command
line.
"""

import subprocess
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from spotmusic_constructs.identity.keycloak_values import PATH
from tests.engines.gateway import API, ISSUER, Gateway
from tests.engines.keycloak import ACCOUNT, SECRET, Keycloak, distribution
from tests.engines.logins import tokens
from tests.engines.programs import environment, program, wait_until
from tools.checkout import ROOT

SCRIPT = ROOT / "charts" / "realm" / "files" / "replace-keys.sh"
KCADM = """#!/bin/bash
if [ "$DIES_BEFORE" = "$1" ]; then exit 137; fi
bash {kcadm} "$@" || exit $?
if [ "$DIES_AFTER" = "$1" ]; then exit 137; fi
"""
SIGNS = "org.keycloak.keys.KeyProvider"


class Job:
    """Job with a fake clock and a kcadm that is killed at a given step.

    Args:
        folder: folder for its programs.
        keycloak: Keycloak with the keys.
    """

    def __init__(self, folder: Path, keycloak: Keycloak) -> None:
        self._folder, self._keycloak, self._bash = folder, keycloak, program("bash")
        store = [
            "-storetype",
            "PKCS12",
            "-storepass",
            "changeit",
            "-keystore",
            str(folder / "trust.p12"),
        ]
        keytool = [
            str(program("keytool")),
            "-importcert",
            "-noprompt",
            "-alias",
            "authority",
            "-file",
            str(keycloak.certificate),
        ]
        subprocess.run([*keytool, *store], check=True, capture_output=True)
        self._write("kcadm", KCADM.format(kcadm=distribution() / "bin" / "kcadm.sh"))
        self._write("sleep", '#!/bin/bash\n[ "$DIES_BEFORE" != sleep ]\n')

    def run(self, hour: str, *, dies_before: str = "", dies_after: str = "") -> None:
        """Run the job at an hour such as 2027010106, killed before or after a verb of kcadm, or
        before `sleep`.
        """
        self._write("date", f"#!/bin/bash\necho {hour}\n")
        trust = (
            f"-Djavax.net.ssl.trustStore={self._folder}/trust.p12 "
            "-Djavax.net.ssl.trustStorePassword=changeit"
        )
        found = environment(program("java"))
        variables = {
            **found,
            "PATH": f"{self._folder}:{found['PATH']}",
            "HOME": str(self._folder),
            "KCADM": str(self._folder / "kcadm"),
            "KC_OPTS": f"{trust} -XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
            "KC_CLI_CLIENT_SECRET": SECRET,
            "KEYCLOAK_URL": f"https://localhost:{self._keycloak.port}{PATH}",
            "REALM": "spotmusic",
            "ACCOUNT": ACCOUNT,
            "PUBLISHED_SECONDS": "900",
            "DIES_BEFORE": dies_before,
            "DIES_AFTER": dies_after,
        }
        done = subprocess.run(
            [str(self._bash), str(SCRIPT)],
            env=variables,
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode != 0) == bool(dies_before or dies_after), done.stderr

    def keys(self) -> dict[str, int]:
        """Return the key pairs that may sign access tokens, with their priorities."""
        found = self._keycloak.admin("GET", f"/spotmusic/components?type={SIGNS}")
        pairs = [one for one in found if one["providerId"] == "rsa-generated"]
        return {one["name"]: int(one["config"].get("priority", ["0"])[0]) for one in pairs}

    def _write(self, name: str, text: str) -> None:
        (self._folder / name).write_text(text)
        (self._folder / name).chmod(0o755)


@pytest.fixture
def job(tmp_path: Path, keycloak: Keycloak) -> Job:
    return Job(tmp_path, keycloak)


@pytest.fixture
def long_tokens(keycloak: Keycloak) -> Iterator[None]:
    """Access tokens that outlive the test on slow machines."""
    keycloak.admin("PUT", "/spotmusic", {"accessTokenLifespan": 3000})
    yield
    keycloak.admin("PUT", "/spotmusic", {"accessTokenLifespan": 300})


def passes(web: Gateway, token: str) -> bool:
    return web.ask(API, token=token)[0] == 200


@pytest.mark.usefixtures("long_tokens")
def test_key_rotation_refuses_no_token_that_lives(web: Gateway, job: Job) -> None:
    """Two runs are interrupted, one when its key pair signs and one while its key pair is
    published; the next one, an hour later, completes.
    """
    held: list[str] = []

    def assert_all_pass() -> None:
        held.append(tokens(web, "listener")["access_token"])
        for token in held[-2:]:
            # The gateway requests an unknown key at most once a second.
            wait_until(partial(passes, web, token), "a token passes")
            assert web.ask(f"{ISSUER}/protocol/openid-connect/userinfo", token=token)[0] == 200

    assert_all_pass()
    first = job.keys()
    job.run("2027010106", dies_after="update")
    assert job.keys() == {**first, "signing-2027010106": 2027010106}
    assert_all_pass()
    job.run("2027040106", dies_before="sleep")
    assert job.keys() == {**first, "signing-2027010106": 2027010106, "signing-2027040106": 0}
    assert_all_pass()
    job.run("2027040107")
    assert job.keys() == {"signing-2027010106": 2027010106, "signing-2027040106": 2027040107}
    assert_all_pass()
