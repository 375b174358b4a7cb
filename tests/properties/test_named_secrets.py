"""Secrets that operators create and environment files name: each has a line in docs/secrets.md.

No shipped environment names all of them. `make fuzz` runs these tests on production with every
option.
"""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from spotmusic_cdk.settings import Settings, parse
from tests.documents import anchors
from tests.properties.secret_table import (
    DOCUMENT,
    PROVIDER,
    SERVICE,
    Line,
    line_of,
    lines,
    setting_of,
    way_to,
    ways,
)
from tests.properties.secret_ways import DAY, WAYS, seconds
from tests.properties.test_secret_readers import BY_HAND, OPERATOR, Cluster
from tools.checkout import ROOT
from tools.fuzz.corners import EVERY_OPTION, text_of
from tools.model.assembly import Assembly
from tools.model.cluster import RenderedCluster
from tools.model.holders import holders, roles_of
from tools.model.statements import statements_of

RULE = "AWS::ECR::PullThroughCacheRule"


def settings_that_name_secrets(
    model: dict[str, Any], schema: dict[str, Any], path: tuple[str, ...] = ()
) -> Iterator[str]:
    """Yield the keys of environment files that take the ARN of a secret, from the schema."""
    for part in (model, *model.get("anyOf", ())):
        if ":secretsmanager:" in part.get("pattern", ""):
            yield ".".join(path)
        if "$ref" in part:
            yield from settings_that_name_secrets(
                schema["$defs"][part["$ref"].rpartition("/")[2]], schema, path
            )
        for key, inner in part.get("properties", {}).items():
            yield from settings_that_name_secrets(inner, schema, (*path, key))
        for inner in part.get("patternProperties", {}).values():
            yield from settings_that_name_secrets(inner, schema, (*path, PROVIDER))


def readers(platform: Assembly, arn: str) -> set[str]:
    """Principals that may read a secret: by a right of ours, or by a pull-through cache rule of
    ECR.
    """
    known = holders(platform)
    found = {"Amazon ECR" for rule in platform.all(RULE) if rule["CredentialArn"] == arn}
    for statement in statements_of(platform):
        if (
            statement.allows
            and statement.may("secretsmanager:GetSecretValue")
            and arn in statement.texts()
        ):
            found |= {
                "External Secrets" if known[role] == OPERATOR else known[role]
                for role in roles_of(statement)
            }
    return found


def test_secret_settings_are_documented() -> None:
    schema = Settings.model_json_schema()
    assert set(map(setting_of, settings_that_name_secrets(schema, schema))) == set(lines())


def test_every_option_uses_all_named_secrets() -> None:
    everything = parse(text_of(EVERY_OPTION), source=Path("environments/prod.yaml"))
    assert {line_of(key).setting for key in everything.named_secrets} == set(lines())


def test_documented_secret_readers_match(
    platform: Assembly, deployed: Callable[[str], RenderedCluster]
) -> None:
    cluster = Cluster(deployed(platform.name))
    for key, arn in platform.settings.named_secrets.items():
        line = line_of(key)
        documented = {reader.replace(SERVICE, key.split(".")[1]) for reader in line.readers}
        assert readers(platform, arn) == documented, f"{key}: docs/secrets.md names other readers"
        assert cluster.releases_of(arn.rpartition(":")[2]) == line.releases, (
            f"{key}: docs/secrets.md names other releases"
        )


def test_new_secret_value_reaches_readers(
    platform: Assembly, deployed: Callable[[str], RenderedCluster]
) -> None:
    for key in platform.settings.named_secrets:
        line = line_of(key)
        for reader in (*line.readers, *(way_to(release, line) for release in line.releases)):
            listed = ways()[reader]
            if listed.way != BY_HAND and listed.within:
                took = WAYS[listed.way](
                    platform, deployed(platform.name), reader.replace(SERVICE, key.split(".")[1])
                )
                assert took is not None, (
                    f"{reader} reads the secret of {key}, and a new value does not reach it by "
                    f"{listed.way}"
                )
                assert took <= seconds(listed.within) < 10 * DAY


def test_manual_secrets_have_reason_and_runbook() -> None:
    assert [line.setting for line in lines().values() if not leads_somewhere(line)] == []


def leads_somewhere(line: Line) -> bool:
    """Return True if a line has a reason and a link to a heading of a runbook."""
    reason, _, _ = line.why.partition("[")
    links = re.findall(r"\]\(([^)#]+)#([^)]+)\)", line.why)
    return (
        len(reason) >= 40
        and bool(links)
        and all(anchor in anchors(DOCUMENT.parent / page) for page, anchor in links)
    )


def test_secret_fields_are_in_schema() -> None:
    """Operators read the required fields in the schema."""
    text = (ROOT / "environments" / "schema.json").read_text()
    named = {field for line in lines().values() for field in line.fields}
    assert sorted(field for field in named if f"`{field}`" not in text) == []
