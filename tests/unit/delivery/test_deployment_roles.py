"""Trust and rights of the roles of CI/CD jobs."""

from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any

import aws_cdk as cdk
import pytest

from spotmusic_constructs.delivery.deployment_roles import (
    BOOTSTRAP_ROLES,
    DeploymentRoles,
    DeploymentTarget,
)
from spotmusic_constructs.delivery.trust import Trust, github, gitlab
from tests.conftest import new_stack
from tests.templates import all_of, of_type, only, resources_of
from tools.model.values import ACCOUNT, Json

HUB = "token.actions.githubusercontent.com"
GITHUB = github(repository="example/spotmusic")
DEV = DeploymentTarget(
    regions=["sa-east-1", "us-east-1"],
    repositories={"playback": "dev-playback-*", "trends": "dev-trends"},
    registry_stack="dev-registry",
)
JOB = {
    "aud": "sts.amazonaws.com",
    "sub": "repo:example/spotmusic:environment:dev",
    "ref": "refs/heads/main",
}
ON_MAIN = {
    "aud": "sts.amazonaws.com",
    "sub": "repo:example/spotmusic:ref:refs/heads/main",
    "ref": "refs/heads/main",
}
PULL_REQUEST = {
    "aud": "sts.amazonaws.com",
    "sub": "repo:example/spotmusic:pull_request",
    "ref": "refs/pull/7/merge",
}


def made(stack: cdk.Stack, *, trust: Trust = GITHUB, **more: Any) -> dict[str, Json]:
    """Roles by name."""
    DeploymentRoles(
        stack, "Roles", **{"trust": trust, "environments": {"dev": DEV, "prod": DEV}, **more}
    )
    return {role["RoleName"]: role for role in all_of(resources_of(stack), "AWS::IAM::Role")}


@pytest.fixture(scope="module")
def usual() -> cdk.Stack:
    return new_stack()


@pytest.fixture(scope="module")
def roles(usual: cdk.Stack) -> dict[str, Json]:
    """Roles without options, in the stack `usual`."""
    return made(usual)


@pytest.fixture(scope="module")
def policies(usual: cdk.Stack, roles: dict[str, Json]) -> list[Json]:
    assert roles
    return all_of(resources_of(usual), "AWS::IAM::ManagedPolicy")


def trusts(role: Json, token: Mapping[str, str], issuer: str = HUB) -> bool:
    """Evaluate the trust policy of a role as AWS STS does: all keys of StringEquals, exact and
    case-sensitive.
    """
    (statement,) = role["AssumeRolePolicyDocument"]["Statement"]
    assert statement["Action"] == "sts:AssumeRoleWithWebIdentity"
    assert statement["Condition"].keys() == {"StringEquals"}
    given = {f"{issuer}:{claim}": value for claim, value in token.items()}
    wanted = statement["Condition"]["StringEquals"]
    assert {f"{issuer}:aud", f"{issuer}:sub"} <= wanted.keys()
    return all(
        given.get(key) in (values if isinstance(values, list) else [values])
        for key, values in wanted.items()
    )


def rights(policies: list[Json], description: str) -> list[list[Json]]:
    """Statements of each policy with a description."""
    return [
        policy["PolicyDocument"]["Statement"]
        for policy in policies
        if policy["Description"] == description
    ]


def test_deployment_role_trusts_branch_in_environment(roles: dict[str, Json]) -> None:
    assert trusts(roles["spotmusic-deploy-dev"], JOB)
    assert trusts(roles["spotmusic-push-dev-playback"], JOB)
    assert trusts(roles["spotmusic-diff"], ON_MAIN)


