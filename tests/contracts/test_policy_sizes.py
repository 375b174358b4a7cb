"""Sizes of deployed policies with the longest possible ARNs, compared with IAM's limits."""

from collections.abc import Callable

import pytest

from tools.model.policy_sizes import MANAGED, MOST, too_large
from tools.model.templates import Template


@pytest.mark.parametrize("environment", ["dev", "staging", "prod"])
def test_iam_takes_every_policy(
    templates: Callable[[str], dict[str, Template]], environment: str
) -> None:
    named = {
        f"spotmusic-{environment}-{stack}": template
        for stack, template in templates(environment).items()
    }
    assert list(too_large(named)) == []


def test_oversized_policy_is_found() -> None:
    ids = [f"CacheUsersservice{number:02}SecretAbCdEfGh" for number in range(60)]
    readers = {
        "PolicyDocument": {
            "Statement": [
                {
                    "Action": "secretsmanager:GetSecretValue",
                    "Resource": [{"Ref": id_} for id_ in ids],
                }
            ]
        }
    }
    resources = {id_: {"Type": "AWS::SecretsManager::Secret"} for id_ in ids}
    template = {
        "Resources": {
            **resources,
            "Policy": {"Type": "AWS::IAM::ManagedPolicy", "Properties": readers},
        }
    }
    assert len(str(readers)) < MOST[MANAGED]
    (found,) = too_large({"data": template})
    assert found.startswith("data/Policy: ")
