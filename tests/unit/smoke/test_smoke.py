"""Verdicts of smoke checks, with a stub of the public address and recorded responses of AWS."""

import warnings
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from email.message import Message
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from spotmusic_cdk.settings import Settings
from spotmusic_constructs.edge_region import EDGE_REGION
from tests.conftest import sample_of
from tests.recorded import Call, Recorded, listed, stack
from tools import local_aws
from tools.checkout import ROOT
from tools.preflight import account as preflight
from tools.preflight.finding import Clients, Context
from tools.smoke import __main__ as command
from tools.smoke import account, messages, platform, web
from tools.smoke.browser import Answer, Browser
from tools.smoke.check import Check, State, lines, run
from tools.smoke.platform import Given, NoPlatformError, Platform

PROD = sample_of("prod")
ORIGIN = PROD.public_url
TRACK = "/v1/playback/tracks/1"
SIGNED = f"{ORIGIN}/audio/1.flac?Signature=s"
HEADERS = dict.fromkeys(web.SECURITY_HEADERS, "x")
ISSUER = f"{PROD.issuer}/.well-known/openid-configuration"


Answers = Mapping[str, Answer | list[Answer]]


def answer(status: int, body: str = "", headers: Mapping[str, str] | None = None) -> Answer:
    message = Message()
    for name, value in (headers or {}).items():
        message[name] = value
    return Answer(status=status, headers=message, body=body)


