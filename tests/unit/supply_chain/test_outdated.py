"""Report of outdated versions, for a given day and recorded responses of registries."""

import subprocess
from collections.abc import Callable, Sequence
from datetime import date, timedelta

import pytest

from spotmusic_cdk import versions
from tests.conftest import sample_of
from tools.checkout import ROOT
from tools.supply_chain import __main__ as command_line
from tools.supply_chain.ends import NOTICE_DAYS, lines
from tools.supply_chain.outdated import report
from tools.supply_chain.releases import (
    UNREACHED,
    Asked,
    NoAnswerError,
    Registry,
    ask,
    newest_of_helm,
    newest_of_npm,
    newest_of_pip,
)

ENVIRONMENTS = [sample_of(name) for name in ("dev", "staging", "prod")]
KUBERNETES_ENDS = date(2027, 8, 2)

PIP = (
    "{} (9999.1.0)\n"
    "Available versions: 9999.1.0, 1.0.0\n"
    "  INSTALLED: 1.0.0\n"
    "  LATEST:    9999.1.0\n"
)
NPM = '["1.0.0", "2.1148.1", "2.1149.0", "2.1150.0-rc.1", "3.0.0"]'
HELM = "apiVersion: v2\nappVersion: 1.0.0\nname: {}\nversion: v9999.1.0\n"


def recorded(command: Sequence[str]) -> str:
    """Return recorded output of the clients."""
    if "pip" in command:
        return PIP.format(command[-1])
    return NPM if command[0] == "npm" else HELM.format("chart")


def unreachable(command: Sequence[str]) -> str:
    """Fail like the clients without a network."""
    if "pip" in command:
        raise subprocess.CalledProcessError(
            1, command, stderr=f"ERROR: No matching distribution found for {command[-1]}\n"
        )
    if command[0] == "npm":
        raise subprocess.CalledProcessError(
            1,
            command,
            output='{"error": {}}',
            stderr="npm warn old\nnpm error code EAI_AGAIN\nnpm error more\n",
        )
    raise subprocess.TimeoutExpired(command, 30)


@pytest.mark.parametrize(("days", "listed"), [(NOTICE_DAYS, True), (NOTICE_DAYS + 1, False)])
def test_report_lists_support_ends_within_notice(days: int, listed: bool) -> None:
    text, ended = report(
        ROOT, ENVIRONMENTS, today=KUBERNETES_ENDS - timedelta(days=days), offline=True
    )
    assert (
        "Kubernetes 1.36 on Amazon EKS, used by dev, prod, staging: "
        "ends in 120 days, on 2027-08-02; " in text
    ) is listed
    assert not ended


def test_release_uses_supported_versions_only() -> None:
    assert not report(ROOT, ENVIRONMENTS, today=versions.RELEASED, offline=True)[1]


def test_last_day_of_support_is_supported() -> None:
    ends = min(
        line.support.standard_until for line in lines(ENVIRONMENTS) if line.support.standard_until
    )
    assert not report(ROOT, ENVIRONMENTS, today=ends, offline=True)[1]
    text, ended = report(ROOT, ENVIRONMENTS, today=ends + timedelta(days=1), offline=True)
    assert "ended 1 days ago" in text
    assert ended


def test_report_lists_unsupported_environment() -> None:
    old = ENVIRONMENTS[0].model_copy(
        update={"kubernetes": ENVIRONMENTS[0].kubernetes.model_copy(update={"version": "1.29"})}
    )
    text, ended = report(ROOT, [old, *ENVIRONMENTS[1:]], today=versions.RELEASED, offline=True)
    assert "Kubernetes 1.29 on Amazon EKS, used by dev: ended 611 days ago, on 2025-03-23" in text
    assert ended


def test_report_sorts_by_end_of_support() -> None:
    ends = [line.support.standard_until or date.max for line in lines(ENVIRONMENTS)]
    assert ends == sorted(ends)


def test_report_lists_newer_releases_and_unqueryable_sources() -> None:
    text, ended = report(ROOT, ENVIRONMENTS, today=versions.RELEASED, client=recorded)
    assert "  cdk-nag 3.0.2 -> 9999.1.0 (PyPI)" in text
    assert f"  kong {versions.KONG.version} -> v9999.1.0 ({versions.KONG.repository})" in text
    expected = (
        "  aws-cdk 2.1148.1 -> 2.1149.0 (npm; stays on 2.x: "
        "npm's latest, 3.0.0, is an accidental publish"
    )
    assert expected in text
    assert f"{len(versions.images())} container images" in text.partition("Queries failed:")[2]
    assert not ended


