"""`make smoke` with Keycloak, the gateway, the brokers, the stores and tasks of
examples/service."""

import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pymysql
import pytest

from spotmusic_cdk.settings import Settings, parse
from spotmusic_constructs.gateway.declarative_config import GatewayRoute
from spotmusic_constructs.streaming.redpanda import MECHANISM
from tests.engines.conftest import Engines
from tests.engines.edge import cloudfront, load_balancer
from tests.engines.gateway import ROUTES, gateway
from tests.engines.kafka import library
from tests.engines.keycloak import PASSWORD, PUBLIC_URL, at
from tests.engines.logins import tokens
from tests.engines.programs import program, wait_until
from tests.engines.stand_ins import stand_ins
from tests.engines.stores import Engine
from tests.engines.test_service import (
    FIRST,
    Aws,
    Task,
    common,
    here,
    libraries,
    playback,
    ready,
    signing_key,
    task,
    user,
)
from tools.checkout import ROOT
from tools.smoke import messages, web
from tools.smoke.__main__ import check
from tools.smoke.browser import Browser
from tools.smoke.check import State, run
from tools.smoke.platform import Given, Platform

__all__ = ["here", "libraries", "signing_key"]

FILE = """
name: smoke
zones: [sa-east-1a, sa-east-1b]
domain: {name: spotmusic.example, hosted_zone_id: Z0123456789EXAMPLE}
services:
  web-api: {route: /v1/catalogue, talks_to: [catalogue: write, tasks], migrations: [migrate]}
  playback:
    route: /v1/playback
    talks_to: [catalogue: read, cache, events, tasks, audio]
    settings: {PLAYS_DONE_AT: /v1/trends, NOTICES_DONE_AT: /v1/notifications}
  trends:
    route: /v1/trends
    talks_to: [events]
  notifications:
    route: /v1/notifications
    talks_to: [events, tasks]
    scaling: {messages_per_task: 100}
  recommendations: {talks_to: [catalogue: read, cache, events]}
"""
SETTINGS: Settings = parse(FILE, source=Path("smoke.yaml"))
CHECKS = (*web.CHECKS, *messages.CHECKS)
GIVEN = Given(
    user="listener",
    password=PASSWORD,
    api="/v1/playback/tracks/1",
    event="/v1/playback/plays",
    task="/v1/playback/notices",
)
TRACK = "INSERT INTO catalogue.tracks VALUES (1, 'one', 'audio/1.flac')"
TABLE = (
    "CREATE TABLE catalogue.tracks (id BIGINT PRIMARY KEY, title VARCHAR(100), object_key "
    "VARCHAR(100))"
)


@dataclass
class Deployed:
    """Platform of engines, and its tasks."""

    platform: Platform
    tasks: dict[str, Task]
    stand_ins: dict[str, Any]


def environments(
    aws: Aws, libraries: Path, signing_key: str, folder: Path
) -> dict[str, dict[str, str]]:
    """Variables of each task, without addresses."""
    nowhere = Engine(1, process=None, folder=folder)  # type: ignore[arg-type]
    (folder / "tls.crt").touch()
    tasks = {"TASKS_VIRTUAL_HOST": "spotmusic", "TASKS_EXCHANGE": "tasks"}
    events = {"EVENTS_SASL_MECHANISM": MECHANISM}
    own = {
        f"{prefix}_{key}": value
        for prefix in ("TASKS", "EVENTS")
        for key, value in user(prefix, "playback").items()
    }
    return {
        "playback": playback(aws, libraries, signing_key, nowhere, nowhere)
        | {**tasks, **events, **own, "CATALOGUE_DBNAME": "catalogue"}
        | SETTINGS.services["playback"].settings,
        "trends": {
            **common(aws, "trends", libraries),
            **{f"EVENTS_{key}": value for key, value in user("EVENTS", "trends").items()},
            **events,
            "ROUTE": "/v1/trends",
            "SCHEMAS": str(ROOT / "events"),
            "EVENTS_CONSUMES": "events.listening",
            "EVENTS_PRODUCES": "events.trends",
            "EVENTS_GROUP": "trends",
            "EVENTS_DEAD_LETTERS": "dead-letters.trends",
        },
        "notifications": {
            **common(aws, "notifications", libraries),
            **{f"TASKS_{key}": value for key, value in user("TASKS", "notifications").items()},
            **tasks,
            "ROUTE": "/v1/notifications",
            "TASKS_QUEUES": "notifications",
        },
    }


