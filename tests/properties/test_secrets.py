"""Promises: Secrets and keys."""

import ast
import re
from collections.abc import Iterator
from datetime import date, timedelta
from functools import cache

from tests.conftest import TODAY
from tests.properties.literals import called_secret, suspicious
from tests.properties.promise import Verdicts, promise, rule
from tests.properties.releases import releases_of
from tools.checkout import ROOT
from tools.model.assembly import Assembly, Resource, intrinsics, texts_of
from tools.model.statements import Statement, statements_of
from tools.model.values import ACCOUNT

SECRET = "AWS::SecretsManager::Secret"
SCHEDULE = "AWS::SecretsManager::RotationSchedule"
KEY = "AWS::KMS::Key"
PARAMETER = "AWS::SSM::Parameter"
PAIR = "Custom::SigningKeyPair"
CLASSES = (
    "database",
    "cache",
    "audio",
    "logs",
    "kubernetes",
    "backup",
    "copies",
    "images",
    "secrets",
    "notifications",
)
READS = ("secretsmanager:GetSecretValue", "secretsmanager:BatchGetSecretValue")
FOR_AWS = "kms:GrantIsForAWSResource"
BARRIER = "aws:cdk:eks:kubectl-ready"
"""Value of a parameter that CDK uses to order releases. It is no configuration and has a generated
name."""

_EXACT = re.compile(r"arn:aws:secretsmanager:[a-z0-9-]+:\d{12}:secret:[^*?]+-[A-Za-z0-9]{6}")
_HASHES = {".lock", ".sha256", "package-lock.json"}
"""Names and ends of files with hashes of packages."""
_BINARIES = {".gz", ".pyc", ".zip"}


def roots() -> list[str]:
    """Files and folders of the checkout, without those that .gitignore names."""
    ignored = {line.strip("/") for line in (ROOT / ".gitignore").read_text().splitlines()}
    return sorted(path.name for path in ROOT.iterdir() if path.name not in {*ignored, ".git"})


def files(*roots: str, kind: str = "") -> Iterator[tuple[str, str]]:
    """Texts of the repository, without hashes of packages and files created by tools."""
    for root in roots:
        for path in [ROOT / root] if (ROOT / root).is_file() else sorted((ROOT / root).rglob("*")):
            left = {"__pycache__", "__snapshots__", "node_modules", "cdk.out"}.intersection(
                path.parts
            ) or ".egg-info" in str(path)
            left = left or {path.name, path.suffix} & (_HASHES | _BINARIES)
            if path.is_file() and path.name.endswith(kind) and not left:
                # A desktop or an editor may leave a binary file.
                yield str(path.relative_to(ROOT)), path.read_text(errors="replace")


@cache
def literals_of_the_repository() -> dict[str, list[str]]:
    return {name: list(suspicious(text)) for name, text in files(*roots())}


@cache
def unsafe_calls() -> dict[str, list[int]]:
    """Lines that print or split a secret, by file."""
    unsafe = {"unsafe_plain_text", "unsafe_unwrap", "plain_text"}
    return {
        name: [
            node.lineno
            for node in ast.walk(ast.parse(text))
            if isinstance(node, ast.Attribute) and node.attr in unsafe
        ]
        if any(call in text for call in unsafe)
        else []
        for name, text in files("app.py", "spotmusic_cdk", "stacks", "constructs", kind=".py")
    }


def schedules(secret: Resource) -> list[Resource]:
    return secret.platform.users_of(secret, SCHEDULE)


def replaced_by_hand(secret: Resource) -> bool:
    """Return true if a secret without a schedule has an owner and a review date in the future."""
    owner, before = secret.tags.get("RotationOwner"), secret.tags.get("RotateBefore")
    return bool(owner and before) and TODAY < date.fromisoformat(before or "") <= TODAY + timedelta(
        days=366
    )


def reads(platform: Assembly) -> list[Statement]:
    """Rights to read a secret."""
    return [
        s
        for s in statements_of(platform)
        if s.kind == "identity" and s.allows and any(s.may(action) for action in READS)
    ]


def is_one_secret(statement: Statement, resource: object) -> bool:
    platform, stack = statement.resource.platform, statement.resource.stack
    target, text = platform.target(stack, resource), platform.text(stack, resource)
    master = (
        target is not None
        and target.type == "AWS::RDS::DBInstance"
        and "MasterUserSecret.SecretArn" in text
    )
    return master or (target is not None and target.type == SECRET) or bool(_EXACT.fullmatch(text))


