"""Conditions of roles: source of services, and tags of nodes."""

from tests.model.assembly import Assembly
from tests.model.values import ACCOUNT
from tests.properties import reviewed
from tests.properties.promise import Verdicts, rule
from tests.properties.statements import statements_of


@rule
def test_roles_require_source_of_services(platform: Assembly) -> Verdicts:
    """Promise 129 requires source account or ARN; a role requires both where the service sends
    both.
    """
    excused = set(reviewed.TELL_NO_SOURCE).union(*reviewed.TELL_NO_SOURCE_WITH.values())
    for statement in statements_of(platform):
        services = {who for kind, who in statement.principals if kind == "Service"} - excused
        if statement.kind == "trust" and services:
            account = statement.values("StringEquals", "aws:SourceAccount") == (ACCOUNT,)
            arn = services <= reviewed.TELL_ACCOUNT_ONLY or "aws:sourcearn" in statement.condition_keys
            yield statement.resource, account and arn, "Require aws:SourceAccount, and aws:SourceArn where the service sends it."


OF_EVERYTHING = {"Project", "Env", "Owner", "CostCenter", "DataClass"}
"""Tags that every resource has (docs/security.md)."""


@rule
def test_nodes_get_tags_of_this_cluster(platform: Assembly) -> Verdicts:
    """EKS Auto Mode tags its nodes; a tag key that its role does not allow prevents all nodes."""
    cluster = f"spotmusic-{platform.settings.name}"
    found = [
        s for s in statements_of(platform) if s.kind == "identity" and s.conditions.get("ForAllValues:StringLike", {}).get("aws:tagkeys")
    ]
    for statement in found:
        keys = set(statement.values("ForAllValues:StringLike", "aws:TagKeys"))
        yield statement.resource, {"eks:*", *OF_EVERYTHING} <= keys, f"Let it use {sorted(OF_EVERYTHING - keys)} and eks:*."
        own = statement.values("StringEquals", "aws:RequestTag/eks:eks-cluster-name") == (cluster,)
        yield statement.resource, own, f"Let it make what is tagged for {cluster} alone."
    yield platform.name, bool(found), "Let the role of the cluster tag what it makes."


@rule
def test_rights_ask_for_switches_that_are_on(platform: Assembly) -> Verdicts:
    """A condition such as GrantIsForAWSResource must require true: false would invert the right."""
    for statement in statements_of(platform):
        switches = {"Bool": "kms:GrantIsForAWSResource", "StringEquals": "aws:ResourceTag/managedByFIS"}
        for operator, key in switches.items():
            said = statement.values(operator, key)
            yield statement.resource, not statement.allows or said in ((), ("true",)), f"{key} is {said}."
