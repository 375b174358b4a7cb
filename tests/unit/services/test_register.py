"""Job of examples/service that registers schemas."""

import base64
import io
import json
import runpy
import ssl
import urllib.request

import pytest

from tools.checkout import ROOT

EXAMPLE = ROOT / "examples" / "service"
TOPICS = ("events.listening", "events.playback-telemetry")


def test_register_sends_schema_of_each_written_topic(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    sent: list[tuple[urllib.request.Request, ssl.SSLContext]] = []

    def answer(
        request: urllib.request.Request, *, timeout: float, context: ssl.SSLContext
    ) -> io.BytesIO:
        assert timeout > 0
        sent.append((request, context))
        return io.BytesIO(b'{"id": 7}')

    monkeypatch.setattr("urllib.request.urlopen", answer)
    monkeypatch.syspath_prepend(str(EXAMPLE))
    for name, value in {
        "EVENTS_USERNAME": "playback",
        "EVENTS_PASSWORD": "secret",
        "EVENTS_USER_ARN": "arn",
        "EVENTS_PRODUCES": ",".join(TOPICS),
        "EVENTS_SCHEMA_REGISTRY": "https://brokers.example:9099",
        "SCHEMAS": str(ROOT / "events"),
    }.items():
        monkeypatch.setenv(name, value)
    runpy.run_path(str(EXAMPLE / "register.py"), run_name="__main__")

    assert [request.full_url for request, _ in sent] == [
        f"https://brokers.example:9099/subjects/{topic}-value/versions" for topic in TOPICS
    ]
    login = base64.b64encode(b"playback:secret").decode()
    for topic, (request, context) in zip(TOPICS, sent, strict=True):
        assert isinstance(request.data, bytes)
        body = json.loads(request.data)
        assert (request.get_method(), body["schemaType"]) == ("POST", "JSON")
        assert json.loads(body["schema"])["title"] == f"{topic}-value"
        assert request.get_header("Authorization") == f"Basic {login}"
        assert context.verify_mode == ssl.CERT_REQUIRED
    assert "events.listening: schema 7" in capsys.readouterr().out