def confines_to_this_account(statement: Statement) -> bool:
    """Return true if the caller, service or encryption context restricts a key statement to this
    account.
    """
    keys = {
        key
        for key in statement.condition_keys
        if key in {"aws:sourceaccount", "aws:sourcearn", "kms:calleraccount"}
    }
    keys |= {key for key in statement.condition_keys if key.startswith("kms:encryptioncontext:")}
    limits = [
        value
        for block in statement.conditions.values()
        for key, values in block.items()
        if key in keys
        for value in values
    ]
    return bool(limits) and all(ACCOUNT in value for value in limits)


@promise
def test_p024_secrets_have_customer_keys(platform: Assembly) -> Verdicts:
    """Each secret is encrypted with a customer managed key, including the master secrets of
    databases.

    Kept by: `GeneratedSecret`, `RelationalDatabase`
    """
    for secret in platform.some(SECRET):
        key = secret.target("KmsKeyId")
        yield secret, key is not None and key.type == KEY, "Give it keys.secrets."
    for database in platform.some("AWS::RDS::DBInstance"):
        if not database["ManageMasterUserPassword"]:
            continue
        key = database.target("MasterUserSecret.KmsKeyId")
        yield database, key is not None and key.type == KEY, "Give its master secret keys.database."


@promise
def test_p025_secrets_rotate_or_have_an_owner(platform: Assembly) -> Verdicts:
    """Each secret rotates automatically, or has an owner, a review date and a runbook.

    Kept by: `rotate_on_schedule`, `rotate_by_hand`, [secret rotation](runbooks/secret-rotation.md);
    how a new value reaches its [readers](secrets.md)
    """
    by_hand = [secret for secret in platform.some(SECRET) if not schedules(secret)]
    for secret in platform.some(SECRET):
        if secret in by_hand:
            yield (
                secret,
                replaced_by_hand(secret),
                (
                    "Replace it, and move ROTATE_BEFORE in stacks/secrets.py on; "
                    "or give it a schedule."
                ),
            )
        for schedule in schedules(secret):
            days = schedule["RotationRules.AutomaticallyAfterDays"] or 0
            rotates = (
                schedule.target("RotationLambdaARN") is not None
                or schedule["HostedRotationLambda"] is not None
            )
            yield (
                schedule,
                rotates and 1 <= days <= 90,
                "Rotate it by a function, at least every 90 days.",
            )
    reasons = [
        reason
        for _, finding, reason in platform.acknowledged
        if finding == "AwsSolutions::AwsSolutions-SMG4"
    ]
    named = len(reasons) == len(by_hand) and all(
        platform.settings.owner in reason and "docs/runbooks/" in reason for reason in reasons
    )
    yield (
        "secrets without a schedule",
        named,
        "Each is acknowledged with its owner, its day and its runbook: rotate_by_hand.",
    )
    for runbook in sorted(
        {match for reason in reasons for match in re.findall(r"docs/runbooks/[a-z-]+\.md", reason)}
    ):
        yield (
            runbook,
            (ROOT / runbook).is_file(),
            "Write the runbook that the acknowledgements name.",
        )


@promise
def test_p026_repository_contains_no_secrets(platform: Assembly) -> Verdicts:
    """Templates, Helm values, parameters and the repository contain no secrets.

    Kept by: [`literals.py`](../tests/properties/literals.py) looks for shapes, random words and
    literal values of what is called a secret
    """
    for resource in platform.resources:
        found = [
            f"{path}: {what}"
            for path, text in texts_of(resource)
            if path != "PublicKeyConfig.CallerReference"
            for what in suspicious(text)
        ]
        found += list(called_secret(resource.properties))
        yield (
            resource,
            not found,
            f"{'; '.join(found)}. Keep it in Secrets Manager, and refer to it.",
        )
    for name, release in releases_of(platform).items():
        found = list(called_secret(release.values))
        yield (
            f"{release.resource.name} {name}",
            not found,
            f"{'; '.join(found)}. Give the chart the name of a Kubernetes secret.",
        )
    for file, what in literals_of_the_repository().items():
        yield file, not what, f"{'; '.join(what)}. Remove it from the repository and rotate it."