@pytest.mark.parametrize(
    "token",
    [
        pytest.param(JOB | {"sub": "repo:example/other:environment:dev"}, id="wrong repository"),
        pytest.param(
            JOB | {"sub": "repo:example/spotmusic2:environment:dev"}, id="longer repository"
        ),
        pytest.param(JOB | {"sub": "repo:Example/spotmusic:environment:dev"}, id="other case"),
        pytest.param(
            JOB | {"sub": "repo:example@1/spotmusic@2:environment:dev"},
            id="repository of the same name",
        ),
        pytest.param(JOB | {"sub": "repo:fork/spotmusic:environment:dev"}, id="fork"),
        pytest.param(JOB | {"ref": "refs/heads/feature"}, id="wrong branch"),
        pytest.param(JOB | {"ref": "refs/tags/main"}, id="tag with the branch's name"),
        pytest.param(
            JOB | {"sub": "repo:example/spotmusic:environment:staging"}, id="wrong environment"
        ),
        pytest.param(
            JOB | {"sub": "repo:example/spotmusic:environment:dev2"}, id="longer environment"
        ),
        pytest.param(JOB | {"aud": "https://github.com/example"}, id="wrong audience"),
        pytest.param({"aud": JOB["aud"], "sub": JOB["sub"]}, id="no branch"),
        pytest.param(ON_MAIN, id="branch without environment"),
        pytest.param(PULL_REQUEST, id="pull request"),
        pytest.param(
            PULL_REQUEST | {"sub": "repo:fork/spotmusic:pull_request"}, id="pull request of a fork"
        ),
    ],
)
def test_roles_of_dev_refuse_other_jobs(roles: dict[str, Json], token: dict[str, str]) -> None:
    assert [name for name, role in roles.items() if "dev" in name and trusts(role, token)] == []


@pytest.mark.parametrize(
    "token", [JOB, PULL_REQUEST, ON_MAIN | {"sub": "repo:example/spotmusic:ref:refs/heads/feature"}]
)
def test_diff_role_trusts_branch_only(roles: dict[str, Json], token: dict[str, str]) -> None:
    assert not trusts(roles["spotmusic-diff"], token)


def test_pull_requests_read_when_allowed(stack: cdk.Stack) -> None:
    roles = made(stack, pull_requests=True)
    assert [name for name, role in roles.items() if trusts(role, PULL_REQUEST)] == [
        "spotmusic-diff"
    ]
    assert not trusts(
        roles["spotmusic-diff"], PULL_REQUEST | {"sub": "repo:fork/spotmusic:pull_request"}
    )


def test_immutable_subject_is_compared_exactly(stack: cdk.Stack) -> None:
    roles = made(stack, trust=github(repository="example@1/spotmusic@2", branch="release/1"))
    token = JOB | {
        "sub": "repo:example@1/spotmusic@2:environment:prod",
        "ref": "refs/heads/release/1",
    }
    assert trusts(roles["spotmusic-deploy-prod"], token)
    assert not trusts(
        roles["spotmusic-deploy-prod"],
        token | {"sub": "repo:example@1/spotmusic@3:environment:prod"},
    )


def test_gitlab_jobs_of_branch_are_trusted(stack: cdk.Stack) -> None:
    host = "gitlab.example"
    roles = made(stack, trust=gitlab(project="group/team/spotmusic", host=host))
    token = {
        "aud": f"https://{host}",
        "sub": "project_path:group/team/spotmusic:ref_type:branch:ref:main",
    }
    assert all(trusts(role, token, host) for role in roles.values())
    for wrong in (
        "group/team/other:ref_type:branch:ref:main",
        "group/team/spotmusic:ref_type:tag:ref:main",
    ):
        assert not any(
            trusts(role, token | {"sub": f"project_path:{wrong}"}, host) for role in roles.values()
        )
    assert only(resources_of(stack), "AWS::IAM::OIDCProvider") == {
        "ClientIdList": [f"https://{host}"],
        "Url": f"https://{host}",
    }


def test_deployment_role_only_assumes_bootstrap_roles(policies: list[Json]) -> None:
    allowed = rights(policies, "Assumes roles of the CDK bootstrap")
    names = {
        kinds: {
            f"arn:aws:iam::{ACCOUNT}:role/cdk-hnb659fds-{kind}-role-{ACCOUNT}-{region}"
            for kind in kinds
            for region in DEV.regions
        }
        for kinds in (("lookup",), BOOTSTRAP_ROLES)
    }
    assert [len(statements) for statements in allowed] == [1, 1, 1]
    assert {statement["Action"] for (statement,) in allowed} == {"sts:AssumeRole"}
    assert [set(statement["Resource"]) for (statement,) in allowed] == [
        names[("lookup",)],
        names[BOOTSTRAP_ROLES],
        names[BOOTSTRAP_ROLES],
    ]
    assert "cfn-exec" not in BOOTSTRAP_ROLES