class Edge(Browser):
    """Stub of the public address, with responses by path, and others for requests with a token."""

    def __init__(self, answers: Answers) -> None:
        super().__init__(ORIGIN)
        self.answers = {
            path: list(found) if isinstance(found, list) else [found]
            for path, found in answers.items()
        }

    def fetch(
        self,
        method: str,
        url: str,
        data: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        found = self.answers[f"{'token ' if 'Authorization' in (headers or {}) else ''}{url}"]
        return found.pop(0) if len(found) > 1 else found[0]


class Unreachable(Browser):
    """Address without a server."""

    def fetch(self, *_: Any, **__: Any) -> Answer:
        raise ConnectionRefusedError("Connection refused")


class WithToken(Platform):
    """Platform of a listener with a login."""

    token = "token"


def context_of(clients: Clients, account: str = "111122223333") -> Context:
    return Context(settings=PROD, clients=clients, account=account)


def listener_at(answers: Answers, **given: str) -> Platform:
    return WithToken(settings=PROD, browser=Edge(answers), given=Given(**given))


def verdict(check: Check[Platform], of: Platform) -> tuple[State, str]:
    (result,) = run([replace(check, needs="")], of)
    return result.state, result.detail


def named(name: str) -> Check[Platform]:
    return next(check for check in (*command.CHECKS, account.ALARM_TEST) if check.name == name)


@pytest.mark.parametrize(
    ("name", "answers", "given", "state", "detail"),
    [
        (
            "page",
            {"/": answer(200, headers=HEADERS | {"Age": "1"})},
            {},
            State.OK,
            "200, 6 security headers",
        ),
        ("page", {"/": answer(200)}, {}, State.FAILED, "without Strict-Transport-Security"),
        ("page", {"/": answer(403, headers=HEADERS)}, {}, State.FAILED, "status 403"),
        ("API without token", {"/v1/playback": answer(401)}, {}, State.OK, "401 for /v1/playback"),
        (
            "API without token",
            {TRACK: answer(200)},
            {"api": TRACK},
            State.FAILED,
            "200 instead of 401",
        ),
        (
            "API with token",
            {f"token {TRACK}": answer(200)},
            {"api": TRACK},
            State.OK,
            f"200 for {TRACK}",
        ),
        (
            "API with token",
            {f"token {TRACK}": answer(404)},
            {"api": TRACK},
            State.FAILED,
            "status 404",
        ),
        ("API with token", {"token /v1/playback": answer(404)}, {}, State.OK, "404 of the service"),
        ("API with token", {"token /v1/playback": answer(401)}, {}, State.FAILED, "status 401"),
        ("API with token", {"token /v1/playback": answer(503)}, {}, State.FAILED, "status 503"),
        ("audio without signature", {"/audio/smoke": answer(403)}, {}, State.OK, "403"),
        (
            "audio without signature",
            {"/audio/smoke": answer(404)},
            {},
            State.FAILED,
            "404 instead of 403",
        ),
        (
            "issuer",
            {ISSUER: answer(200, f'{{"issuer": "{PROD.issuer}"}}')},
            {},
            State.OK,
            PROD.issuer,
        ),
        (
            "issuer",
            {ISSUER: answer(200, '{"issuer": "https://other"}')},
            {},
            State.FAILED,
            "issuer is https://other",
        ),
        ("issuer", {ISSUER: answer(200, "<html>")}, {}, State.FAILED, "JSONDecodeError"),
        ("issuer", {ISSUER: answer(502)}, {}, State.FAILED, "status 502"),
        ("audio with signature", {}, {}, State.SKIPPED, "set SMOKE_API"),
        ("event in and out", {}, {}, State.SKIPPED, "Set SMOKE_EVENT"),
        ("metrics", {}, {}, State.SKIPPED, "no AWS credentials"),
    ],
)
def test_check_has_verdict(
    name: str, answers: dict[str, Answer], given: dict[str, str], state: State, detail: str
) -> None:
    found = verdict(named(name), listener_at(answers, **given))
    assert found[0] == state, found
    assert detail in found[1]


@pytest.mark.parametrize(("keys", "state"), [(["index.html"], State.FAILED), ([], State.SKIPPED)])
def test_page_is_skipped_before_the_first_upload(keys: list[str], state: State) -> None:
    bucket = listed(("WebBucketE51352C0", "AWS::S3::Bucket", "web"))
    objects = {"Contents": [{"Key": key} for key in keys]} if keys else {}
    aws = context_of(Recorded([bucket, ("s3", PROD.region, "list_objects_v2", objects)]))
    found = verdict(
        named("page"),
        Platform(settings=PROD, browser=Edge({"/": answer(403)}), given=Given(), aws=aws),
    )[0]
    assert found == state


@pytest.mark.parametrize(
    ("track", "with_", "without", "state"),
    [
        (SIGNED, 206, 403, State.OK),
        (SIGNED, 403, 403, State.FAILED),
        (SIGNED, 200, 200, State.FAILED),
        ("https://other.example/audio/1.flac", 200, 403, State.FAILED),
    ],
)
def test_signed_audio_has_verdict(track: str, with_: int, without: int, state: State) -> None:
    answers = {
        f"token {TRACK}": answer(200, f'{{"audio": "{track}"}}'),
        SIGNED: answer(with_),
        SIGNED[: SIGNED.index("?")]: answer(without),
    }
    assert verdict(named("audio with signature"), listener_at(answers, api=TRACK))[0] == state


@pytest.mark.parametrize(
    ("sent", "shown", "state", "detail"),
    [
        (
            answer(202, '{"done": "/v1/trends/done/1"}'),
            [answer(404), answer(200)],
            State.OK,
            "processed after",
        ),
        (
            answer(202, '{"done": "/v1/trends/done/1"}'),
            [answer(404)],
            State.FAILED,
            "returns 404 after",
        ),
        (answer(202, "{}"), [], State.FAILED, "without the path `done`"),
        (answer(503), [], State.FAILED, "503 instead of 202"),
    ],
)
def test_message_has_verdict(
    sent: Answer, shown: list[Answer], state: State, detail: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(messages, "_POLL_SECONDS", 0.0)
    monkeypatch.setattr(messages, "_WITHIN_SECONDS", 0.1)
    answers: Answers = {"token /v1/playback/plays": sent, "token /v1/trends/done/1": shown}
    found = verdict(named("event in and out"), listener_at(answers, event="/v1/playback/plays"))
    assert (found[0], detail in found[1]) == (state, True), found


def test_unreachable_address_fails_once() -> None:
    results = [
        *run(web.CHECKS, Platform(settings=PROD, browser=Unreachable(ORIGIN), given=Given()))
    ]
    assert [result.state for result in results] == [State.FAILED, *[State.SKIPPED] * 7]
    assert lines(results[0], names=20).splitlines()[1].strip() == "→ docs/runbooks/edge.md#errors"


def test_failed_check_is_repeated_except_logins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tools.smoke.check._PAUSE_SECONDS", 0.0)
    starting: Answers = {
        "/audio/smoke": [answer(502), answer(403)],
        "/v1/playback": [answer(502), answer(401)],
    }
    checks = [named("audio without signature"), replace(named("API without token"), again=False)]
    found = [
        result.state
        for result in run(
            [replace(check, needs="") for check in checks], listener_at(starting), wait_seconds=60
        )
    ]
    assert found == [State.OK, State.FAILED]
    assert not named("login").again, "ten wrong passwords lock the account"


@pytest.mark.parametrize(
    ("page", "place", "detail"),
    [
        ('id="input-error-username"', "", "refused the name or the password of ana"),
        ("a second factor", "", "requires more than a password from ana"),
        ("", f"{ORIGIN}/callback?error=access_denied", "error=access_denied"),
    ],
)
def test_refused_login_is_explained(
    page: str, place: str, detail: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tools.smoke.login.give_password", lambda *_, **__: (place, page))
    found = verdict(
        named("login"),
        Platform(settings=PROD, browser=Edge({}), given=Given(user="ana", password="wrong")),
    )
    assert found[0] == State.FAILED
    assert detail in found[1]


# The account


INSTANCE = listed(
    ("IdentityInstance4AD361ED", "AWS::RDS::DBInstance", "i"),
    ("CatalogueInstance4AD361ED", "AWS::RDS::DBInstance", "c"),
)
ALARM = listed(
    ("EventAlarmsFailedDeploymentsCountWarning3DAAA776", "AWS::CloudWatch::Alarm", "warning")
)


def samples(*points: float) -> Call:
    found = [{"Timestamp": datetime.now(UTC), "Sum": point} for point in points]
    return ("cloudwatch", PROD.region, "get_metric_statistics", {"Datapoints": found})


TOPICS = {
    "data/DatabaseEventsTopic": PROD.region,
    "observability/AlarmTopic": PROD.region,
    "observability/AlarmTopicPager": PROD.region,
    "edge/AlarmTopic": EDGE_REGION,
    "edge/AlarmTopicPager": EDGE_REGION,
}
EMAIL, ON_CALL, PAGER = (
    "a@music.example",
    "https://on-call.example/0123key",
    "https://pager.example/4567key",
)


def subscriptions(changed: str = "", subscribed: Mapping[str, str] | None = None) -> list[Call]:
    """Topics with each address of the settings confirmed, except one topic with these ARNs by
    address.
    """
    calls = []
    for topic, region in TOPICS.items():
        expected = [PAGER] if topic.endswith("Pager") else [EMAIL, ON_CALL]
        found = (
            dict.fromkeys(expected, "arn:aws:sns:subscription")
            if topic != changed
            else subscribed or {}
        )
        entries = [{"SubscriptionArn": arn, "Endpoint": address} for address, arn in found.items()]
        arn = f"arn:aws:sns:{region}:111122223333:topic"
        calls.append(
            listed((f"{topic.partition('/')[2]}D01E77F9", "AWS::SNS::Topic", arn), region=region)
        )
        calls.append(("sns", region, "list_subscriptions_by_topic", {"Subscriptions": entries}))
    return calls


def alarm_calls(state: str, *summaries: str) -> list[Call]:
    history = [{"AlarmName": "warning", "HistorySummary": summary} for summary in summaries]
    operations: list[tuple[str, dict[str, Any]]] = [
        ("describe_alarms", {"MetricAlarms": [{"AlarmName": "warning", "StateValue": state}]}),
        ("set_alarm_state", {}),
        ("describe_alarm_history", {"AlarmHistoryItems": history}),
        ("set_alarm_state", {}),
    ]
    return [
        ALARM,
        *[
            ("cloudwatch", PROD.region, name, found)
            for name, found in operations[: 1 if state == "ALARM" else 4]
        ],
    ]


def stacks(status: str) -> list[Call]:
    """Stacks. The last one, in the home region, has this status."""
    places = [region or PROD.region for region in preflight.STACKS.values()]
    states = [*["UPDATE_COMPLETE"] * (len(places) - 1), status]
    return [
        ("cloudformation", place, "describe_stacks", stack(state))
        for place, state in zip(places, states, strict=True)
    ]


def in_account(
    name: str, calls: list[Call], *, caller: str = "111122223333", settings: Settings = PROD
) -> tuple[State, str]:
    """Verdict of a check that makes exactly these calls."""
    recorded = Recorded(calls)
    aws = context_of(recorded, caller)
    found = verdict(named(name), Platform(settings=settings, browser=None, given=Given(), aws=aws))
    recorded.exhausted()
    return found


DENIED: Call = ("cloudformation", PROD.region, "list_stack_resources", "AccessDenied")
DELETED: Call = ("sns", PROD.region, "list_subscriptions_by_topic", "NotFound")
NO_ALARM: Call = ("cloudwatch", PROD.region, "describe_alarms", {"MetricAlarms": []})


@pytest.mark.parametrize(
    ("name", "calls", "state", "detail"),
    [
        ("stacks", stacks("CREATE_COMPLETE"), State.OK, "8 of 8 complete"),
        (
            "stacks",
            stacks("UPDATE_ROLLBACK_COMPLETE"),
            State.FAILED,
            "observability is UPDATE_ROLLBACK_COMPLETE",
        ),
        ("metrics", [INSTANCE, samples(3.0)], State.OK, "CPU of c: "),
        ("metrics", [INSTANCE, samples()], State.FAILED, "no sample of CPUUtilization in 15 min"),
        ("metrics", [listed()], State.FAILED, "has no AWS::RDS::DBInstance"),
        ("recipients", [DENIED], State.SKIPPED, "AccessDenied from"),
        ("recipients", [*subscriptions()[:1], DELETED], State.FAILED, "NotFound from"),
        ("alarm", [ALARM, NO_ALARM], State.FAILED, "was deleted outside CloudFormation"),
        ("alarm", alarm_calls("OK", "Successfully executed a"), State.OK, "is OK again"),
        ("alarm", alarm_calls("OK", "Failed to execute"), State.FAILED, "Failed to execute"),
        ("alarm", alarm_calls("ALARM"), State.SKIPPED, "in ALARM already"),
    ],
)
def test_check_of_the_account_has_verdict(
    name: str, calls: list[Call], state: State, detail: str
) -> None:
    found = in_account(name, calls)
    assert found[0] == state, found
    assert detail in found[1]


@pytest.mark.parametrize(
    ("name", "calls", "detail"),
    [
        ("metrics", [INSTANCE, samples()], "has no measurements"),
        ("alarm", alarm_calls("OK"), "set and restored"),
    ],
)
def test_check_skips_what_the_emulator_lacks(name: str, calls: list[Call], detail: str) -> None:
    state, found = in_account(name, calls, caller=local_aws.ACCOUNT)
    assert (state, detail in found) == (State.SKIPPED, True), found


def recipients_of(calls: list[Call], **addresses: tuple[str, ...]) -> tuple[State, str]:
    observability = PROD.observability.model_copy(update={"alarm_emails": (), **addresses})
    settings = PROD.model_copy(update={"observability": observability})
    return in_account("recipients", calls, settings=settings)


ADDRESSES = {"alarm_emails": (EMAIL,), "alarm_endpoints": (ON_CALL,), "pager_endpoints": (PAGER,)}


@pytest.mark.parametrize("topic", TOPICS)
@pytest.mark.parametrize("arn", ["", "PendingConfirmation", "Deleted"])
def test_topic_without_a_recipient_fails(topic: str, arn: str) -> None:
    address, host = (
        (PAGER, "pager.example") if topic.endswith("Pager") else (ON_CALL, "on-call.example")
    )
    found = {address: arn} if arn else {}
    if address == ON_CALL:
        found[EMAIL] = "arn:aws:sns:subscription"
    assert recipients_of(subscriptions(topic, found), **ADDRESSES) == (
        State.FAILED,
        f"{host} is not confirmed at {topic}",
    )


def test_confirmed_recipients_are_counted() -> None:
    assert recipients_of(subscriptions(), **ADDRESSES) == (State.OK, "3 recipients")
    assert recipients_of([])[0] == State.SKIPPED


def edge_stack(answer_: Mapping[str, Any] | str) -> Context:
    return context_of(Recorded([("cloudformation", "us-east-1", "describe_stacks", answer_)]))


def test_address_is_output_of_edge_stack() -> None:
    assert platform.address_of(PROD, edge_stack(stack("CREATE_COMPLETE", Url=ORIGIN))) == ORIGIN


@pytest.mark.parametrize(
    ("aws", "message"),
    [
        (None, "Log in to AWS, or set SMOKE_URL"),
        (edge_stack("ValidationError"), "is not deployed. Deploy prod first"),
        (edge_stack(stack("ROLLBACK_COMPLETE")), "is ROLLBACK_COMPLETE"),
    ],
)
def test_missing_address_is_explained(aws: Context | None, message: str) -> None:
    with pytest.raises(NoPlatformError, match=message):
        platform.address_of(PROD, aws)


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"SMOKE_URL": "http://music.example"}, "is not an address"),
        ({"SMOKE_URL": "https://[::1"}, "is not an address"),
        ({"SMOKE_URL": "https://music.example:port"}, "is not an address"),
        ({"SMOKE_URL": "https://music.example?page=1"}, "is not an address"),
        ({"SMOKE_API": "v1/playback"}, "SMOKE_API v1/playback is not a path"),
    ],
)
def test_malformed_variable_is_explained(variables: dict[str, str], message: str) -> None:
    with pytest.raises(NoPlatformError, match=message):
        platform.given(variables)


