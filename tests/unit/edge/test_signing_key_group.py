import json

import pytest
from aws_cdk.assertions import Template

from spotmusic_constructs.edge.signing_key_group import SigningKeyGroup
from tests.conftest import new_stack
from tests.model.values import Json

PEM = "-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----"


def synthesize(*names: str) -> tuple[Json, Json]:
    """Template and the key ids that services read."""
    stack = new_stack(region="us-east-1")
    group = SigningKeyGroup(stack, "SigningKeys", public_keys={name: PEM.format(name) for name in names})
    ids: Json = stack.resolve(group.ids)
    return dict(Template.from_stack(stack).to_json()), ids


def keys(template: Json) -> dict[str, Json]:
    """Public keys by their name in the environment file."""
    found = {
        id_: r["Properties"]["PublicKeyConfig"] for id_, r in template["Resources"].items() if r["Type"] == "AWS::CloudFront::PublicKey"
    }
    return {config["Comment"]: {"id": id_, **config} for id_, config in found.items()}


def group(template: Json) -> list[str]:
    (found,) = (r for r in template["Resources"].values() if r["Type"] == "AWS::CloudFront::KeyGroup")
    return [item["Ref"] for item in found["Properties"]["KeyGroupConfig"]["Items"]]


@pytest.fixture(scope="module")
def before() -> Json:
    return synthesize("first", "second")[0]


@pytest.fixture(scope="module")
def after() -> Json:
    return synthesize("third", "second")[0]


def test_signing_key_group_contains_every_key(before: Json) -> None:
    assert group(before) == [keys(before)["first"]["id"], keys(before)["second"]["id"]]


def test_new_signing_key_keeps_existing_keys(before: Json, after: Json) -> None:
    assert keys(before)["second"] == keys(after)["second"]
    for part in ("id", "Name", "CallerReference"):
        assert keys(before)["first"][part] != keys(after)["third"][part]


def test_signing_key_ids_are_listed_by_name() -> None:
    template, ids = synthesize("third", "second")
    assert "".join(part if isinstance(part, str) else part["Ref"] for part in ids["Fn::Join"][1]) == json.dumps(
        {name: keys(template)[name]["id"] for name in ("third", "second")}, separators=(",", ":")
    )


def test_signing_key_group_requires_two_keys() -> None:
    with pytest.raises(ValueError, match="two or more"):
        synthesize("only")
