"""Environments with an account of their own, which templates of the tests have not."""

from spotmusic_cdk.settings import parse
from tools.checkout import ROOT
from tools.fuzz.corners import EVERY_OPTION, text_of
from tools.model.assembly import Assembly
from tools.model.values import ACCOUNT


def test_model_has_account_of_example() -> None:
    """`tools.model.templates.read` replaces the account of templates."""
    source = ROOT / "environments" / "prod.yaml"
    example = parse(text_of(EVERY_OPTION), source=source)
    own = parse(text_of(EVERY_OPTION).replace(ACCOUNT, "222233334444"), source=source)
    assert own.account == "222233334444"
    assert Assembly(name="prod", settings=own, templates={}).settings == example
