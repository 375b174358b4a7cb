"""Promises: Buckets."""

from tests.properties.balancers import attributes, balancers
from tests.properties.promise import Verdicts, promise, rule
from tools.model.assembly import Assembly, Resource
from tools.model.statements import Statement, statements_of
from tools.model.values import ACCOUNT, Json

BUCKET = "AWS::S3::Bucket"
POLICY = "AWS::S3::BucketPolicy"
BALANCER = "AWS::ElasticLoadBalancingV2::LoadBalancer"
DISTRIBUTIONS = f"arn:aws:cloudfront::{ACCOUNT}:distribution/"
CLOUDFRONT = ("Service", "cloudfront.amazonaws.com")
KEYS_OF_OTHERS = {"eks-platform/TieredStorageBucket": "secrets/KubernetesKey"}
"""Buckets of another class of data: older events are what the brokers have on their volumes."""
SCANNED = "GuardDutyMalwareScanStatus"
WRITES = {"PUT", "POST", "DELETE"}
SERVER_LOGS, BALANCERS, DELIVERIES = (
    "logging.s3.amazonaws.com",
    "logdelivery.elasticloadbalancing.amazonaws.com",
    "delivery.logs.amazonaws.com",
)
WRITERS = {SERVER_LOGS, BALANCERS, DELIVERIES}
"""Writers of access logs: S3, application load balancers, and network load balancers, CloudFront
and WAF."""
LOGS = {"data/LogsBucket", "network/BalancerLogsBucket"}
PARTS_OF_A_BUCKET = {"Prefix", "TagFilters", "ObjectSizeGreaterThan", "ObjectSizeLessThan"}
"""Properties by which a lifecycle rule covers some objects only."""


def bucket(platform: Assembly, name: str) -> Resource:
    """Bucket `data/<name>Bucket`."""
    (found,) = (bucket for bucket in platform.some(BUCKET) if bucket.name == f"data/{name}Bucket")
    return found


def log_buckets(platform: Assembly) -> list[Resource]:
    """Buckets of access logs."""
    return [bucket for bucket in platform.some(BUCKET) if bucket.name in LOGS]


def statements(of: Resource) -> list[Statement]:
    """Statements of a bucket policy."""
    return [
        s
        for s in statements_of(of.platform)
        if s.resource.type == POLICY and s.resource.target("Bucket") is of
    ]


def receives_logs_of_load_balancers(of: Resource) -> bool:
    """Return true if load balancers may write to the bucket: they support no customer managed keys
    (ELB user guide).
    """
    return any(
        who == BALANCERS
        for statement in statements(of)
        if statement.allows
        for _, who in statement.principals
    )


def rules(of: Resource) -> list[Json]:
    return [
        rule
        for rule in of["LifecycleConfiguration.Rules"] or []
        if rule["Status"] == "Enabled" and not PARTS_OF_A_BUCKET & rule.keys()
    ]


def arn(of: Resource) -> str:
    return f"${{{of.stack}/{of.id}.Arn}}"


def objects(of: Resource) -> str:
    return f"{arn(of)}/*"


def denies_everybody(statement: Statement, of: Resource) -> bool:
    """Return true if a statement denies all actions on the bucket and its objects to every
    principal.
    """
    whole = not statement.allows and statement.for_anybody and statement.actions == ("s3:*",)
    return whole and set(statement.texts()) == {arn(of), objects(of)}


@promise
def test_p056_no_bucket_can_become_public(platform: Assembly) -> Verdicts:
    """Buckets cannot become public.

    Kept by: all four flags of Block Public Access
    """
    flags = ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets")
    for one in platform.some(BUCKET):
        off = [flag for flag in flags if one[f"PublicAccessBlockConfiguration.{flag}"] is not True]
        yield one, not off, f"Turn on {', '.join(off)}: BlockPublicAccess.BLOCK_ALL."


@promise
def test_p057_buckets_require_current_tls(platform: Assembly) -> Verdicts:
    """Buckets accept requests over TLS 1.2 or later only.

    Kept by: bucket policies
    """
    for one in platform.some(BUCKET):
        denied = [
            statement.conditions
            for statement in statements(one)
            if denies_everybody(statement, one)
        ]
        yield one, {"Bool": {"aws:securetransport": ("false",)}} in denied, "Set enforce_ssl=True."
        yield (
            one,
            {"NumericLessThan": {"s3:tlsversion": ("1.2",)}} in denied,
            "Set minimum_tls_version=1.2.",
        )


