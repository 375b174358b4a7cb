"""Promises: Deviations."""

import re

import pytest

from tests.properties.deviations import DEVIATIONS, Deviation
from tools.checkout import ROOT, settings_of

DECLARED = [
    (number, environment, deviation)
    for number, of in DEVIATIONS.items()
    for environment, deviation in of.items()
]
TESTED = {
    int(number)
    for file in (ROOT / "tests" / "properties").glob("test_*.py")
    for number in re.findall(r"^def test_p(\d{3})_", file.read_text(), flags=re.MULTILINE)
}


def named(declared: tuple[int, str, Deviation]) -> str:
    return f"P-{declared[0]:03d} in {declared[1]}"


@pytest.mark.parametrize("declared", DECLARED, ids=named)
def test_p134_environments_relax_declared_promises_only(
    declared: tuple[int, str, Deviation],
) -> None:
    """An environment breaks a promise only where a deviation declares it with a reason. Each
    deviation names no more resources than necessary. Production has no deviations.

    `promise` fails a deviation that is no longer used, in the test of its own number.

    Kept by: [`deviations.py`](../tests/properties/deviations.py)
    """
    number, environment, deviation = declared
    assert number in TESTED, (
        f"no test covers P-{number:03d}, so an unused deviation would remain. Remove it."
    )
    assert not settings_of(environment).production, "production does without nothing"
    assert len(deviation.reason) >= 40, "state the benefit, and why listeners are not affected"
    assert deviation.resources
    wide = [pattern for pattern in deviation.resources if len(pattern.replace("*", "")) < 8]
    assert wide == [], f"{wide} match too much: name the resources"


def test_dev_relaxes_cost_not_rights() -> None:
    """Secrets, keys, rights, encryption and retention are the same in all environments: 24 to 35,
    39, 40, 47 to 51, 53, 56 to 69.
    """
    rights = {*range(24, 36), 39, 40, *range(47, 52), 53, *range(56, 70)}
    assert rights.intersection(DEVIATIONS) == set()