@promise
def test_p027_code_prints_no_secrets(platform: Assembly) -> Verdicts:
    """Code prints no secrets. Secrets Manager or RDS generates each one with at least 32
    characters.

    Kept by: `GeneratedSecret`, `SigningKeyPair`
    """
    for file, lines in unsafe_calls().items():
        yield (
            file,
            not lines,
            f"Lines {lines} turn a secret into text. Pass the secret itself, or its ARN.",
        )
    filled = {pair.target("SecretArn") for pair in platform.some(PAIR)}
    for secret in platform.some(SECRET):
        drawn = (secret["GenerateSecretString.PasswordLength"] or 0) >= 32 or secret in filled
        yield (
            secret,
            drawn and secret["SecretString"] is None,
            "Let Secrets Manager make up 32 characters or more.",
        )


@promise
def test_p028_keys_rotate(platform: Assembly) -> Verdicts:
    """KMS keys rotate at least once a year.

    Kept by: `EncryptionKey`
    """
    for key in platform.some(KEY):
        yield (
            key,
            key["EnableKeyRotation"] is True and (key["RotationPeriodInDays"] or 365) <= 365,
            "Rotate it, at least once a year.",
        )


@promise
def test_p029_keys_serve_this_account_only(platform: Assembly) -> Verdicts:
    """KMS keys serve this account only: principals through named services, and services by source,
    caller or encryption context.

    Kept by: policy of `EncryptionKey`
    """
    root = (("AWS", f"arn:aws:iam::{ACCOUNT}:root"),)
    of_services = keys_with_grants_to_services(platform)
    for key in platform.some(KEY):
        ours = [statement for statement in statements_of(platform) if statement.resource is key]
        allowed = [statement for statement in ours if statement.allows]
        denied = any(
            statement.may("kms:CreateGrant") and statement.for_anybody
            for statement in ours
            if not statement.allows
        )
        yield key, denied, "Deny grants except by AWS services: a grant bypasses the key policy."
        creatable = key not in of_services or FOR_AWS not in str(key["KeyPolicy"])
        yield (
            key,
            creatable,
            f"Remove the condition {FOR_AWS}: Amazon EKS and Prometheus cannot use a key with it.",
        )
        administered = any(
            statement.principals == root and statement.may("kms:PutKeyPolicy")
            for statement in allowed
        )
        yield (
            key,
            administered,
            (
                "Allow the account to administer the key through IAM: "
                "its policy could not be repaired otherwise."
            ),
        )
        for statement in allowed:
            if statement.principals != root:
                yield from used_for_this_account(statement, grants_to=of_services)


def keys_with_grants_to_services(platform: Assembly) -> set[Resource | None]:
    """Keys of EKS clusters and of Prometheus workspaces."""
    workspaces = {
        workspace.target("KmsKeyArn") for workspace in platform.all("AWS::APS::Workspace")
    }
    providers = [
        (cluster, config["Provider"])
        for cluster in platform.some("AWS::EKS::Cluster")
        for config in cluster["EncryptionConfig"]
    ]
    return workspaces | {
        platform.target(cluster.stack, provider["KeyArn"]) for cluster, provider in providers
    }


def used_for_this_account(statement: Statement, *, grants_to: set[Resource | None]) -> Verdicts:
    key = statement.resource
    yield (
        key,
        confines_to_this_account(statement),
        f"Confine the statement {statement} to this account.",
    )
    yield (
        key,
        not {"*", "kms:*"}.intersection(statement.actions) and not statement.negated,
        f"Name what it may do: {statement}.",
    )
    if statement.for_anybody:
        through = statement.values("StringEquals", "kms:ViaService")
        yield (
            key,
            bool(through) and "*" not in "".join(through),
            f"Name the services that may use it: {statement}.",
        )
        passes_on = (
            statement.may("kms:CreateGrant")
            and key not in grants_to
            and statement.values("Bool", FOR_AWS) != ("true",)
        )
        yield key, not passes_on, f"Let grants be for AWS services only: {statement}."