@promise
def test_p058_objects_have_audio_key(platform: Assembly) -> Verdicts:
    """Objects are encrypted with the key of audio and a bucket key. Access logs use S3's own keys,
    because load balancers support no others. Tiered events of Redpanda, where an environment
    enables them, use the key of Kubernetes.

    Kept by: `AudioLibrary`, `WebBucket`, `UploadsBucket`, `LogBucket`
    """
    for one in platform.some(BUCKET):
        rules = one["BucketEncryption.ServerSideEncryptionConfiguration"] or []
        yield (
            one,
            len(rules) == 1,
            "Set its encryption: S3 uses its own keys otherwise.",
        )
        rule = rules[0] if rules else {}
        by_default = rule.get("ServerSideEncryptionByDefault", {})
        if receives_logs_of_load_balancers(one):
            yield (
                one,
                by_default == {"SSEAlgorithm": "AES256"},
                "Load balancers would write nothing: use S3_MANAGED.",
            )
            continue
        key = platform.target(one.stack, by_default.get("KMSMasterKeyID"))
        wanted = KEYS_OF_OTHERS.get(one.name, "secrets/AudioKey")
        ours = (
            by_default.get("SSEAlgorithm") == "aws:kms" and key is not None and key.name == wanted
        )
        yield one, ours, f"Encrypt it with {wanted}."
        yield (
            one,
            rule.get("BucketKeyEnabled") is True,
            "Set bucket_key_enabled=True: each request would cost a call of KMS.",
        )


@promise
def test_p059_buckets_are_versioned(platform: Assembly) -> Verdicts:
    """Buckets are versioned, so that overwritten and deleted objects can be restored.

    Kept by: versioning
    """
    for one in platform.some(BUCKET):
        yield one, one["VersioningConfiguration.Status"] == "Enabled", "Set versioned=True."


@promise
def test_p060_buckets_have_lifecycle_rules(platform: Assembly) -> Verdicts:
    """Tracks are stored in Intelligent-Tiering from the first day. Noncurrent versions expire
    within 90 days and incomplete uploads within 7. Access logs are retained for 185 days, except
    those of application load balancers: they contain whole queries and expire after a week.

    Kept by: lifecycles
    """
    for one in platform.some(BUCKET):
        aborted = [
            rule["AbortIncompleteMultipartUpload"]["DaysAfterInitiation"]
            for rule in rules(one)
            if "AbortIncompleteMultipartUpload" in rule
        ]
        yield (
            one,
            bool(aborted) and min(aborted) <= 7,
            "Abort incomplete uploads after at most 7 days.",
        )
        replaced = [
            rule["NoncurrentVersionExpiration"]["NoncurrentDays"]
            for rule in rules(one)
            if "NoncurrentVersionExpiration" in rule
        ]
        holds = bool(replaced) and min(replaced) <= 90
        yield (
            one,
            holds,
            "Expire noncurrent versions within 90 days: erased data must be erased (LGPD art. 16).",
        )
    audio = [
        transition
        for rule in rules(bucket(platform, "Audio"))
        for transition in rule.get("Transitions", [])
    ]
    tiers = {(transition["StorageClass"], transition["TransitionInDays"]) for transition in audio}
    holds = tiers == {("INTELLIGENT_TIERING", 0)}
    yield (
        bucket(platform, "Audio"),
        holds,
        "Use Intelligent-Tiering from day 0: most tracks are rarely played.",
    )
    for one in (bucket(platform, "Audio"), bucket(platform, "Web")):
        ends = [
            rule
            for rule in one["LifecycleConfiguration.Rules"] or []
            if {"Expiration", "ExpirationInDays", "ExpirationDate"} & rule.keys()
        ]
        yield one, not ends, f"{ends} deletes objects that listeners use. Restrict the rule."
    queries = {
        f"{attributes(one, 'LoadBalancerAttributes')['access_logs.s3.prefix']}/"
        for one in balancers(platform, "application")
    }
    for logs in log_buckets(platform):
        expiring = [
            rule
            for rule in logs["LifecycleConfiguration.Rules"] or []
            if "ExpirationInDays" in rule
        ]
        kept = [rule["ExpirationInDays"] for rule in expiring if "Prefix" not in rule]
        yield (
            logs,
            bool(kept) and min(kept) >= 185,
            "Keep access records for six months (Marco Civil art. 15).",
        )
        soon = {
            rule["Prefix"]
            for rule in expiring
            if "Prefix" in rule and rule["ExpirationInDays"] <= 7
        }
        yield (
            logs,
            soon == queries,
            "Keep only logs of application load balancers for a week: they contain query strings.",
        )