def test_targets_may_be_in_another_account(stack: cdk.Stack) -> None:
    made(
        stack,
        environments={"prod": DeploymentTarget(account="444455556666", regions=["eu-west-1"])},
        qualifier="mine",
    )
    (statement,), *_ = rights(
        all_of(resources_of(stack), "AWS::IAM::ManagedPolicy"), "Assumes roles of the CDK bootstrap"
    )
    found = statement["Resource"]
    assert found == "arn:aws:iam::444455556666:role/cdk-mine-lookup-role-444455556666-eu-west-1"


def test_push_role_writes_own_repository_only(policies: list[Json]) -> None:
    (statements,) = rights(policies, "Pushes images of playback to dev")
    by_action = {
        action: s["Resource"]
        for s in statements
        for action in ([s["Action"]] if isinstance(s["Action"], str) else s["Action"])
    }
    assert [action for action, resource in by_action.items() if resource == "*"] == [
        "ecr:GetAuthorizationToken"
    ]
    repository = by_action["ecr:PutImage"]
    assert repository == f"arn:aws:ecr:sa-east-1:{ACCOUNT}:repository/dev-playback-*"
    assert not fnmatchcase(f"arn:aws:ecr:sa-east-1:{ACCOUNT}:repository/dev-trends", repository)
    found = by_action["cloudformation:DescribeStacks"]
    assert found == f"arn:aws:cloudformation:sa-east-1:{ACCOUNT}:stack/dev-registry/*"
    assert not [
        action
        for action in by_action
        if "Delete" in action or "Policy" in action or "Mutability" in action
    ]


def test_minimal_target_has_no_push_role(stack: cdk.Stack) -> None:
    roles = made(stack, environments={"dev": DeploymentTarget(regions=["sa-east-1"])})
    assert sorted(roles) == ["spotmusic-deploy-dev", "spotmusic-diff"]
    assert roles["spotmusic-deploy-dev"]["MaxSessionDuration"] == 7200


def test_provider_outlives_its_stack_but_no_failed_creation(stack: cdk.Stack) -> None:
    made(stack)
    (provider,) = of_type(resources_of(stack), "AWS::IAM::OIDCProvider").values()
    assert provider["DeletionPolicy"] == "RetainExceptOnCreate"
    assert provider["UpdateReplacePolicy"] == "Retain"


def test_existing_provider_is_used(stack: cdk.Stack) -> None:
    arn = f"arn:aws:iam::{ACCOUNT}:oidc-provider/{HUB}"
    roles = made(stack, provider_arn=arn, prefix="music", deployment_time=cdk.Duration.hours(4))
    assert of_type(resources_of(stack), "AWS::IAM::OIDCProvider") == {}
    assert roles["music-deploy-dev"]["AssumeRolePolicyDocument"]["Statement"][0]["Principal"] == {
        "Federated": arn
    }
    assert roles["music-deploy-dev"]["MaxSessionDuration"] == 14400


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: github(repository="example"), "Use owner/name"),
        (lambda: github(repository="example/*"), "Use owner/name"),
        (lambda: github(repository="example/spotmusic", branch="*"), "has a wildcard"),
        (lambda: gitlab(project="spotmusic"), "Use group/project"),
        (
            lambda: Trust(issuer="https://a.example", audience="a", branch="b", environment="c"),
            "has a scheme",
        ),
        (
            lambda: Trust(issuer="a.example", audience="a", branch="b:*", environment="c"),
            "has a wildcard",
        ),
    ],
)
def test_loose_trust_is_refused(call: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()


def test_impossible_roles_are_refused(stack: cdk.Stack) -> None:
    with pytest.raises(ValueError, match="environments is empty"):
        made(stack, environments={})
    with pytest.raises(ValueError, match="no subject of pull requests"):
        DeploymentRoles(
            stack,
            "GitLab",
            trust=gitlab(project="a/b"),
            environments={"dev": DEV},
            pull_requests=True,
        )
