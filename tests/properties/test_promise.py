"""Failures and unused deviations of promises."""

from dataclasses import replace

import pytest

from tests.properties import promise as subject
from tests.properties.deviations import Deviation
from tests.properties.promise import Verdicts, problems_of, promise, rule
from tools.checkout import settings_of
from tools.model.assembly import Assembly

LEAVE = Deviation(
    resources=("data/Cache*",), reason="This one may, because it is made up for a test."
)
BROKEN = ("data/CacheNode", False, "Mend it.")
KEPT = ("data/CacheNode", True, "Mend it.")


@pytest.mark.parametrize(
    ("verdicts", "deviation", "problems"),
    [
        (
            [KEPT, BROKEN, ("data/Queue", False, "Mend this.")],
            None,
            ["dev/data/CacheNode: Mend it.", "dev/data/Queue: Mend this."],
        ),
        ([BROKEN, ("data/Queue", False, "Mend this.")], LEAVE, ["dev/data/Queue: Mend this."]),
        (
            [KEPT],
            LEAVE,
            ["data/Cache* keeps the promise now. Take it out of tests/properties/deviations.py."],
        ),
        ([KEPT], replace(LEAVE, needed=False), []),
        ([], None, ["dev: nothing was looked at, so that nothing keeps the promise"]),
    ],
    ids=["failures", "deviation", "unused deviation", "borrowed deviation", "no verdict"],
)
def test_promise_lists_problems(
    verdicts: list[tuple[str, bool, str]], deviation: Deviation | None, problems: list[str]
) -> None:
    assert problems_of("dev", verdicts, deviation) == problems


def test_deviation_excuses_its_number_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subject, "DEVIATIONS", {7: {"dev": LEAVE}})

    def test_p007_something_holds(platform: Assembly) -> Verdicts:
        yield BROKEN

    def test_p008_something_holds(platform: Assembly) -> Verdicts:
        yield BROKEN

    platform = Assembly(name="dev", settings=settings_of("dev"), templates={})
    promise(test_p007_something_holds)(platform)
    with pytest.raises(
        pytest.fail.Exception, match=r"P-008 does not hold in dev:\n  dev/data/CacheNode: Mend it\."
    ):
        promise(test_p008_something_holds)(platform)
    with pytest.raises(
        pytest.fail.Exception,
        match=r"test_p007_something_holds does not hold in dev:\n  dev/data/CacheNode",
    ):
        rule(test_p007_something_holds)(platform)