@promise
def test_p061_audio_is_read_through_cloudfront(platform: Assembly) -> Verdicts:
    """Only CloudFront distributions of this account read the audio library, with signed requests.
    The key allows CloudFront to decrypt and nothing else.

    The bucket policy cannot name the distribution: the edge stack depends on the bucket. ADR 6
    describes how to restrict it further.

    Kept by: [ADR 6](adr/0006-audio-bucket-and-distribution.md), also how to narrow it to one
    distribution
    """
    for name in ("Audio", "Web"):
        one = bucket(platform, name)
        allowed = [statement for statement in statements(one) if statement.allows]
        yield (
            one,
            len(allowed) == 1,
            "Allow only CloudFront in the bucket policy; services have rights in their roles.",
        )
        for statement in allowed:
            reads = (
                statement.principals == (CLOUDFRONT,)
                and statement.actions == ("s3:GetObject",)
                and statement.texts() == [objects(one)]
            )
            yield (
                one,
                reads and confined_to_distributions(statement),
                f"Let CloudFront of this account read, nothing else: {statement}.",
            )
    key = next(key for key in platform.some("AWS::KMS::Key") if key.name == "secrets/AudioKey")
    admitted = [
        s for s in statements_of(platform) if s.resource is key and CLOUDFRONT in s.principals
    ]
    decrypts = (
        len(admitted) == 1
        and admitted[0].actions == ("kms:Decrypt",)
        and confined_to_distributions(admitted[0])
    )
    yield key, decrypts, "Let CloudFront of this account decrypt, and nothing else."
    yield from origins_sign(platform)


def confined_to_distributions(statement: Statement) -> bool:
    sources = statement.values("ArnLike", "aws:SourceArn") + statement.values(
        "StringEquals", "aws:SourceArn"
    )
    return len(sources) == 1 and sources[0].startswith(DISTRIBUTIONS)


def origins_sign(platform: Assembly) -> Verdicts:
    for distribution in platform.some("AWS::CloudFront::Distribution"):
        of_s3 = [
            (index, o)
            for index, o in enumerate(distribution["DistributionConfig.Origins"])
            if "S3OriginConfig" in o
        ]
        yield distribution, bool(of_s3), "No origin reads a bucket. Add one."
        for index, origin in of_s3:
            control = distribution.target(
                f"DistributionConfig.Origins.{index}.OriginAccessControlId"
            )
            signs = (
                control is not None
                and control["OriginAccessControlConfig.SigningBehavior"] == "always"
            )
            yield (
                distribution,
                signs,
                f"Sign every request to {origin['Id']}: origin access control.",
            )
            yield (
                distribution,
                not origin["S3OriginConfig"].get("OriginAccessIdentity"),
                "Origin access identities cannot use our key.",
            )
    for identity in platform.all("AWS::CloudFront::CloudFrontOriginAccessIdentity"):
        yield identity, False, "Use origin access control."


@promise
def test_p062_buckets_disable_acls(platform: Assembly) -> Verdicts:
    """The account owns all objects, and ACLs are disabled.

    Kept by: bucket owner enforced; standard logging v2 instead of CloudFront's legacy logs
    """
    for one in platform.some(BUCKET):
        (rule,) = one["OwnershipControls.Rules"] or [{}]
        yield (
            one,
            rule.get("ObjectOwnership") == "BucketOwnerEnforced",
            "Set object_ownership=BUCKET_OWNER_ENFORCED.",
        )
        yield one, one["AccessControl"] is None, "Remove the ACL and use policies."


@promise
def test_p063_object_requests_are_logged(platform: Assembly) -> Verdicts:
    """Requests for objects are logged, with a prefix for each bucket. Only log services of this
    account can write these logs.

    Kept by: `PrivateBucket`, `LogBucket`
    """
    logs = bucket(platform, "Logs")
    others = [one for one in platform.some(BUCKET) if one not in log_buckets(platform)]
    for one in others:
        target, prefix = (
            one.target("LoggingConfiguration.DestinationBucketName"),
            one["LoggingConfiguration.LogFilePrefix"],
        )
        yield (
            one,
            target in log_buckets(platform) and bool(prefix),
            "Write its access logs to the log bucket, under a prefix: PrivateBucket.",
        )
    prefixes = [one["LoggingConfiguration.LogFilePrefix"] for one in others]
    yield logs, len(prefixes) == len(set(prefixes)), f"Give each bucket its own prefix: {prefixes}."
    for written in log_buckets(platform):
        admitted = [statement for statement in statements(written) if statement.allows]
        services = {
            who for statement in admitted for kind, who in statement.principals if kind == "Service"
        }
        yield (
            written,
            services == WRITERS,
            f"Allow writes by these services only: {', '.join(sorted(WRITERS))}.",
        )
        for statement in admitted:
            yield (
                written,
                writes_of_this_account(statement),
                f"Confine it to this account: {statement}.",
            )