PROGRAMS = {"playback": "service.py", "trends": "stream.py", "notifications": "worker.py"}


@pytest.fixture
def deployed(
    engines: Engines, here: Aws, libraries: Path, signing_key: str, tmp_path: Path
) -> Iterator[Deployed]:
    keycloak = engines.keycloak()
    given = environments(here, libraries, signing_key, tmp_path)
    with ExitStack() as started:
        start = started.enter_context
        found = start(stand_ins(tmp_path, SETTINGS, given))
        if "EVENTS_BOOTSTRAP_SERVERS" not in found["variables"]:
            pytest.skip("Kafka is not installed. Run `make engine-tools`")
        with pymysql.connect(
            unix_socket=str(tmp_path / "mysql" / "socket"),
            user="master",
            password="master",
            autocommit=True,
        ) as master:
            for statement in (TABLE, TRACK):
                master.cursor().execute(statement)
        here.parameters |= {
            "/spotmusic/smoke/internal-authority": found["certificate"],
            "/spotmusic/dev/edge/domain-name": PUBLIC_URL.removeprefix("https://"),
        }
        authority = {
            f"{prefix}_AUTHORITY_PARAMETER": "/spotmusic/smoke/internal-authority"
            for prefix in ("EVENTS", "TASKS")
        }
        tasks = {
            name: start(
                task({**given[name], **found["variables"], **authority}, PROGRAMS[name], tmp_path)
            )
            for name in PROGRAMS
        }
        wait_until(
            lambda: ready(tasks["playback"]),
            "the service serves",
            tasks["playback"].log,
            tasks["playback"].process,
        )
        routes = [GatewayRoute(service=name, path=f"/v1/{name}") for name in PROGRAMS]
        services = start(load_balancer({f"/v1/{name}": one.port for name, one in tasks.items()}))
        place = tmp_path / "gateway"
        place.mkdir()
        proxy = start(gateway(place, keycloak, routes=[*routes, ROUTES[1]], services_port=services))
        token = tokens(proxy, "listener")["access_token"]
        wait_until(
            lambda: proxy.ask(f"{PUBLIC_URL}{GIVEN.api}", token=token)[0] == 200,
            "the gateway has the realm's keys",
        )
        words = [str(program("openssl")), "rsa", "-pubout"]
        public_key = subprocess.run(
            words, input=signing_key, check=True, capture_output=True, text=True
        ).stdout
        port = start(cloudfront(tmp_path, proxy.port, keycloak.certificate, PUBLIC_URL, public_key))
        browser = Browser(PUBLIC_URL, **at(port, keycloak.certificate))
        yield Deployed(Platform(settings=SETTINGS, browser=browser, given=GIVEN), tasks, found)


@pytest.mark.walk("listener")
def test_smoke_checks_find_stopped_parts(
    deployed: Deployed, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert topics_of("playback", deployed.stand_ins) == {
        "events.listening",
        "events.playback-telemetry",
    }
    assert check(deployed.platform, CHECKS) == 0, capsys.readouterr().out
    assert capsys.readouterr().out.splitlines()[-1] == "10 ok, 0 failed, 0 skipped"

    monkeypatch.setattr(messages, "_WITHIN_SECONDS", 2.0)
    assert deployed.tasks["notifications"].ends() == 0
    assert failures(deployed.platform) == {"task in and out"}
    assert deployed.tasks["playback"].ends() == 0
    assert failures(deployed.platform) == {"API with token", "event in and out", "task in and out"}
    wrong = replace(GIVEN, password="wrong-wrong-wrong")
    assert failures(
        Platform(settings=SETTINGS, browser=deployed.platform.browser, given=wrong)
    ) == {"login"}


def topics_of(name: str, stand_ins: dict[str, Any]) -> set[str]:
    """Return the topics that a user of events may list."""
    servers, authority = (
        stand_ins["variables"]["EVENTS_BOOTSTRAP_SERVERS"],
        stand_ins["certificate"],
    )
    login = {
        "sasl.mechanism": MECHANISM,
        "sasl.username": name,
        "sasl.password": FIRST,
        "security.protocol": "SASL_SSL",
    }
    client = library().admin.AdminClient(
        {**login, "bootstrap.servers": servers, "ssl.ca.pem": authority}
    )
    return set(client.list_topics(timeout=20).topics)


def failures(platform: Platform) -> set[str]:
    return {result.name for result in run(CHECKS, platform) if result.state == State.FAILED}
