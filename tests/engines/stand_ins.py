"""`make stand-ins`: engines with the platform's users, rights and queues, beside the embedded AWS, until Ctrl-C.

MariaDB, Redis and RabbitMQ stand in for what an account has. Their users have the passwords of the embedded AWS, so that
`python -m tools.local_aws run SERVICE -- COMMAND` finds them. Redpanda has none: it can't be started without a container.
"""

import argparse
import json
import signal
import ssl
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from spotmusic_cdk.settings import Settings
from spotmusic_cdk.settings.word import mode_of
from spotmusic_constructs.data.cache_users import access_string
from spotmusic_constructs.messaging.topology import TaskQueue, Topology
from tests.conftest import ROOT, settings_of
from tests.engines.stores import ADMINISTRATOR, MASTER, mariadb, redis
from tests.engines.test_rabbitmq import rabbitmq
from tools.local_aws import session
from tools.local_aws.deployment import LocalDeployment
from tools.local_aws.task import STAND_INS, environment_of_task
from tools.local_aws.workspace import Workspace

RIGHTS = {"read": "SELECT", "write": "SELECT, INSERT, UPDATE, DELETE", None: "ALL PRIVILEGES"}
"""Rights on a schema by the mode of `catalogue`; of a private one, all."""

Environments = Mapping[str, Mapping[str, str]]


@contextmanager
def stand_ins(folder: Path, settings: Settings, environments: Environments) -> Iterator[dict[str, Any]]:
    """Starts the engines, and gives the variables that lead tasks to them and the certificate of RabbitMQ.

    Args:
        folder: empty folder for their data.
        settings: the environment, with its queues.
        environments: environment of the task of each service.
    """
    topology = Topology(
        queues=[TaskQueue(name=name, **queue.model_dump()) for name, queue in settings.queues.items()],
        users=dict.fromkeys(settings.services_talking_to("tasks"), ""),
        monitor="",
    )
    passwords = {name: variables["TASKS_PASSWORD"] for name, variables in environments.items() if "TASKS_PASSWORD" in variables}
    with ExitStack() as engines:
        places = {name: folder / name for name in ("redis", "mariadb", "rabbitmq")}
        for place in places.values():
            place.mkdir()
        cache = engines.enter_context(redis(places["redis"], "".join((ADMINISTRATOR, *_cache_users(environments)))))
        database = engines.enter_context(mariadb(places["mariadb"], "".join((MASTER, *_schemas(settings, environments)))))
        engines.enter_context(rabbitmq(places["rabbitmq"], topology, passwords))
        yield {
            "certificate": (places["rabbitmq"] / "tls.crt").read_text(),
            "variables": {
                "CACHE_HOST": "localhost",
                "CACHE_READER_HOST": "localhost",
                "CACHE_PORT": str(cache.port),
                **{f"{prefix}_HOST": "localhost" for prefix in ("CATALOGUE", "DATABASE")},
                **{f"{prefix}_PORT": str(database.port) for prefix in ("CATALOGUE", "DATABASE")},
                **{f"{prefix}_AUTHORITY": (places["mariadb"] / "tls.crt").read_text() for prefix in ("CATALOGUE", "DATABASE")},
                "TASKS_ENDPOINT": f"amqps://localhost:{(places['rabbitmq'] / 'port').read_text()}",
                "SSL_CERT_FILE": str(_authorities(folder, places)),
            },
        }


def _cache_users(environments: Environments) -> Iterator[str]:
    for variables in environments.values():
        if name := variables.get("CACHE_USERNAME"):
            prefix = variables["CACHE_PREFIX"].removesuffix(":")
            yield f"user {name} >{variables['CACHE_PASSWORD']} {access_string(prefix)}\n"


def _schemas(settings: Settings, environments: Environments) -> Iterator[str]:
    for service, variables in environments.items():
        modes = [mode_of(word) for word in settings.services[service].talks_to if word == "catalogue"]
        for prefix, rights in (("CATALOGUE", RIGHTS[modes[0]] if modes else ""), ("DATABASE", RIGHTS[None])):
            if name := variables.get(f"{prefix}_USERNAME"):
                schema = variables[f"{prefix}_DBNAME"]
                yield f"CREATE DATABASE IF NOT EXISTS `{schema}`;\n"
                yield f"CREATE OR REPLACE USER '{name}'@'%' IDENTIFIED BY '{variables[f'{prefix}_PASSWORD']}' REQUIRE SSL;\n"
                yield f"GRANT {rights} ON `{schema}`.* TO '{name}'@'%';\n"


def _authorities(folder: Path, places: Mapping[str, Path]) -> Path:
    """Those of this machine, and the certificates of the engines that have public ones on AWS."""
    system = ssl.get_default_verify_paths().cafile
    texts = [Path(system).read_text()] if system else []
    file = folder / "authorities.pem"
    file.write_text("\n".join([*texts, *((place / "tls.crt").read_text() for place in places.values())]))
    return file


def main() -> None:
    """Runs until Ctrl-C."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--env", default="dev")
    parser.add_argument("--region", default="sa-east-1")
    options = parser.parse_args()
    workspace = Workspace(ROOT)
    endpoint = LocalDeployment(workspace=workspace, environment=options.env, region=options.region).endpoint
    settings = settings_of(options.env)
    environments = {name: environment_of_task(name, endpoint, region=options.region) for name in settings.services}
    parameters, file = session.client("ssm", endpoint, region=options.region), workspace.folder / STAND_INS
    with tempfile.TemporaryDirectory(prefix="stand-ins-") as folder, ExitStack() as left:
        found = left.enter_context(stand_ins(Path(folder), settings, environments))
        if settings.authority_parameter:
            parameters.put_parameter(Name=settings.authority_parameter, Value=found["certificate"], Type="String", Overwrite=True)
            # `make local-down` would take it for something that was left behind.
            left.callback(parameters.delete_parameter, Name=settings.authority_parameter)
        file.write_text(json.dumps(found["variables"]))
        left.callback(file.unlink)
        print(f"MariaDB, Redis and RabbitMQ stand in for {options.env}. Ctrl-C ends them.", flush=True)
        signal.sigwait({signal.SIGINT, signal.SIGTERM})


if __name__ == "__main__":
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    try:
        main()
    except pytest.skip.Exception as missing:
        raise SystemExit(str(missing)) from None
