"""Faults of keys, secrets, images and rights."""

import json

from tests.mutants.changes import RANDOM, add, both, drop, gone, keep, policies, put, reads, renamed
from tests.mutants.fault import Fault

KEY, SECRET, REPOSITORY, ROLE = "AWS::KMS::Key", "AWS::SecretsManager::Secret", "AWS::ECR::Repository", "AWS::IAM::Role"
EVERYTHING = {"Effect": "Allow", "Action": "*", "Resource": "*"}
FOR_AWS = {"BoolIfExists": {"kms:GrantIsForAWSResource": "false"}}
ANY_SECRET = "arn:aws:secretsmanager:sa-east-1:111122223333:secret:*"

FAULTS = (
    Fault("key that does not rotate", "*", put("EnableKeyRotation", to=False), "A key that leaked once opens everything for ever.", of=KEY),
    Fault("key deleted with its stack", "*", policies(DeletionPolicy="Delete"), "All data under it is lost for good.", of=KEY),
    Fault("key renamed", "secrets/*Key", renamed, "Data is encrypted with a key that CloudFormation is about to delete.", of=KEY),
    Fault("key gone in a week", "*", put("PendingWindowInDays", to=7), "A mistake is noticed after the holidays, a week too late.", of=KEY),
    Fault("key without alias", "secrets/*KeyAlias", gone, "Nobody tells keys apart in the console.", of="AWS::KMS::Alias"),
    Fault(
        "key for anybody",
        "secrets/*Key",
        add("KeyPolicy", "Statement", item={"Effect": "Allow", "Principal": "*", "Action": "kms:Decrypt", "Resource": "*"}),
        "Every AWS account in the world may decrypt.",
        of=KEY,
    ),
    Fault(
        "key for another account",
        "secrets/DatabaseKey",
        add("KeyPolicy", "Statement", item={"Effect": "Allow", "Principal": {"AWS": "444455556666"}, "Action": "kms:*", "Resource": "*"}),
        "A stranger decrypts snapshots.",
    ),
    Fault(
        "key by any service",
        "secrets/DatabaseKey",
        drop("KeyPolicy", "Statement", {"Sid": "AccountUsesThroughServices"}, "Condition", "StringEquals", "kms:ViaService"),
        "Whoever is in the account decrypts directly, past the service that would ask for rights.",
    ),
    Fault(
        "grants of a key for anybody",
        "secrets/*Key",
        drop("KeyPolicy", "Statement", {"Sid": "NobodyButServicesPassesItOn"}),
        "A role lends the key to another account, beside its policy.",
        of=KEY,
    ),
    Fault(
        "grants that EKS cannot make",
        "secrets/KubernetesKey",
        put("KeyPolicy", "Statement", {"Sid": "NobodyButServicesPassesItOn"}, "Condition", to=FOR_AWS),
        "No cluster is ever created.",
    ),
    Fault(
        "secret under AWS's key", "*", drop("KmsKeyId"), "Whoever administers the account reads it, and no key policy says no.", of=SECRET
    ),
    Fault(
        "secret that is short",
        "*",
        put("GenerateSecretString", "PasswordLength", to=8),
        "It is guessed in an afternoon.",
        of=SECRET,
        has="GenerateSecretString",
    ),
    Fault(
        "secret written down",
        "secrets/ComponentsGrafanaAdmin",
        both(drop("GenerateSecretString"), put("SecretString", to=json.dumps({"username": "admin", "password": RANDOM}))),
        "It stands in git, in every copy of the template and in the history of CloudFormation.",
    ),
    Fault(
        "secret in an environment variable",
        "ecs-services/*TaskTaskDefinition",
        add("ContainerDefinitions", 0, "Environment", item={"Name": "API_TOKEN", "Value": f"ghp_{RANDOM[:12] * 3}"}),
        "Whoever may describe a task reads it.",
    ),
    Fault(
        "secret in a parameter",
        "secrets/Parametersloglevel",
        put("Value", to=f"postgres://spotmusic:{RANDOM}@db.internal/catalogue"),
        "Everybody who reads configuration reads a password.",
    ),
    Fault("secret renamed", "*", renamed, "A new password is drawn, and clients log in with the old.", of=SECRET),
    Fault("secret deleted with its stack", "*", policies(DeletionPolicy="Delete"), "Clients are locked out.", of=SECRET),
    Fault("rotation schedule gone", "*", gone, "A password lives for ever.", of="AWS::SecretsManager::RotationSchedule"),
    Fault(
        "rotation once in three years",
        "*",
        put("RotationRules", "AutomaticallyAfterDays", to=999),
        "The same, in effect.",
        of="AWS::SecretsManager::RotationSchedule",
    ),
    Fault(
        "nobody answers for a secret",
        "secrets/Components*",
        drop("Tags", {"Key": "RotateBefore"}),
        "What does not rotate by itself is never rotated.",
        of=SECRET,
    ),
    Fault(
        "images that can be replaced",
        "registry/Services*",
        put("ImageTagMutability", to="MUTABLE"),
        "What was tested is not what runs.",
        of=REPOSITORY,
    ),
    Fault(
        "cached images that can be replaced",
        "registry/Images*",
        put("ImageTagMutability", to="MUTABLE"),
        "Upstream, or whoever took it over, changes what runs.",
        of="AWS::ECR::RepositoryCreationTemplate",
    ),
    Fault("images that nobody scans", "registry/ScanningConfiguration", gone, "Known vulnerabilities run for months."),
    Fault(
        "images scanned once",
        "registry/ScanningConfiguration",
        put("Rules", 0, "ScanFrequency", to="SCAN_ON_PUSH"),
        "What becomes known later is missed.",
    ),
    Fault(
        "images without a key of ours", "registry/Services*", drop("EncryptionConfiguration"), "Code leaks with the account.", of=REPOSITORY
    ),
    Fault("images that are kept for ever", "registry/Services*", drop("LifecyclePolicy"), "The bill grows with each build.", of=REPOSITORY),
    Fault(
        "images for everybody",
        "registry/Services*",
        put("RepositoryPolicyText", to={"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "ecr:*"}]}),
        "Anybody pulls our code, and pushes theirs.",
        of=REPOSITORY,
    ),
    Fault(
        "images emptied with their stack",
        "registry/Services*",
        policies(DeletionPolicy="Delete"),
        "Nothing to roll back to.",
        of=REPOSITORY,
    ),
    Fault(
        "registry upstream uncached",
        "registry/Images*rule",
        gone,
        "A node that starts during their outage gets no image.",
        of="AWS::ECR::PullThroughCacheRule",
    ),
    Fault(
        "role that may do everything",
        "*",
        put("Policies", to=[{"PolicyName": "Debug", "PolicyDocument": {"Version": "2012-10-17", "Statement": [EVERYTHING]}}]),
        "Whoever takes one task over has the account.",
        of=ROLE,
    ),
    Fault(
        "role of an administrator",
        "ecs-services/*TaskRole",
        put("ManagedPolicyArns", to=["arn:aws:iam::aws:policy/AdministratorAccess"]),
        "The same, by one line.",
        of=ROLE,
    ),
    Fault(
        "role that anybody may assume",
        "*",
        put("AssumeRolePolicyDocument", "Statement", 0, "Principal", to={"AWS": "*"}),
        "Every AWS account in the world has its rights.",
        of=ROLE,
    ),
    Fault(
        "service that acts for others",
        "ecs-services/*Role",
        drop("AssumeRolePolicyDocument", "Statement", 0, "Condition"),
        "A stranger's resource of the same service borrows our rights (confused deputy).",
        of=ROLE,
    ),
    Fault(
        "task that reads every secret",
        "ecs-services/*RolesTaskRole",
        put("Policies", 0, "PolicyDocument", "Statement", 0, "Resource", to=ANY_SECRET),
        "One compromised service has the passwords of all.",
    ),
    Fault(
        "task that may list and write every bucket",
        "ecs-services/playbackRolesTaskRole",
        reads('["s3:GetObject", "s3:GetObjectTagging"]', '"s3:*"'),
        "Playback deletes the audio library.",
    ),
    Fault(
        "External Secrets reads every secret",
        "eks-platform/ExternalSecretsIdentityPolicy",
        put("PolicyDocument", "Statement", 0, "Resource", to="*"),
        "Whoever may make an ExternalSecret in one namespace reads the master passwords.",
    ),
    Fault(
        "signing key alone",
        "edge/SigningKeysKeyGroup",
        keep("KeyGroupConfig", "Items", first=1),
        "It cannot be replaced without cutting listeners off.",
    ),
)
