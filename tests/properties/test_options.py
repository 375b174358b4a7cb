"""Faults that are possible only with an option. No shipped environment has it, so no mutant covers
them.
"""

import copy
from collections.abc import Callable

import pytest

from tests.properties.test_iam import is_for_one_pod
from tools.checkout import settings_of
from tools.model.assembly import Assembly
from tools.model.holders import holders
from tools.model.statements import statements_of

ISSUER = {
    "Fn::Select": [
        1,
        {"Fn::Split": ["//", {"Fn::GetAtt": ["Cluster0A1B2C3D", "OpenIdConnectIssuerUrl"]}]},
    ]
}
TRUST = """{"Statement": [{
"Effect": "Allow",
"Action": "sts:AssumeRoleWithWebIdentity",
"Principal": {"Federated": "${Provider}"},
"Condition": {"StringEquals": {
    "${Issuer}:aud": "sts.amazonaws.com",
    "${Issuer}:sub": "system:serviceaccount:redpanda:redpanda"
}}}]}"""


def platform_with(trust: str) -> Assembly:
    """Cluster with an OIDC issuer as identity provider, and a role for one of its pods."""
    values = {"Provider": {"Fn::GetAtt": ["Issuer0A1B2C3D", "Arn"]}, "Issuer": ISSUER}
    resources = {
        "Cluster0A1B2C3D": {"Type": "AWS::EKS::Cluster"},
        "Issuer0A1B2C3D": {"Type": "AWS::IAM::OIDCProvider"},
        "Role": {
            "Type": "AWS::IAM::Role",
            "Properties": {"AssumeRolePolicyDocument": {"Fn::Sub": [trust, values]}},
        },
    }
    return Assembly(
        name="prod",
        settings=settings_of("prod"),
        templates={"eks-platform": {"Resources": copy.deepcopy(resources)}},
    )


def test_pod_role_trusts_one_pod() -> None:
    platform = platform_with(TRUST)
    (statement,) = statements_of(platform)
    assert is_for_one_pod(statement)
    assert list(holders(platform).values()) == ["pods redpanda/redpanda"]


@pytest.mark.parametrize(
    "broken",
    [
        lambda text: text.replace("redpanda:redpanda", "redpanda:*"),
        lambda text: text.replace("StringEquals", "StringLike"),
        lambda text: text.replace('"${Issuer}:aud": "sts.amazonaws.com",', ""),
        lambda text: text.replace('"sts.amazonaws.com"', '"another"'),
        lambda text: text.replace(
            '"Federated": "${Provider}"',
            '"Federated": "arn:aws:iam::111122223333:oidc-provider/elsewhere"',
        ),
        lambda text: text.replace(
            '"Federated": "${Provider}"', '"Federated": "${Provider}", "AWS": "*"'
        ),
        lambda text: text.replace("${Issuer}:sub", "elsewhere:sub"),
        lambda text: text.replace("sts:AssumeRoleWithWebIdentity", "sts:*"),
    ],
    ids=[
        "any account",
        "a pattern",
        "no audience",
        "another audience",
        "another issuer",
        "anybody",
        "another's word",
        "any action",
    ],
)
def test_shared_pod_role_is_found(broken: Callable[[str], str]) -> None:
    text = broken(TRUST)
    assert text != TRUST
    (statement,) = statements_of(platform_with(text))
    assert not is_for_one_pod(statement)
