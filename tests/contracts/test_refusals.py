"""Error responses: JSON, with a status in the table of refusals."""

import json
import re
from collections.abc import Callable, Iterator

import pytest

from tests.templates import only
from tools.checkout import ROOT
from tools.model.templates import Template
from tools.model.values import Json

CONSTRUCTS = ROOT / "constructs" / "spotmusic_constructs"
ROW = re.compile(r"^\| (\d{3}(?:, \d{3})*)[^|]* \| ([^|]+) \| ([^|]+) \| [^|]+ \|$", re.MULTILINE)


@pytest.fixture(scope="module")
def documented() -> set[tuple[int, str]]:
    """Status and origin, for each row of the table with JSON."""
    rows = ROW.findall((CONSTRUCTS / "edge" / "README.md").read_text())
    return {
        (int(status), who)
        for statuses, body, who in rows
        if "JSON" in body
        for status in statuses.split(", ")
    }


def refused(acl: Json) -> Iterator[Json]:
    """Yield the response of each blocking rule of the project."""
    for rule in acl["Rules"]:
        if block := rule.get("Action", {}).get("Block"):
            yield block["CustomResponse"]


def test_web_acl_refusals_match_table(
    documented: set[tuple[int, str]], templates: Callable[[str], dict[str, Template]]
) -> None:
    acl = only(templates("prod")["edge"]["Resources"], "AWS::WAFv2::WebACL")
    statuses = {status for status, who in documented if "web ACL" in who}
    answers = list(refused(acl))
    assert {answer["ResponseCode"] for answer in answers} == statuses
    for answer in answers:
        body = acl["CustomResponseBodies"][answer["CustomResponseBodyKey"]]
        assert body["ContentType"] == "APPLICATION_JSON"
        assert json.loads(body["Content"])["message"]


def test_gateway_refusals_match_table(documented: set[tuple[int, str]]) -> None:
    lua = "".join(
        file.read_text() for file in (CONSTRUCTS / "gateway" / "lua").glob("*/handler.lua")
    )
    ours = {int(status) for status in re.findall(r"response\.exit\((\d+)", lua)}
    assert ours <= {status for status, who in documented if "Kong" in who}


def test_services_balancer_answers_json(templates: Callable[[str], dict[str, Template]]) -> None:
    listeners = [
        r
        for r in templates("prod")["ecs-services"]["Resources"].values()
        if r["Type"].endswith("::Listener")
    ]
    (action,) = listeners[0]["Properties"]["DefaultActions"]
    assert action["FixedResponseConfig"]["ContentType"] == "application/json"
    assert action["FixedResponseConfig"]["StatusCode"] == "404"