def test_refused_credentials_are_explained(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(*_: Any) -> Context:
        raise ClientError(
            {"Error": {"Code": "ExpiredToken", "Message": "expired"}}, "GetCallerIdentity"
        )

    monkeypatch.setattr(command, "connect", refuse)
    assert command.main(["--env", "dev"]) == 1
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 2
    assert "ExpiredToken" in lines[0]
    assert "make smoke ENV=dev" in lines[1]


def test_warnings_of_settings_are_lines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    dev = (ROOT / "tests" / "environments" / "dev.yaml").read_text()
    (tmp_path / "dev.yaml").write_text(f'{dev}\nkubernetes: {{version: "1.29"}}\n')
    monkeypatch.setattr(command, "ENVIRONMENTS", tmp_path)
    monkeypatch.setattr(command, "_account", lambda _settings: None)
    with warnings.catch_warnings():
        assert command.main(["--env", "dev"]) == 1
    place = f"{tmp_path.name}/dev.yaml"
    assert capsys.readouterr().err.startswith(f"{place}: kubernetes.version: EKS stopped")


def test_token_is_replaced_before_it_expires(monkeypatch: pytest.MonkeyPatch) -> None:
    given = [
        {"access_token": "first", "expires_in": 60},
        {"access_token": "second", "expires_in": 300},
    ]
    monkeypatch.setattr("tools.smoke.login.tokens", lambda *_: given.pop(0))
    found = Platform(settings=PROD, browser=Edge({}), given=Given(user="ana", password="right"))
    assert [found.token, found.token, found.token] == ["first", "second", "second"]


def test_smoke_checks_show_no_password() -> None:
    assert "s3cret" not in repr(Given(user="ana", password="s3cret"))


@pytest.mark.parametrize(
    ("checks", "status"),
    [((), 1), (("metrics",), 1), (("audio without signature",), 0), (("page",), 1)],
)
def test_status_is_zero_if_something_succeeded(
    checks: tuple[str, ...], status: int, capsys: pytest.CaptureFixture[str]
) -> None:
    answers = {"/audio/smoke": answer(403), "/": answer(500)}
    found = command.check(listener_at(answers), [replace(named(name), needs="") for name in checks])
    assert found == status
    assert capsys.readouterr().out.splitlines()[-1].endswith("no check passed") == (
        checks != ("audio without signature",)
    )