@promise
def test_p030_data_classes_have_protected_keys(platform: Assembly) -> Verdicts:
    """Each class of data has a KMS key with an alias. The key is retained when its stack is deleted
    and has a waiting period of 30 days.

    Kept by: [`data_keys.py`](../constructs/spotmusic_constructs/secrets/data_keys.py)
    """
    aliases = {
        alias["AliasName"]: alias.target("TargetKeyId")
        for alias in platform.some("AWS::KMS::Alias")
    }
    by_class = {
        name: aliases.get(f"alias/spotmusic-{platform.settings.name}-secrets/{name}")
        for name in CLASSES
    }
    for name, key in by_class.items():
        alone = key is not None and list(by_class.values()).count(key) == 1
        yield f"secrets/{name}", alone, "Give the class of data a key of its own, with an alias."
    for key in platform.some(KEY):
        yield key, key in aliases.values(), "Give it an alias, by which people find it."
        yield key, key.outlives_its_stack, "Retain the key: data encrypted with it would be lost."
        yield (
            key,
            key["PendingWindowInDays"] == 30,
            "Set a waiting period of 30 days before its deletion.",
        )


@promise
def test_p031_parameters_hold_configuration_only(platform: Assembly) -> Verdicts:
    """Parameters contain configuration below `/spotmusic/<environment>/`, and no secrets.

    Kept by: `ParameterTree`, `PublicAddress`
    """
    path = f"/spotmusic/{platform.settings.name}/"
    for parameter in platform.some(PARAMETER):
        yield (
            parameter,
            parameter["Type"] in ("String", "StringList"),
            "CloudFormation makes no SecureString: use Secrets Manager.",
        )
        ours = str(parameter["Name"]).startswith(path) or parameter["Value"] == BARRIER
        yield parameter, ours, f"Put it below {path}, where its readers look."


@promise
def test_p032_private_signing_keys_are_secrets(platform: Assembly) -> Verdicts:
    """The private half of a signing key is stored in Secrets Manager only. Templates contain the
    ARN of the secret and the public half.

    Kept by: `SigningKeyPair`
    """
    for public in platform.some("AWS::CloudFront::PublicKey"):
        pair = public.target("PublicKeyConfig.EncodedKey")
        made = (
            pair is not None
            and pair.type == PAIR
            and public.text("PublicKeyConfig.EncodedKey").endswith(".PublicKey}")
        )
        yield public, made, "Use the public half of SigningKeyPair."
    for pair in platform.some(PAIR):
        secret = pair.target("SecretArn")
        empty = (
            secret is not None
            and secret.type == SECRET
            and secret["SecretString"] is None
            and secret["GenerateSecretString"] is None
        )
        yield (
            pair,
            empty,
            (
                "Create the secret empty; its function writes the key. "
                "CloudFormation would overwrite the key with any other value."
            ),
        )
        yield (
            pair,
            attributes_read(pair) <= {"", ".PublicKey"},
            "Nothing but its public half may be read from it.",
        )


def attributes_read(resource: Resource) -> set[str]:
    """Attributes of a resource that the templates read."""
    platform = resource.platform
    found: set[str] = set()
    for stack, template in platform.templates.items():
        for value in intrinsics([template["Resources"], template.get("Outputs", {})]):
            if platform.target(stack, value) is resource:
                found.add(
                    platform.text(stack, value)
                    .removeprefix(f"${{{resource.stack}/{resource.id}")
                    .removesuffix("}")
                )
    return found


@promise
def test_p033_secret_readers_name_one_secret(platform: Assembly) -> Verdicts:
    """Rights to read secrets name complete ARNs, so that a reader of one secret can read no other.

    Kept by: handles give rights on the reader's side; all rights are in the [table of
    grants](flows.md)
    """
    for statement in reads(platform):
        for resource in statement.resources:
            shown = platform.text(statement.resource.stack, resource)
            holds = statement.of_restored_databases or is_one_secret(statement, resource)
            yield statement.resource, holds, f"It may read {shown}. Name the ARN of each secret."
        yield (
            statement.resource,
            not statement.negated and "*" not in statement.actions,
            "Name what it may do, and on what.",
        )
    passed = [
        s.resource
        for s in statements_of(platform)
        if s.kind == "resource" and s.resource.type == "AWS::SecretsManager::ResourcePolicy"
    ]
    for policy in passed:
        yield (
            policy,
            False,
            "Remove the policy of the secret, and grant rights to its readers instead.",
        )


