"""Promises: Rights."""

import re
from collections.abc import Iterator
from fnmatch import fnmatchcase

from tests.properties import reviewed
from tests.properties.promise import Verdicts, promise
from tools.model.assembly import Assembly
from tools.model.statements import Statement, statements_of
from tools.model.values import ACCOUNT

KEY = "AWS::KMS::Key"
ENDPOINT = "AWS::EC2::VPCEndpoint"
EVERYTHING = re.compile(
    r"\*|arn:[^:]*:s3:::\*.*|arn:[^:]*:(?!s3:)[^:]*:[^:]*:[^:]*:(\*|[\w-]+[/:]\*)"
)
"""Wildcard for all resources, or for all of a type. An ARN of S3 has no type: that part is the
bucket."""
LOOKS = re.compile(r"[a-z0-9-]+:(Describe|Filter|Get|List|Lookup|View)\w+")
"""Actions that read the state of something."""
SHORTEST_REASON = 20
ASSUMES = {"sts:AssumeRole", "sts:TagSession"}


def is_for_this_account(statement: Statement) -> bool:
    """Return true if a service may act for resources of this account only."""
    sources = [
        text
        for operator in ("ArnLike", "ArnEquals", "StringEquals")
        for text in statement.values(operator, "aws:SourceArn")
    ]
    ours = bool(sources) and all(
        f":{ACCOUNT}:" in text or text.startswith("${") for text in sources
    )
    return ours or statement.values("StringEquals", "aws:SourceAccount") == (ACCOUNT,)


def is_for_one_pod(statement: Statement) -> bool:
    """Return true if a role accepts tokens of one service account of our cluster only, issued for
    AWS STS.
    """
    said = {
        key.rpartition("]:")[2]: (key.rpartition(":")[0], values)
        for key, values in statement.conditions.get("StringEquals", {}).items()
    }
    issuers = [issuer.name for issuer in statement.resource.platform.all("AWS::IAM::OIDCProvider")]
    federated = [
        kind == "Federated" and _name_in(who) in issuers for kind, who in statement.principals
    ]
    return (
        federated == [True]
        and statement.actions == ("sts:AssumeRoleWithWebIdentity",)
        and {"StringEquals"} == statement.conditions.keys()
        and said.keys() == {"aud", "sub"}
        and len({issuer for issuer, _ in said.values()}) == 1
        and said["aud"][1] == ("sts.amazonaws.com",)
        and len(statement.service_accounts) == len(said["sub"][1]) == 1
    )


def _name_in(text: str) -> str:
    """Name of the resource if a text refers to it only."""
    return re.sub(r"[0-9A-F]{8}\.Arn\}$", "", text).removeprefix("${")


def wide(statement: Statement) -> Iterator[str]:
    """Actions and resources of a right that are too wide."""
    yield from statement.negated
    yield from (action for action in statement.actions if "*" in action)
    confined = any(key.startswith(reviewed.CONFINING) for key in statement.condition_keys)
    if any(
        text == "*" or (EVERYTHING.fullmatch(text) and not confined) for text in statement.texts()
    ):
        person = statement.resource.name.startswith(reviewed.PEOPLE)
        for action in statement.actions:
            if person and LOOKS.fullmatch(action) and action not in reviewed.DISCLOSES:
                continue
            key = reviewed.CONFINED_BY.get(action)
            if action not in reviewed.WITHOUT_RESOURCES or (
                key and key not in statement.condition_keys
            ):
                yield f"{action} on {', '.join(statement.texts())}"


@promise
def test_p128_rights_name_actions_and_resources(platform: Assembly) -> Verdicts:
    """Policies name actions and ARNs. A list with reasons contains the exceptions that AWS cannot
    restrict, and every AWS managed policy.

    Kept by: [`reviewed.py`](../tests/properties/reviewed.py) is the list
    """
    for statement in statements_of(platform):
        if not statement.allows or statement.kind == "trust" or statement.resource.type == KEY:
            continue  # who may do what with a key is P-029
        if statement.resource.type == ENDPOINT:
            # An endpoint only restricts other policies to this account, or to the resources that it
            # names.
            narrow = statement.of_this_account or not any(
                EVERYTHING.fullmatch(text) for text in statement.texts()
            )
            yield (
                statement.resource,
                narrow,
                f"Confine {statement} to this account, or name what is reached.",
            )
            continue
        found = list(wide(statement))
        yield (
            statement.resource,
            not found,
            (
                f"{'; '.join(found)}: name actions and ARNs, or review it in "
                "tests/properties/reviewed.py."
            ),
        )
        anybody = statement.kind == "resource" and statement.for_anybody
        yield statement.resource, not anybody, f"Name the principals: {statement}."
    yield from rights_of_aws(platform)
    if platform.name == "prod":
        used = {
            action
            for s in statements_of(platform)
            if s.kind == "identity" and "*" in s.texts()
            for action in s.actions
        }
        for action in reviewed.WITHOUT_RESOURCES:
            yield (
                action,
                action in used,
                (
                    "No policy grants it on all resources. "
                    "Remove it from tests/properties/reviewed.py."
                ),
            )


