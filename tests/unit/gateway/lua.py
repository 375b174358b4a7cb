"""Lua interpreter for the project's Kong plugins, with tokens and keys."""

import base64
import json
import os
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tools.checkout import ROOT
from tools.model.values import Json

SOURCES = ROOT / "constructs" / "spotmusic_constructs" / "gateway" / "lua"
NOW = 1_800_000_000
ISSUER = "https://spotmusic.example/auth/realms/spotmusic"
CONF: Json = {
    "issuer": ISSUER,
    "jwks_uri": (
        "https://keycloak-http.keycloak.svc.cluster.local:8443"
        "/auth/realms/spotmusic/protocol/openid-connect/certs"
    ),
    "audience": "web-api",
    "clients": ["web", "mobile"],
    "algorithms": ["RS256"],
    "longest_seconds": 3600,
    "refresh_seconds": 300,
}
CONFIGURED: Json = {"realm-token": CONF, "viewer-address": {"scheme": "https", "port": 443}}
CLAIMS: Json = {
    "iss": ISSUER,
    "aud": ["web-api", "account"],
    "azp": "web",
    "typ": "Bearer",
    "sub": "listener-1",
    "exp": NOW + 300,
    "iat": NOW,
}


TOOLS = ROOT / ".tools" / "usr"


def environment() -> dict[str, str]:
    """Return environment variables by which Lua finds the cjson of `make tools`."""
    modules = [f"{folder}/?.so" for folder in TOOLS.glob("lib/*/lua/5.1")]
    return {**os.environ, "LUA_CPATH": f";;{';'.join(modules)}"}


@cache
def interpreter() -> str:
    """Return a Lua interpreter with cjson, or skip the test."""
    for name in ("luajit", "lua5.1", str(TOOLS / "bin" / "luajit")):
        if found := shutil.which(name):
            probe = [found, "-e", 'require "cjson"']
            ended = subprocess.run(probe, env=environment(), capture_output=True, check=False)
            if ended.returncode == 0:
                return found
    pytest.skip(
        "neither luajit nor lua5.1 with cjson is in PATH or .tools (make tools fetches them from "
        "Debian)"
    )


def run(plugin: str, *requests: Json, keys: "tuple[Key, ...]" = ()) -> list[Json]:
    """Return the result of each request, in order."""
    pems = {key.jwk["n"]: str(key.public) for key in keys}
    case = {
        "sources": str(SOURCES),
        "plugin": plugin,
        "conf": CONFIGURED[plugin],
        "now": NOW,
        "pems": pems,
        "requests": list(requests),
    }
    driver = Path(__file__).with_name("lua_driver.lua")
    done = subprocess.run(
        [interpreter(), str(driver)],
        env=environment(),
        input=json.dumps(case),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: list[Json] = json.loads(done.stdout)
    return found


class Key:
    """Key pair of the realm that signs tokens."""

    def __init__(self, kid: str, folder: Path) -> None:
        openssl = shutil.which("openssl") or pytest.skip(
            "openssl, which signs and verifies here, is not installed"
        )
        self.kid, self._openssl, self.private, self.public = (
            kid,
            openssl,
            folder / f"{kid}.pem",
            folder / f"{kid}.pub",
        )
        self._run("genrsa", "-out", str(self.private), "2048")
        self._run("rsa", "-in", str(self.private), "-pubout", "-out", str(self.public))
        modulus = (
            self._run("rsa", "-in", str(self.private), "-noout", "-modulus")
            .decode()
            .strip()
            .partition("=")[2]
        )
        self.jwk = {
            "kid": kid,
            "kty": "RSA",
            "alg": "RS256",
            "use": "sig",
            "n": encoded(bytes.fromhex(modulus)),
            "e": "AQAB",
        }

    def _run(self, *arguments: str, text: bytes = b"") -> bytes:
        return subprocess.run(
            [self._openssl, *arguments], input=text, capture_output=True, check=True
        ).stdout

    def token(self, *, header: Json | None = None, **changes: Any) -> str:
        """Return a signed token, without claims of `None`."""
        claims = {name: value for name, value in {**CLAIMS, **changes}.items() if value is not None}
        head = {"alg": "RS256", "typ": "JWT", "kid": self.kid, **(header or {})}
        signed = f"{encoded(json.dumps(head).encode())}.{encoded(json.dumps(claims).encode())}"
        signature = self._run("dgst", "-sha256", "-sign", str(self.private), text=signed.encode())
        return f"{signed}.{encoded(signature)}"


def encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def realm(*keys: Key) -> Json:
    """JWKS response of the realm. It contains a key for encryption, like a real one."""
    other = {
        "kid": "encryption",
        "kty": "RSA",
        "alg": "RSA-OAEP",
        "use": "enc",
        "n": "AQAB",
        "e": "AQAB",
    }
    return {"body": json.dumps({"keys": [other, *(key.jwk for key in keys)]})}


def request(
    token: str | None, answer: Json | None, *, after: float = 0, scheme: str = "Bearer"
) -> Json:
    headers = {"authorization": f"{scheme} {token}"} if token is not None else {}
    return {"headers": headers, "after": after, **({"realm": answer} if answer else {})}
