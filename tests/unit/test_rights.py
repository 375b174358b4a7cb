"""Statements distributed over several managed policies, each exactly once."""

import pytest
from aws_cdk import aws_iam as iam

from spotmusic_constructs.rights import MOST_RESOURCES, Rights, allow
from tests.conftest import new_stack
from tests.templates import properties_of, resources_of


def arns(count: int, kind: object = "first") -> list[str]:
    return [
        f"arn:aws:secretsmanager:sa-east-1:111122223333:secret:{kind}-{number:02}-AbCdEf"
        for number in range(count)
    ]


def policies(*counts: int, at_once: bool = False) -> dict[str, list[list[str]]]:
    """ARNs of each statement of each policy, for statements with these numbers of resources."""
    stack = new_stack()
    role = iam.Role(stack, "Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
    rights = Rights(
        stack,
        "Policy",
        role=role,
        statements=[allow(["logs:PutLogEvents"], arns(1))],
    )
    added = [
        allow([f"secretsmanager:Action{number}"], arns(count, number))
        for number, count in enumerate(counts)
    ]
    for statements in [added] if at_once else [[statement] for statement in added]:
        rights.add(*statements)
    return {
        id_[:-8]: [
            [s["Resource"]] if isinstance(s["Resource"], str) else s["Resource"]
            for s in policy["PolicyDocument"]["Statement"]
        ]
        for id_, policy in properties_of(resources_of(stack), "AWS::IAM::ManagedPolicy").items()
    }


def test_fitting_rights_use_one_policy() -> None:
    assert list(policies(10, MOST_RESOURCES - 11)) == ["Policy"]


@pytest.mark.parametrize(
    "counts", [(0,), (MOST_RESOURCES,), (41, 41), (1, 100), (MOST_RESOURCES - 1, 1)]
)
def test_rights_are_split_at_policy_limit(counts: tuple[int, ...]) -> None:
    made = policies(*counts)
    assert all(sum(map(len, statements)) <= MOST_RESOURCES for statements in made.values())
    given = [arn for statements in made.values() for statement in statements for arn in statement]
    assert sorted(given) == sorted(
        [*arns(1), *(arn for number, count in enumerate(counts) for arn in arns(count, number))]
    )
    assert list(made) == ["Policy", *(f"Policy{number + 2}" for number in range(len(made) - 1))]
    assert policies(*counts, at_once=True) == made