def rights_of_aws(platform: Assembly) -> Verdicts:
    """AWS managed policies: few, reviewed, and never attached to users."""
    attached: set[str] = set()
    for role in platform.some("AWS::IAM::Role"):
        for number, _ in enumerate(role["ManagedPolicyArns"] or []):
            arn = role.text(f"ManagedPolicyArns.{number}")
            if arn.startswith("arn:aws:iam::aws:policy/"):
                name = arn.rpartition("/")[2]
                attached.add(name)
                yield (
                    role,
                    name in reviewed.AWS_MANAGED,
                    f"Write a policy of our own instead of {name}, or review it.",
                )
    if platform.name == "prod":
        for name in reviewed.AWS_MANAGED:
            yield (
                name,
                name in attached,
                "No role has this policy. Remove it from tests/properties/reviewed.py.",
            )


@promise
def test_p129_services_act_for_this_account_only(platform: Assembly) -> Verdicts:
    """Service principals act for this account only, in trust policies, resource policies and
    permissions of functions. Five services are documented without a source in their trust policy; a
    sixth is added where alarms reach Slack.

    Kept by: `aws:SourceAccount`, `aws:SourceArn`; [`reviewed.py`](../tests/properties/reviewed.py)
    """
    known = set()
    options = platform.turned_on(reviewed.WITHOUT_SOURCE_BY_OPTION)
    unsourced = reviewed.WITHOUT_SOURCE.keys() | {
        service for option in options for service in reviewed.WITHOUT_SOURCE_BY_OPTION[option]
    }
    for statement in statements_of(platform):
        services = {who for kind, who in statement.principals if kind == "Service"}
        if not statement.allows or statement.resource.type == KEY:
            continue
        if statement.kind == "trust":
            only = (
                len(services) == len(statement.principals) == 1
                and set(statement.actions) <= ASSUMES
            )
            yield (
                statement.resource,
                only or is_for_one_pod(statement),
                "Allow exactly one service to assume it.",
            )
        excuse = (
            unsourced & services
            if statement.kind == "trust"
            else {str(statement)} & reviewed.STATEMENTS_WITHOUT_SOURCE.keys()
        )
        known |= excuse
        if services and not excuse:
            source = is_for_this_account(statement)
            yield (
                statement.resource,
                source,
                (
                    f"Let {', '.join(sorted(services))} act for this account only: "
                    "aws:SourceAccount, and SourceArn."
                ),
            )
    for permission in platform.some("AWS::Lambda::Permission"):
        ours = (
            permission.text("SourceAccount") == ACCOUNT
            or permission.target("SourceArn") is not None
        )
        yield permission, ours, "Name the account or the rule that invokes it."
    if platform.name == "prod":
        for excuse_of in (*reviewed.WITHOUT_SOURCE, *reviewed.STATEMENTS_WITHOUT_SOURCE):
            yield (
                excuse_of,
                excuse_of in known,
                "The entry is unused. Remove it from tests/properties/reviewed.py.",
            )


@promise
def test_p130_acknowledged_findings_were_reviewed(platform: Assembly) -> Verdicts:
    """Each acknowledged finding of the policy packs has a reason and was reviewed with its place.
    Some are acknowledged outside production only. No acknowledgement is unused.

    tests/policies/test_nag.py asserts the last sentence, because the findings are available there.

    Kept by: [`reviewed.py`](../tests/properties/reviewed.py),
    [`test_nag.py`](../tests/policies/test_nag.py)
    """
    more_by, less_by = (
        platform.turned_on(table) for table in (reviewed.ACKNOWLEDGED_WITH, reviewed.MENDED_BY)
    )
    allowed = dict(reviewed.ACKNOWLEDGED)
    outside = {} if platform.settings.production else reviewed.ACKNOWLEDGED_OUTSIDE_PRODUCTION
    for more in (outside, *(reviewed.ACKNOWLEDGED_WITH[option] for option in more_by)):
        for rule, places in more.items():
            allowed[rule] = (*allowed.get(rule, ()), *places)
    used: set[tuple[str, str]] = set()
    for path, finding, reason in platform.acknowledged:
        place, rule = path.split("/", maxsplit=1)[1], rule_of(finding)
        matching = [pattern for pattern in allowed.get(rule, ()) if fnmatchcase(place, pattern)]
        used.update((rule, pattern) for pattern in matching)
        yield (
            f"{place} {rule}",
            bool(matching),
            "Fix the finding, or have it reviewed: tests/properties/reviewed.py.",
        )
        yield (
            f"{place} {rule}",
            len(reason) >= SHORTEST_REASON,
            "Give a reason that an auditor accepts.",
        )
    judged = [
        {"prod": reviewed.ACKNOWLEDGED, "dev": reviewed.ACKNOWLEDGED_OUTSIDE_PRODUCTION}.get(
            platform.name, {}
        )
    ]
    judged += [reviewed.ACKNOWLEDGED_WITH[option] for option in more_by]
    mended = {rule for option in less_by for rule in reviewed.MENDED_BY[option]}
    for rule, patterns in (item for of in judged for item in of.items()):
        for pattern in patterns:
            holds = (rule, pattern) in used or rule in mended
            yield (
                f"{rule} on {pattern}",
                holds,
                "No resource acknowledges it. Remove it from the reviewed list.",
            )


def rule_of(finding: str) -> str:
    """Name of a rule without its pack and its finding."""
    return finding.split("[", maxsplit=1)[0].rpartition("::")[2]
