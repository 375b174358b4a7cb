"""Names in the smoke checks, compared with templates and runbooks. The checks have no synthesis."""

import re
from collections.abc import Callable

import pytest

from tests.templates import of_type
from tools.checkout import ROOT, settings_of
from tools.model.templates import Template
from tools.preflight.finding import Context
from tools.smoke import __main__ as command
from tools.smoke import account, web
from tools.smoke.check import Check
from tools.smoke.platform import Given, Platform

NAMES = (web.WEB_BUCKET, account.CATALOGUE, account.HEARTBEAT, account.TESTED)


def unasked(service: str, region: str) -> None:
    raise AssertionError(f"{service} in {region} is not asked")


@pytest.mark.parametrize(("stack", "type_", "path"), NAMES, ids=[path for _, _, path in NAMES])
def test_smoke_checks_know_resources(
    stack: str,
    type_: str,
    path: str,
    templates: Callable[[str], dict[str, Template]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    resources = {
        name: (found["Type"], name) for name, found in templates("prod")[stack]["Resources"].items()
    }
    monkeypatch.setattr("tools.smoke.platform.standing", lambda *_, **__: resources)
    settings = settings_of("prod")
    aws = Context(settings=settings, clients=unasked, account="111122223333")
    found = Platform(settings=settings, browser=None, given=Given(), aws=aws).resource(
        stack, type_, path
    )
    assert re.fullmatch(rf"{path}[0-9A-F]{{8}}", found)


def test_smoke_checks_ask_every_topic(templates: Callable[[str], dict[str, Template]]) -> None:
    found = {
        (stack, id_[:-8])
        for stack, template in templates("prod").items()
        for id_ in of_type(template["Resources"], "AWS::SNS::Topic")
    }
    topics = account.topics_of(settings_of("prod").observability)
    asked = [(stack, topic) for stack, topic, _ in topics]
    assert sorted(asked) == sorted(found - {(account.HEARTBEAT[0], account.HEARTBEAT[2])})


def test_alarm_test_calls_no_pager(templates: Callable[[str], dict[str, Template]]) -> None:
    stack, _, path = account.TESTED
    (tested,) = (
        found
        for name, found in templates("prod")[stack]["Resources"].items()
        if name.startswith(path)
    )
    assert len(tested["Properties"]["AlarmActions"]) == 1
    assert "OKActions" not in tested["Properties"]


@pytest.mark.parametrize(
    "check", [*command.CHECKS, account.ALARM_TEST], ids=lambda check: check.name
)
def test_smoke_checks_name_existing_runbooks(check: Check[Platform]) -> None:
    page, _, anchor = check.runbook.partition("#")
    headings = re.findall(r"^#+ (.+)$", (ROOT / page).read_text(), flags=re.MULTILINE)
    assert not anchor or anchor in {heading.lower().replace(" ", "-") for heading in headings}
