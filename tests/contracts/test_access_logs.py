"""Access logs: one request id for all hops, and no queries, credentials or referrers."""

import json
import re
import subprocess
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from tests.templates import all_of
from tests.unit.gateway.lua import interpreter
from tools.checkout import ROOT
from tools.model.values import Json

if TYPE_CHECKING:
    from tools.model.cluster import RenderedCluster

CONSTRUCTS = ROOT / "constructs" / "spotmusic_constructs"
REVEALING = re.compile(
    r"\$(request|request_uri|args|arg_\w+|query_string|http_(referer|authorization|cookie)"
    r"|cookie_\w+|upstream_uri|is_args)\b"
)
"""Variables of nginx with a query, a credential or the previous page."""
ID = "X-Request-ID"


@pytest.fixture(params=["dev", "prod"])
def environment(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def kong(environment: str, deployed: Callable[[str], "RenderedCluster"]) -> Json:
    return deployed(environment).releases["kong"].values


@pytest.fixture
def logged(kong: Json) -> dict[str, str]:
    """Fields of Kong's access log."""
    return dict(
        json.loads(kong["env"]["nginx_http_log_format"].split("escape=json ", 1)[1].strip("'"))
    )


def test_kong_logs_no_credentials_or_names(kong: Json, logged: dict[str, str]) -> None:
    name = kong["env"]["nginx_http_log_format"].split(maxsplit=1)[0]
    assert kong["env"]["proxy_access_log"].split() == ["/dev/stdout", name]
    assert not [value for value in logged.values() if REVEALING.search(value)]


def test_access_logs_share_request_id(
    kong: Json, logged: dict[str, str], environment: str, templates: Callable[..., Any]
) -> None:
    functions = [
        json.dumps(r["FunctionCode"])
        for r in all_of(templates(environment)["edge"]["Resources"], "AWS::CloudFront::Function")
    ]
    assert any(
        f"headers['{ID.lower()}'] = {{ value: event.context.requestId }}" in code
        for code in functions
    )
    plugins = {
        plugin["name"]: plugin["config"]
        for plugin in json.loads(kong["dblessConfig"]["config"])["plugins"]
    }
    assert (
        plugins["correlation-id"]["header_name"],
        plugins["correlation-id"]["echo_downstream"],
    ) == (ID, True)
    assert logged["request_id"] == f"$http_{ID.lower().replace('-', '_')}"
    (delivery,) = all_of(templates(environment)["edge"]["Resources"], "AWS::Logs::Delivery")
    assert "x-edge-request-id" in delivery["RecordFields"]
    assert f"`{ID}` as `request_id`" in (CONSTRUCTS / "services" / "README.md").read_text()


def test_error_log_of_the_gateway_loses_queries(
    environment: str, deployed: Callable[[str], "RenderedCluster"]
) -> None:
    filters = deployed(environment).releases["fluent-bit"].values["config"]["filters"]
    assert re.search(r"Match kong\.\*\n +call without_queries\n", filters)
    (function,) = re.findall(r"code (function .+)", filters)
    asked = 'request: "GET /auth/x?code=1&key=2 HTTP/1.1", host: "spotmusic.example"'
    assert _sent(function, asked) == asked.replace("code=1&key=2", "")


def test_access_log_of_the_gateway_stays_json(
    deployed: Callable[[str], "RenderedCluster"],
) -> None:
    (function,) = re.findall(
        r"code (function .+)", deployed("prod").releases["fluent-bit"].values["config"]["filters"]
    )
    line = json.dumps({"path": '/v1/x?"', "status": "200"})
    assert _sent(function, line) == line


def _sent(function: str, line: str) -> str:
    """Line of the log after the filter of Fluent Bit."""
    script = (
        f"{function}\nlocal _, _, r = without_queries('t', 0, {{log = arg[1]}})\nio.write(r.log)"
    )
    done = subprocess.run(
        [interpreter(), "-", line], input=script, capture_output=True, text=True, check=True
    )
    return done.stdout
