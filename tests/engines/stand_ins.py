"""`make stand-ins`: engines with the platform's users, permissions and queues for the embedded AWS,
until Ctrl-C.

MySQL, Redis, RabbitMQ and Kafka replace an account's engines. Their users have the passwords of the
embedded AWS, so that `python -m tools.local_aws run SERVICE -- COMMAND` connects to them.
"""

import argparse
import importlib
import json
import os
import signal
import socket
import ssl
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from secrets import token_hex
from types import ModuleType
from typing import Any

import pymysql
import pytest

from spotmusic_cdk import output
from spotmusic_cdk.command_line import CommandError
from spotmusic_cdk.settings import Settings
from spotmusic_constructs.data.cache_users import access_string
from spotmusic_constructs.messaging.topology import TaskQueue, Topology
from spotmusic_constructs.platform_function import CUSTOM_RESOURCES
from spotmusic_constructs.streaming.redpanda_access import Topic, access_values
from stacks.databases import database_roles
from tests.engines.kafka import kafka
from tests.engines.stores import ADMINISTRATOR, MASTER, mysql, redis
from tests.engines.test_rabbitmq import rabbitmq
from tools.checkout import ROOT, settings_of
from tools.local_aws import session
from tools.local_aws.deployment import LocalDeployment
from tools.local_aws.lock import alone
from tools.local_aws.progress import Steps
from tools.local_aws.task import STAND_INS, VARIABLES, environment_of_task
from tools.local_aws.workspace import Workspace

HANDLER = ROOT / "constructs" / "spotmusic_constructs" / "data" / "credentials_handler"
"""Code that creates the users of a database in an account."""
SIGNALS = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}
Environments = Mapping[str, Mapping[str, str]]


@contextmanager
def stand_ins(
    folder: Path, settings: Settings, environments: Environments
) -> Iterator[dict[str, Any]]:
    """Start the engines; yield the variables for tasks, and the certificates of the brokers.

    Args:
        folder: empty folder for their data.
        settings: the environment, with its queues and topics.
        environments: environment of the task of each service.
    """
    topology = Topology(
        queues=[
            TaskQueue(name=name, **queue.model_dump()) for name, queue in settings.queues.items()
        ],
        users=dict.fromkeys(settings.services_talking_to("tasks"), ""),
        monitor="",
    )
    passwords, readers = (
        {
            name: variables[f"{prefix}_PASSWORD"]
            for name, variables in environments.items()
            if f"{prefix}_PASSWORD" in variables
        }
        for prefix in ("TASKS", "EVENTS")
    )
    with ExitStack() as engines:
        places = {name: folder / name for name in ("redis", "mysql", "rabbitmq", "kafka")}
        for place in places.values():
            place.mkdir()
        cache = engines.enter_context(
            redis(places["redis"], "".join((ADMINISTRATOR, *_cache_users(environments))))
        )
        database = engines.enter_context(mysql(places["mysql"], MASTER))
        create_users(database.folder / "socket", settings, environments)
        broker = engines.enter_context(rabbitmq(places["rabbitmq"], topology, passwords))
        brokers, events = ["rabbitmq"], {}
        try:
            stream = engines.enter_context(kafka(places["kafka"], events_access(settings), readers))
            brokers, events = (
                ["rabbitmq", "kafka"],
                {"EVENTS_BOOTSTRAP_SERVERS": f"localhost:{stream.port}"},
            )
        except pytest.skip.Exception as missing:
            print(f"without events: {missing}", flush=True)

        def change_of_database(user: str, password: str) -> None:
            with _master(database.folder / "socket") as cursor:
                cursor.execute("ALTER USER %s@'%%' IDENTIFIED BY %s", (user, password))

        yield {
            "change": {
                "CACHE": lambda user, password: _ask_redis(
                    cache.folder / "redis.sock", f"ACL SETUSER {user} resetpass >{password}"
                ),
                "CATALOGUE": change_of_database,
                "DATABASE": change_of_database,
                "TASKS": lambda user, password: broker.ask(
                    f"users/{user}", {"password": password, "tags": ""}, method="PUT"
                ),
            },
            "certificate": "".join((places[name] / "tls.crt").read_text() for name in brokers),
            "variables": {
                "CACHE_HOST": "localhost",
                **dict.fromkeys(("CACHE_READER_HOST", "CATALOGUE_READER_HOSTS"), "localhost"),
                "CACHE_PORT": str(cache.port),
                **{f"{prefix}_HOST": "localhost" for prefix in ("CATALOGUE", "DATABASE")},
                **{f"{prefix}_PORT": str(database.port) for prefix in ("CATALOGUE", "DATABASE")},
                **{
                    f"{prefix}_AUTHORITY": (places["mysql"] / "tls.crt").read_text()
                    for prefix in ("CATALOGUE", "DATABASE")
                },
                "TASKS_ENDPOINT": f"amqps://localhost:{(places['rabbitmq'] / 'port').read_text()}",
                **events,
                "SSL_CERT_FILE": str(_authorities(folder, places)),
            },
        }


def events_access(settings: Settings) -> dict[str, object]:
    """Return the values of the chart `redpanda-access` with topics and permissions."""
    topics = [Topic(name=name, **topic.model_dump()) for name, topic in settings.topics.items()]
    return access_values(topics, settings.services_talking_to("events"))


