"""The check of an account asks for AWS's own policies that roles have, and for the stacks in their regions."""

from tests.conftest import STACKS
from tests.properties.reviewed import AWS_MANAGED
from tools.preflight import account


def test_preflight_asks_for_managed_policies_in_use() -> None:
    """`tests/properties/test_iam.py` holds the reviewed names to those in the templates."""
    assert {name.rpartition("/")[2] for name in account.MANAGED_POLICIES} == set(AWS_MANAGED)


def test_preflight_asks_for_every_stack() -> None:
    assert set(account.STACKS) == set(STACKS)
