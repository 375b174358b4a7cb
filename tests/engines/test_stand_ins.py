"""Users that `make stand-ins` creates."""

import json
import os
import ssl
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pymysql
import pytest

from spotmusic_cdk.settings.services import ServiceSettings
from tests.engines.stand_ins import create_users, rotate
from tests.engines.stores import MASTER, mysql
from tools.checkout import ROOT, settings_of

pytestmark = pytest.mark.walk("backend developer")


def test_stand_ins_grant_both_databases(tmp_path: Path) -> None:
    """A private schema and the shared one belong to one user. The migrations have another."""
    words = {"talks_to": ("database", {"catalogue": "read"})}
    settings = settings_of("dev")
    settings = settings.model_copy(
        update={
            "services": {**settings.services, "playlists": ServiceSettings.model_validate(words)}
        }
    )
    own = {
        f"{prefix}_{key}": value
        for prefix in ("CATALOGUE", "DATABASE")
        for key, value in user("playlists").items()
    }
    migrations = {f"CATALOGUE_{key}": value for key, value in user("catalogue-migrations").items()}
    with mysql(tmp_path, MASTER) as server:
        create_users(
            server.folder / "socket", settings, {"playlists": own, "web-api-migrations": migrations}
        )
        asked(
            server.port,
            tmp_path,
            "catalogue-migrations",
            "CREATE TABLE catalogue.tracks (id BIGINT)",
        )
        asked(
            server.port,
            tmp_path,
            "playlists",
            "CREATE TABLE playlists.lists (id BIGINT)",
            "SELECT * FROM catalogue.tracks",
        )
        with pytest.raises(pymysql.err.OperationalError, match="1142"):
            asked(server.port, tmp_path, "playlists", "INSERT INTO catalogue.tracks VALUES (1)")


def test_stand_ins_refuse_an_account_in_one_message() -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "tests.engines.stand_ins"],
        cwd=ROOT,
        env={**os.environ, "AWS_ACCESS_KEY_ID": "foreign"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 1
    assert ended.stderr.startswith("AWS_ACCESS_KEY_ID holds credentials")


def test_stand_ins_rotate_each_user_once() -> None:
    """A user of two databases has one secret with its other fields unchanged."""
    kept = {"arn": json.dumps({"username": "playlists", "password": "old", "dbname": "playlists"})}
    secrets = SimpleNamespace(
        get_secret_value=lambda SecretId: {"SecretString": kept[SecretId]},  # noqa: N803
        put_secret_value=lambda SecretId, SecretString: kept.update(  # noqa: N803
            {SecretId: SecretString}
        ),
    )
    received: list[tuple[str, str]] = []
    own = {
        f"{prefix}_{key}": value
        for prefix in ("CATALOGUE", "DATABASE")
        for key, value in user("playlists").items()
    }
    arns = {"CATALOGUE_USER_ARN": "arn", "DATABASE_USER_ARN": "arn"}
    rotate(
        {"playlists": {**own, **arns}},
        dict.fromkeys(("CATALOGUE", "DATABASE", "CACHE"), lambda *to: received.append(to)),
        secrets,
    )
    value = json.loads(kept["arn"])
    assert received == [("playlists", value["password"])]
    assert value["dbname"] == "playlists"
    assert value["password"] != "old"


def user(name: str) -> dict[str, str]:
    return {"USERNAME": name, "PASSWORD": f"of-{name}"}


def asked(port: int, folder: Path, name: str, *statements: str) -> None:
    authority = ssl.create_default_context(cafile=str(folder / "tls.crt"))
    with (
        pymysql.connect(
            host="localhost", port=port, user=name, password=f"of-{name}", ssl=authority
        ) as connection,
        connection.cursor() as cursor,
    ):
        for statement in statements:
            cursor.execute(statement)