def _cache_users(environments: Environments) -> Iterator[str]:
    for variables in environments.values():
        if name := variables.get("CACHE_USERNAME"):
            prefix = variables["CACHE_PREFIX"].removesuffix(":")
            yield f"user {name} >{variables['CACHE_PASSWORD']} {access_string(prefix)}\n"


def create_users(server: Path, settings: Settings, environments: Environments) -> None:
    """Create the MySQL users with the platform's code and the passwords of the tasks."""
    handler, roles = _handler(), database_roles(settings)
    with _master(server) as cursor:
        for variables in environments.values():
            for prefix in {"CATALOGUE", "DATABASE"} & {
                name.removesuffix("_USERNAME") for name in variables
            }:
                user = variables[f"{prefix}_USERNAME"]
                handler.create_user(
                    cursor,
                    {"username": user, "password": variables[f"{prefix}_PASSWORD"]},
                    roles[user],
                )


def rotate(
    environments: Environments, change: Mapping[str, Callable[[str, str], Any]], secrets: Any
) -> None:
    """Rotate each user's password in the engine and in its secret. The old password is invalid at
    once, unlike in an account.

    Args:
        environments: environment of each task; running processes keep the old passwords.
        change: by prefix of variables, a function that sets the password of a user.
        secrets: client of Secrets Manager.
    """
    users = {
        variables[f"{prefix}_USER_ARN"]: (prefix, variables[f"{prefix}_USERNAME"])
        for variables in environments.values()
        for prefix in change
        if f"{prefix}_USER_ARN" in variables
    }
    for arn, (prefix, user) in users.items():
        value = {
            **json.loads(secrets.get_secret_value(SecretId=arn)["SecretString"]),
            "password": token_hex(20),
        }
        change[prefix](user, value["password"])
        secrets.put_secret_value(SecretId=arn, SecretString=json.dumps(value))


@contextmanager
def _master(server: Path) -> Iterator[Any]:
    with pymysql.connect(
        unix_socket=str(server), user="master", password="master", autocommit=True
    ) as connection:
        yield connection.cursor()


def _ask_redis(path: Path, command: str) -> None:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(path))
        connection.sendall(f"{command}\r\n".encode())
        answer = connection.recv(1000)
    if not answer.startswith(b"+OK"):
        raise RuntimeError(answer.decode())


def _handler() -> ModuleType:
    """Return the module `database` of the handler. It is no package, because other handlers have
    modules of the same names.
    """
    folders = (HANDLER, CUSTOM_RESOURCES)
    sys.path[:0] = map(str, folders)
    try:
        return importlib.import_module("database")
    finally:
        del sys.path[: len(folders)]
        for file in (file for folder in folders for file in folder.glob("*.py")):
            sys.modules.pop(file.stem, None)


def _tasks(settings: Settings) -> list[str]:
    """Names with a task: services that are not retired, and the catalogue's migrations if their
    owner has an image.
    """
    migrations = [f"{settings.migrated_by}-migrations"] if settings.migrated_by else []
    return [*settings.services, *migrations]


def _authorities(folder: Path, places: Mapping[str, Path]) -> Path:
    """Certificate authorities of this machine, and certificates of the engines that are public on
    AWS.
    """
    system = ssl.get_default_verify_paths().cafile
    texts = [Path(system).read_text()] if system else []
    own = [place / "tls.crt" for place in places.values()]
    file = folder / "authorities.pem"
    file.write_text("\n".join([*texts, *(path.read_text() for path in own if path.exists())]))
    return file


def main() -> None:
    """Run until Ctrl-C."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--env", default="dev")
    options = parser.parse_args()
    workspace = Workspace(ROOT)
    print("Starting MySQL, Redis, RabbitMQ and Kafka …", flush=True)
    settings = settings_of(options.env).running
    endpoint = LocalDeployment(
        workspace=workspace, environment=options.env, region=settings.region
    ).endpoint
    environments = {
        name: environment_of_task(name, endpoint, region=settings.region)
        for name in _tasks(settings)
    }
    parameters = session.client("ssm", endpoint, region=settings.region)
    state = Workspace(ROOT, name=STAND_INS)
    file = state.folder / VARIABLES
    with (
        alone(state, "stand-ins"),
        tempfile.TemporaryDirectory(prefix="stand-ins-") as folder,
        ExitStack() as left,
    ):
        file.unlink(missing_ok=True)
        with Steps().heartbeat():
            found = left.enter_context(stand_ins(Path(folder), settings, environments))
        if settings.authority_parameter:
            parameters.put_parameter(
                Name=settings.authority_parameter,
                Value=found["certificate"],
                Type="String",
                Overwrite=True,
            )
            # Otherwise `make local-down` would report it as a remaining process.
            left.callback(parameters.delete_parameter, Name=settings.authority_parameter)
        output.replace(file, json.dumps(found["variables"]))
        left.callback(file.unlink)
        print(f"MySQL, Redis, RabbitMQ and Kafka replace the engines of {options.env}.")
        print(f"Ctrl-C stops them, `kill -HUP {os.getpid()}` rotates all passwords.", flush=True)
        while signal.sigwait(SIGNALS) == signal.SIGHUP:
            rotate(
                environments,
                found["change"],
                session.client("secretsmanager", endpoint, region=settings.region),
            )
            print("The passwords of all users were rotated.", flush=True)


if __name__ == "__main__":
    signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    try:
        main()
    except (pytest.skip.Exception, CommandError) as missing:
        raise SystemExit(str(missing)) from None
