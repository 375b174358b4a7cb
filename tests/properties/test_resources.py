"""Readers of templates: references across stacks, joined texts, and policy statements."""

from typing import Any

import pytest

from tests.conftest import sample_of
from tests.model.assembly import Assembly
from tests.model.values import at, leaves
from tests.properties.releases import images_in
from tests.properties.statements import statements_of

TEMPLATES: dict[str, dict[str, Any]] = {
    "secrets": {
        "Resources": {"Key0A1B2C3D": {"Type": "AWS::KMS::Key", "DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain"}},
        "Outputs": {
            "Strong": {"Value": {"Fn::GetAtt": ["Key0A1B2C3D", "Arn"]}, "Export": {"Name": "spotmusic-prod-secrets:Strong"}},
            "Weak": {"Value": {"Ref": "Key0A1B2C3D"}},
        },
    },
    "data": {
        "Resources": {
            "Bucket": {"Type": "AWS::S3::Bucket", "Properties": {"Key": {"Fn::ImportValue": "spotmusic-prod-secrets:Strong"}}},
            "Queue": {
                "Type": "AWS::SQS::Queue",
                "Properties": {
                    "Keys": [{"Fn::GetStackOutput": {"StackName": "spotmusic-prod-secrets", "OutputName": "Weak"}}],
                    "Literals": ["a"],
                    "Arn": {
                        "Fn::Join": ["", ["arn:aws:sqs:", {"Ref": "AWS::Region"}, ":", {"Ref": "AWS::AccountId"}, ":", {"Ref": "Queue"}]]
                    },
                    "Url": {"Fn::Sub": "https://${AWS::AccountId}.example/${Bucket.Arn}"},
                },
            },
            "Policy": {
                "Type": "AWS::S3::BucketPolicy",
                "Properties": {
                    "PolicyDocument": {
                        "Statement": {
                            "Sid": "One",
                            "Effect": "Deny",
                            "Principal": "*",
                            "Action": "s3:Get*",
                            "Resource": {"Ref": "Bucket"},
                            "Condition": {"StringEquals": {"AWS:SourceAccount": {"Ref": "AWS::AccountId"}}},
                        }
                    }
                },
            },
            "Role": {
                "Type": "AWS::IAM::Role",
                "Properties": {
                    "AssumeRolePolicyDocument": {
                        "Statement": [
                            {
                                "Effect": "Allow",
                                "Principal": {"Service": ["a.amazonaws.com", "b.amazonaws.com"]},
                                "Action": "sts:AssumeRole",
                            }
                        ]
                    },
                    "Policies": [{"PolicyDocument": {"Statement": [{"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}]}}],
                },
            },
            "Written": {"Type": "AWS::Logs::ResourcePolicy", "Properties": {"PolicyDocument": '{"Statement":[{"Effect":"Allow"}]}'}},
            "Rule": {"Type": "AWS::WAFv2::WebACL", "Properties": {"Rules": [{"Statement": {"RateBasedStatement": {"Limit": 1}}}]}},
        }
    },
}
PLATFORM = Assembly(name="prod", settings=sample_of("prod"), templates=TEMPLATES)
KEY, BUCKET, QUEUE, POLICY, ROLE, WRITTEN, _ = PLATFORM.resources


def test_references_resolve_through_exports() -> None:
    assert BUCKET.target("Key") is KEY
    assert QUEUE.targets("Keys") == [KEY]
    assert PLATFORM.users_of(KEY, "AWS::S3::Bucket", "AWS::SQS::Queue") == [BUCKET, QUEUE]
    assert QUEUE.mentions("Url") == {BUCKET}


def test_literal_among_references_fails() -> None:
    with pytest.raises(AssertionError, match="names something by a literal"):
        QUEUE.targets("Literals")


def test_text_resolves_pseudo_parameters_and_references() -> None:
    assert QUEUE.text("Arn") == "arn:aws:sqs:sa-east-1:111122223333:${data/Queue}"
    assert QUEUE.text("Url") == "https://111122223333.example/${data/Bucket.Arn}"
    assert BUCKET.text("Key") == "${secrets/Key0A1B2C3D.Arn}"


def test_resource_names_omit_hash() -> None:
    assert KEY.name == "secrets/Key"
    assert KEY.outlives_its_stack
    assert not BUCKET.outlives_its_stack


def test_policy_statements_are_found_everywhere() -> None:
    kinds = [(statement.resource.id, statement.kind) for statement in statements_of(PLATFORM)]
    assert kinds == [("Policy", "resource"), ("Role", "trust"), ("Role", "identity"), ("Written", "resource")]


def test_statements_are_spread_out() -> None:
    denied, trusted, wide, _ = statements_of(PLATFORM)
    assert denied.for_anybody
    assert not denied.allows
    assert denied.may("s3:GetObject")
    assert not denied.may("s3:PutObject")
    assert denied.values("StringEquals", "aws:SourceAccount") == ("111122223333",)
    assert trusted.principals == (("Service", "a.amazonaws.com"), ("Service", "b.amazonaws.com"))
    assert wide.negated == ("NotAction",)


def test_property_paths_follow_lists() -> None:
    assert at({"a": [{"b": 1}]}, "a.0.b") == 1
    assert at({"a": [{"b": 1}]}, "a.1.b") is None
    assert dict(leaves({"a": [1, {"b": 2}], "c": {}})) == {"a.0": 1, "a.1.b": 2, "c": {}}


def test_images_are_found_in_all_forms() -> None:
    values = {
        "image": {"registry": "quay.io", "repository": "a/b", "tag": "1"},
        "sidecar": {"image": "docker.io/c/d:2"},
        "extraContainers": '- name: e\n  image: "ghcr.io/e/f:3"\n',
        "imagePullPolicy": "IfNotPresent",
    }
    assert set(images_in(values)) == {"quay.io/a/b:1", "docker.io/c/d:2", "ghcr.io/e/f:3"}
