"""Findings of a subject become its verdict, and an unused excuse is a problem."""

from tests.properties.findings import judged
from tests.properties.promise import problems_of

EXCUSE = {"kong/kong: proxy": "It writes its prefix, which no volume holds"}


def problems(subjects: list[str], findings: list[str], excused: dict[str, str] | None = None) -> list[str]:
    return problems_of("dev", judged(subjects, findings, "Mend it.", excused=excused), None)


def test_subject_without_finding_passes() -> None:
    assert problems(["kong/kong", "keycloak/keycloak"], []) == []


def test_finding_matches_exact_subject() -> None:
    assert problems(["kong/kong", "kong/kong-2"], ["kong/kong-2: runs privileged"]) == [
        "dev/kong/kong-2: Mend it. Found: kong/kong-2: runs privileged."
    ]


def test_finding_without_subject_is_reported() -> None:
    assert problems(["kong/kong"], ["release kong is there twice"]) == ["dev/release kong is there twice: Mend it."]


def test_reviewed_finding_is_excused() -> None:
    assert problems(["kong/kong: proxy"], ["kong/kong: proxy"], EXCUSE) == []


def test_unused_excuse_is_a_problem() -> None:
    assert problems(["kong/kong: proxy"], [], EXCUSE) == [
        "dev/excuse of kong/kong: proxy: The excuse is unused or its reason is too short. Remove it or complete the reason."
    ]