USES = {"kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"}
THROUGH = {
    "AWS::APS::Workspace": "aps",
    "AWS::Backup::BackupVault": "backup ec2 rds",
    "AWS::ECR::Repository": "ecr",
    "AWS::EKS::Cluster": "ec2 eks",
    "AWS::ElastiCache::ReplicationGroup": "elasticache",
    "AWS::RDS::DBInstance": "rds secretsmanager",
    "AWS::S3::Bucket": "s3",
    "AWS::SNS::Topic": "sns",
    SECRET: "secretsmanager",
}
"""Services that use a key, by the type of the encrypted resource. A vault has volumes and
databases, a cluster has volumes."""
DIRECTLY = {"AWS::Logs::LogGroup": "logs"}
BY_RIGHTS = {("secrets/KubernetesKey", "AWS::S3::Bucket")}
"""Keys that a role uses for a resource type: only brokers of Redpanda store events in Amazon S3."""
ADMITTED = {
    "AWS::Backup::BackupVault": "s3",
    "AWS::Logs::LogGroup": "logs",
    "AWS::S3::Bucket": "cloudfront",
    "AWS::SNS::Topic": "budgets cloudwatch events events.rds sqs",
}
"""Further services that a key may admit. The key of topics also serves queues, which exist only
with a service that receives verdicts."""


@rule
def test_keys_admit_only_services_that_use_them(platform: Assembly) -> Verdicts:
    for key in platform.some(KEY):
        types = {user.type for user in platform.resources if user.uses(key)}
        users = {
            service
            for type_ in types
            if (key.name, type_) not in BY_RIGHTS
            for service in f"{THROUGH.get(type_, '')} {ADMITTED.get(type_, '')}".split()
        }
        admitted = {
            re.sub(r"(\.[a-z]+(-[a-z]+)+-\d)?\.amazonaws\.com.*", "", name)
            for statement in statements_of(platform)
            if statement.resource is key and statement.allows
            for name in (
                *statement.values("StringEquals", "kms:ViaService"),
                *(who for kind, who in statement.principals if kind == "Service"),
            )
        }
        yield key, admitted <= users, f"It encrypts for none of {sorted(admitted - users)}."


@rule
def test_keys_serve_what_they_encrypt(platform: Assembly) -> Verdicts:
    for key in platform.some(KEY):
        types = {user.type for user in platform.resources if user.uses(key)}
        allowed = [
            statement
            for statement in statements_of(platform)
            if statement.resource is key and statement.allows
        ]
        for type_ in {
            type_ for type_ in types & THROUGH.keys() if (key.name, type_) not in BY_RIGHTS
        }:
            for service in THROUGH[type_].split():
                may: set[str] = set()
                for statement in allowed:
                    if any(
                        name.startswith(f"{service}.")
                        for name in statement.values("StringEquals", "kms:ViaService")
                    ):
                        may |= set(statement.actions)
                lacking = (USES | {"kms:CreateGrant"}) - may
                yield (
                    key,
                    not lacking,
                    f"{type_} uses it through {service}: allow {sorted(lacking)}.",
                )
        for type_ in types & DIRECTLY.keys():
            by = [
                s
                for s in allowed
                if any(who.startswith(f"{DIRECTLY[type_]}.") for _, who in s.principals)
            ]
            yield (
                key,
                any(set(s.actions) >= USES for s in by),
                f"Allow {DIRECTLY[type_]} to use it: {type_} is encrypted with it.",
            )


BY_AWS = {"kms:GrantIsForAWSResource", "aws:ViaAWSService"}
"""Condition keys of grants for AWS services; EKS and Prometheus send the second only."""


@rule
def test_key_statements_have_conditions(platform: Assembly) -> Verdicts:
    for key in platform.some("AWS::KMS::Key"):
        for statement in key["KeyPolicy.Statement"]:
            said = {
                name: value
                for keys in statement.get("Condition", {}).values()
                for name, value in keys.items()
            }
            if statement.get("Sid") == "AccountAdministersThroughIam":
                continue
            complete = bool(said)
            if statement["Effect"] == "Deny":
                service = said.get("aws:PrincipalIsAWSService") == "false"
                complete = service and [said[name] for name in BY_AWS & said.keys()] == ["false"]
            elif statement.get("Principal") == {"AWS": "*"}:
                complete = {"kms:CallerAccount", "kms:ViaService"} <= said.keys() and bool(
                    said["kms:ViaService"]
                )
                complete = complete and said.get("kms:GrantIsForAWSResource", "true") == "true"
            yield (
                key,
                complete,
                f"Confine {statement.get('Sid') or statement['Principal']}: {said} lets others in.",
            )
