"""A promise lists all failures, and an unused deviation fails."""

from dataclasses import replace

import pytest

from tests.conftest import settings_of
from tests.model.assembly import Assembly
from tests.properties import promise as subject
from tests.properties.deviations import Deviation
from tests.properties.promise import Verdicts, problems_of, promise, rule

LEAVE = Deviation(resources=("data/Cache*",), reason="This one may, because it is made up for a test.")


def platform() -> Assembly:
    return Assembly(name="dev", settings=settings_of("dev"), templates={})


def test_failures_name_resource_and_remedy() -> None:
    verdicts = [("data/One", False, "Mend it."), ("data/Two", True, "Mend it."), ("data/Three", False, "Mend it otherwise.")]
    assert problems_of("prod", verdicts, None) == ["prod/data/One: Mend it.", "prod/data/Three: Mend it otherwise."]


def test_deviation_covers_declared_resources_only() -> None:
    verdicts = [("data/CacheNode", False, "Mend it."), ("data/Queue", False, "Mend it.")]
    assert problems_of("dev", verdicts, LEAVE) == ["dev/data/Queue: Mend it."]


def test_a_declaration_that_nothing_needs_fails() -> None:
    (problem,) = problems_of("dev", [("data/CacheNode", True, "Mend it.")], LEAVE)
    assert problem.startswith("data/Cache* keeps the promise now")


def test_a_borrowed_leave_need_not_be_taken() -> None:
    assert problems_of("qa", [("data/CacheNode", True, "Mend it.")], replace(LEAVE, needed=False)) == []


def test_a_promise_about_nothing_is_not_kept() -> None:
    (problem,) = problems_of("dev", [], None)
    assert "nothing was looked at" in problem


def test_deviation_is_found_by_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subject, "DEVIATIONS", {7: {"dev": LEAVE}})

    @promise
    def test_p007_something_holds(platform: Assembly) -> Verdicts:
        yield "data/CacheNode", False, "Mend it."

    @promise
    def test_p008_something_else_holds(platform: Assembly) -> Verdicts:
        yield "data/CacheNode", False, "Mend it."

    test_p007_something_holds(platform())
    with pytest.raises(pytest.fail.Exception, match=r"P-008 does not hold in dev:\n  dev/data/CacheNode: Mend it\."):
        test_p008_something_else_holds(platform())


def test_missing_resource_type_fails() -> None:
    with pytest.raises(AssertionError, match="no stack has AWS::RDS::DBInstance"):
        platform().some("AWS::RDS::DBInstance")


def test_rule_allows_no_deviation(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subject, "DEVIATIONS", {7: {"dev": LEAVE}})

    @rule
    def test_something_holds(platform: Assembly) -> Verdicts:
        yield "data/CacheNode", False, "Mend it."

    with pytest.raises(pytest.fail.Exception, match=r"test_something_holds does not hold in dev:\n  dev/data/CacheNode: Mend it\."):
        test_something_holds(platform())
