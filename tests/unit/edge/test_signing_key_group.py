"""Replacement of signing keys; P-111 decides that the group contains two keys or more."""

import json

import pytest

from spotmusic_constructs.edge.signing_key_group import SigningKeyGroup
from tests.conftest import new_stack
from tests.templates import properties_of, resources_of
from tools.model.values import Json

PEM = "-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----"


def synthesize(*names: str) -> tuple[dict[str, Json], Json]:
    """Public keys by their name in the environment file, and the key ids that services read."""
    stack = new_stack(region="us-east-1")
    group = SigningKeyGroup(
        stack, "SigningKeys", public_keys={name: PEM.format(name) for name in names}
    )
    found = properties_of(resources_of(stack), "AWS::CloudFront::PublicKey")
    keys = {
        key["PublicKeyConfig"]["Comment"]: {"id": id_, **key["PublicKeyConfig"]}
        for id_, key in found.items()
    }
    return keys, stack.resolve(group.ids)


def test_new_signing_key_keeps_existing_keys() -> None:
    before, _ = synthesize("first", "second")
    after, _ = synthesize("third", "second")
    assert before["second"] == after["second"]
    for part in ("id", "Name", "CallerReference"):
        assert before["first"][part] != after["third"][part]


def test_signing_key_ids_are_listed_by_name() -> None:
    keys, ids = synthesize("third", "second")
    listed = "".join(part if isinstance(part, str) else part["Ref"] for part in ids["Fn::Join"][1])
    assert listed == json.dumps(
        {name: keys[name]["id"] for name in ("third", "second")}, separators=(",", ":")
    )


def test_signing_key_group_requires_two_keys() -> None:
    with pytest.raises(ValueError, match="two or more"):
        synthesize("only")