def writes_of_this_account(statement: Statement) -> bool:
    """Return true if a service writes on behalf of this account; in old regions load balancers
    write as an AWS account, below our account id.
    """
    conditions = [
        (operator, key)
        for operator in ("StringEquals", "ArnLike")
        for key in ("aws:SourceAccount", "aws:SourceArn")
    ]
    limits = [value for operator, key in conditions for value in statement.values(operator, key)]
    if any(kind != "Service" for kind, _ in statement.principals):
        return all(
            f"AWSLogs/{ACCOUNT}/" in text for text in statement.texts()
        ) and statement.actions == ("s3:PutObject",)
    return bool(limits) and all(ACCOUNT in value for value in limits)


@promise
def test_p064_buckets_are_retained(platform: Assembly) -> Verdicts:
    """Buckets are retained when their stack is deleted, and no custom resource empties them.

    Kept by: `data.removal_policy`; `auto_delete_objects` is never set
    """
    for one in platform.some(BUCKET):
        yield one, one.outlives_its_stack, "Keep it: data.removal_policy is `retain`."
    for resource in platform.resources:
        if "AutoDelete" in resource.type:
            yield (
                resource,
                False,
                "Remove auto_delete_objects: it empties the bucket before its deletion.",
            )


@rule
def test_malware_plan_waits_for_its_role(platform: Assembly) -> Verdicts:
    """GuardDuty may refuse a plan with a role that is younger than a few minutes."""
    databases = {database.id for database in platform.some("AWS::RDS::DBInstance")}
    for plan in platform.some("AWS::GuardDuty::MalwareProtectionPlan"):
        waits = databases & set(plan.body.get("DependsOn", []))
        yield plan, bool(waits), "Let it depend on a database, which takes minutes."


@promise
def test_p065_unscanned_uploads_are_unreadable(platform: Assembly) -> Verdicts:
    """An upload is unreadable until GuardDuty finds no malware in it, and only the scan can write
    that result. Only pages of the domain can upload.

    Kept by: `UploadsBucket`
    """
    uploads = bucket(platform, "Uploads")
    plans = [
        plan
        for plan in platform.some("AWS::GuardDuty::MalwareProtectionPlan")
        if plan.target("ProtectedResource.S3Bucket.BucketName") is uploads
    ]
    tags = len(plans) == 1 and plans[0]["Actions.Tagging.Status"] == "ENABLED"
    yield uploads, tags, "Let GuardDuty scan it, and tag what it scanned."
    scanner = {plan.target("Role") for plan in plans}
    denied = [
        s
        for s in statements(uploads)
        if not s.allows and s.for_anybody and s.texts() == [objects(uploads)]
        # A further condition would restrict the denial.
        if len(s.condition_keys) == 2
    ]
    unscanned = [
        s
        for s in denied
        if s.values("StringNotEquals", f"s3:ExistingObjectTag/{SCANNED}") == ("NO_THREATS_FOUND",)
    ]
    read = [
        s
        for s in unscanned
        if s.may("s3:GetObject") and s.may("s3:GetObjectVersion") and excepted(s) == scanner
    ]
    yield (
        uploads,
        len(read) == 1,
        "Deny reads of objects without a clean scan result, except by the scan.",
    )
    forged = [
        s
        for s in denied
        if s.values("ForAnyValue:StringEquals", "s3:RequestObjectTagKeys") == (SCANNED,)
    ]
    tagged = [
        s
        for s in forged
        if all(
            s.may(f"s3:{a}") for a in ("PutObject", "PutObjectTagging", "PutObjectVersionTagging")
        )
        and excepted(s) == scanner
    ]
    yield (
        uploads,
        len(tagged) == 1,
        "Deny writes of the scan result, except by the scan: an upload could declare itself clean.",
    )
    yield (
        uploads,
        not any(s.allows for s in statements(uploads)),
        "Remove Allow statements: CloudFront serves no uploads.",
    )
    domain = platform.settings.domain
    named = {uploads: [f"https://{domain.name}"]} if domain else {}
    for one in platform.some(BUCKET):
        writers = [
            origin
            for cors in one["CorsConfiguration.CorsRules"] or []
            if WRITES.intersection(cors["AllowedMethods"])
            for origin in cors["AllowedOrigins"]
        ]
        wanted = named.get(one, [])
        yield one, writers == wanted, f"Origins {writers} may upload. Set {wanted}."


def excepted(statement: Statement) -> set[Resource | None]:
    """Roles that a statement excludes."""
    platform = statement.resource.platform
    names = statement.values("ArnNotEquals", "aws:PrincipalArn")
    return {
        role
        for role in platform.some("AWS::IAM::Role")
        if f"${{{role.stack}/{role.id}.Arn}}" in names
    }