def test_report_works_without_network() -> None:
    text, ended = report(
        ROOT, ENVIRONMENTS, today=KUBERNETES_ENDS + timedelta(days=1), client=unreachable
    )
    assert "Kubernetes 1.36 on Amazon EKS, used by dev, prod, staging: ended 1 days ago" in text
    assert ended
    assert "Newer releases: 0 of 0 queried packages" in text
    unasked = text.partition("Queries failed:")[2]
    assert f": {UNREACHED}" in unasked
    assert "npm error code EAI_AGAIN" in unasked
    assert "https://charts.konghq.com: kong: no response within 30 seconds" in unasked
    for name in ("aws-cdk-lib", "syrupy", "aws-cdk", "keycloakx"):
        assert name in unasked


def test_silent_registry_gets_three_queries() -> None:
    questions = []

    def silent(command: Sequence[str]) -> str:
        questions.append(command)
        raise FileNotFoundError(2, "not there", "npm")

    pinned = {f"package-{number}": "1.0.0" for number in range(9)}
    results = list(ask(Registry("npm", pinned, lambda name: ["npm", name], newest_of_npm), silent))
    assert len(questions) == 3
    assert [answer.name for answer in results] == sorted(pinned)
    assert results[0].problem == "npm is not in PATH"
    assert all(answer.newest is None and answer.problem for answer in results)


def test_failed_query_does_not_stop_others() -> None:
    def answers(command: Sequence[str]) -> str:
        if command[-1] == "a":
            raise subprocess.CalledProcessError(1, command)
        return PIP.format(command[-1])

    pinned = dict.fromkeys("abc", "1.0")
    results = list(ask(Registry("PyPI", pinned, lambda name: [name], newest_of_pip), answers))
    assert [(answer.name, answer.newest, answer.problem) for answer in results] == [
        ("a", None, "it ended with 1"),
        ("b", "9999.1.0", ""),
        ("c", "9999.1.0", ""),
    ]


@pytest.mark.parametrize(
    ("pinned", "newest", "is_newer"),
    [
        ("1.9.0", "1.10.0", True),
        ("v1.21.1", "v1.21.1", False),
        ("2.0.0", "1.9.9", False),
        ("1.0", "unknown", False),
        ("1.0", None, False),
    ],
)
def test_versions_are_compared_as_numbers(
    pinned: str, newest: str | None, *, is_newer: bool
) -> None:
    assert Asked(registry="", name="", pinned=pinned, newest=newest).is_newer is is_newer


def test_client_responses_are_parsed() -> None:
    assert newest_of_pip("PyYAML", "pyyaml (6.0.4)\nAvailable versions: 6.0.4\n") == "6.0.4"
    found = newest_of_pip(
        "boto3", "boto3 (1.44.5)\nAvailable versions: 1.44.5, 1.43.9, 1.43.10, 1.42.0\n"
    )
    assert found == "1.43.10"
    assert newest_of_npm("other", NPM) == "3.0.0"
    assert newest_of_npm("other", '"1.0.0"') == "1.0.0"
    assert newest_of_helm("kong", 'name: kong\nversion: "3.4.2"\n') == "3.4.2"


@pytest.mark.parametrize(
    ("read", "name", "answer"),
    [
        (newest_of_pip, "kong", "other (1.0)"),
        (newest_of_npm, "kong", '["1.0.0-beta"]'),
        (newest_of_helm, "kong", "name: kong\nappVersion: 1\n"),
        (newest_of_pip, "boto3", "boto3 (1.44.5)\nAvailable versions: 1.44.5\n"),
    ],
)
def test_empty_response_is_rejected(
    read: Callable[[str, str], str], name: str, answer: str
) -> None:
    with pytest.raises(NoAnswerError):
        read(name, answer)


def test_outdated_exit_code_reports_ended_support(capsys: pytest.CaptureFixture[str]) -> None:
    assert command_line.main(["outdated", "--offline", "--today", "2026-11-24"]) == 0
    assert command_line.main(["outdated", "--offline", "--today", "2027-08-03"]) == 1
    assert "Newer releases: not queried (offline)" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        command_line.main(["outdated", "--offline"])


def test_outdated_refuses_invalid_day(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        command_line.main(["outdated", "--today", "yesterday"])
    assert "'yesterday' is not a day. Write year, month and day" in capsys.readouterr().err
