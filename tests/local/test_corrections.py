"""Corrections of the emulator that need none of it."""

import pytest

from spotmusic_cdk.local.corrections import refuse_lost_exports

BEFORE = {"secrets:Arn": "arn:key"}


@pytest.mark.parametrize(("now", "done"), [({}, "deleted"), ({"secrets:Arn": "arn:other"}, "updated")])
def test_imported_exports_are_kept(now: dict[str, str], done: str) -> None:
    with pytest.raises(ValueError, match=f"Export secrets:Arn cannot be {done} as it is in use by data"):
        refuse_lost_exports(BEFORE, now, {"data": {"secrets:Arn"}, "network": set()})


@pytest.mark.parametrize("now", [{}, {"secrets:Arn": "arn:other"}, BEFORE])
def test_exports_without_imports_may_go(now: dict[str, str]) -> None:
    refuse_lost_exports(BEFORE, now, {"data": {"network:Vpc"}})
