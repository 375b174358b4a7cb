"""Data section of an environment file: databases, cache, buckets, backups, and their removal."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from spotmusic_cdk.settings.model import Days, Model, Name, Unordered

PullSecret = Annotated[
    str,
    StringConstraints(
        pattern=r"^arn:aws:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:"
        r"ecr-pullthroughcache/[A-Za-z0-9/_+=.@-]{1,512}-[A-Za-z0-9]{6}$"
    ),
]
"""Secret for logins of ECR to an upstream registry. ECR requires this prefix (Amazon ECR user
guide, pull through cache rules)."""


class DatabaseSettings(Model):
    """RDS for MySQL instance."""

    version: Annotated[str, StringConstraints(pattern=r"^[0-9]{1,2}\.[0-9]{1,2}\.[0-9]{1,3}$")] = (
        "8.4.10"
    )
    """Exact engine version. The release series determines the end of support
    (`spotmusic_cdk/versions.py`)."""
    instance_class: Annotated[
        str, StringConstraints(pattern=r"^[a-z0-9]+\.[a-z0-9]+$", max_length=32)
    ] = "t4g.medium"
    """Instance class without the prefix `db.`; the region must offer it
    (`spotmusic_cdk/settings/regions.py`)."""
    multi_az: bool = True
    """Standby instance in another zone."""
    storage_gib: Annotated[int, Field(ge=20, le=59578)] = 20
    """Storage at creation, in GiB of gp3 (RDS allows 20 to 65536; 10% remain for autoscaling)."""
    max_storage_gib: Annotated[int, Field(ge=22, le=65536)] = 100
    """Limit of storage autoscaling, in GiB; RDS requires at least 10% above `storage_gib`."""
    master_rotation: Literal["rds", "platform"] = "rds"
    """Owner of the master user's secret: RDS, or the platform, which rotates it with the secrets of
    other users. Read replicas and blue/green deployments of RDS require `platform`
    (docs/adr/0027-master-secret-and-read-replicas.md)."""
    read_replicas: Annotated[int, Field(ge=0, le=5)] = 0
    """Read replicas of the catalogue, spread over the zones, from which services read. They require
    `master_rotation: platform`. RDS for MySQL allows 15. The stack of the alarms has room for 5:
    for more load, use a larger `instance_class`."""

    @property
    def rotates_master(self) -> bool:
        """True if the platform rotates the master user's secret."""
        return self.master_rotation == "platform"


class CacheSettings(Model):
    """ElastiCache replication group."""

    engine: Literal["redis", "valkey"] = "redis"
    """`redis` ends at 7.1 on ElastiCache; `valkey` has the same protocol and is maintained."""
    version: Annotated[str, StringConstraints(pattern=r"^[0-9]{1,2}\.[0-9]{1,2}$")] | None = None
    """Engine version. Default: the newest version that this project tests."""
    node_type: Annotated[
        str, StringConstraints(pattern=r"^cache\.[a-z0-9]+\.[a-z0-9]+$", max_length=32)
    ] = "cache.t4g.small"
    """Node type; the region must offer it."""
    replicas: Annotated[int, Field(ge=0, le=5)] = 1
    """Replicas in addition to the primary (ElastiCache allows up to 5); two give every zone a node.
    With 0 there is no failover."""
    own: Annotated[tuple[Name, ...], Field(max_length=4), Unordered] = ()
    """Clients with a separate cache of the same size: services with `cache` in their `talks_to`, or
    `kong` (at most 4). The separate cache begins empty. Other clients share one cache
    (docs/adr/0029-a-cache-for-a-client.md)."""
    snapshot_retention_days: Annotated[int, Field(ge=1, le=35)] = 7
    """Days that daily snapshots are kept; production needs 15."""


class BucketSettings(Model):
    """Lifecycles of the buckets."""

    audio_noncurrent_days: Annotated[int, Field(ge=1, le=90)] = 90
    """Days until a replaced or erased track is deleted permanently; LGPD requires a bound, and
    docs/privacy.md states 90."""
    upload_days: Annotated[int, Field(ge=1, le=90)] = 14
    """Days that an upload waits for its scan and promotion."""
    log_days: Annotated[int, Field(ge=185, le=3650)] = 365
    """Days that access logs are kept; Marco Civil (art. 15) requires six months, of at most 184
    days."""


class BackupSettings(Model):
    """AWS Backup plan."""

    retention_days: Annotated[int, Field(ge=1, le=365)] = 35
    """Days that daily recovery points are kept; production requires 35 or more. With fewer,
    databases and buckets cannot be restored further back."""
    audio_restored_every: Literal["week", "month", "quarter"] = "week"
    """Interval of the restore test of the audio library; databases and the web client are tested
    every week. The test copies the whole library; docs/cost.md computes its cost. Test a large
    library less often."""
    vault_lock_days: Annotated[int, Field(ge=3, le=36500)] | None = None
    """Days until the vault's lock becomes permanent (compliance mode); without it the lock is in
    governance mode. Only production can set it. After these days neither the number nor
    `production` can be changed."""


class DataSettings(Model):
    """Data stores, their backups and their removal policy."""

    catalogue: DatabaseSettings = DatabaseSettings()
    """Database of the application services."""
    identity: DatabaseSettings = DatabaseSettings()
    """Database of Keycloak and Grafana."""
    cache: CacheSettings = CacheSettings()
    buckets: BucketSettings = BucketSettings()
    backup: BackupSettings = BackupSettings()
    removal_policy: Literal["retain", "destroy"] = "retain"
    """Removal policy of data when its stack is deleted. `destroy` also requires
    `allow_data_destruction: true`."""
    allow_data_destruction: bool = False
    """Second switch in addition to `removal_policy`. Resources with data are deleted only if both
    are set."""

    @property
    def databases(self) -> dict[str, DatabaseSettings]:
        """Databases by key."""
        return {"catalogue": self.catalogue, "identity": self.identity}


class RegistrySettings(Model):
    """Container registry."""

    docker_hub_credentials: PullSecret | None = None
    """Secret with `username` and `accessToken` of Docker Hub. Its name begins with
    `ecr-pullthroughcache/`. Default: images of Docker Hub are not cached."""
    github_credentials: PullSecret | None = None
    """Secret with the same fields for ghcr.io."""
    account_scanning: bool = True
    """True if the environment owns the registry scanning configuration. An account has one per
    region. Its deletion, also with its stack, disables enhanced scanning of all repositories in
    that region and scans of ECR by Amazon Inspector. It fails if the account may not disable
    Inspector (aws-cloudformation/cloudformation-coverage-roadmap#2516)."""
    keep_images: Annotated[int, Field(ge=5, le=1000)] = 50
    """Tagged images kept per repository."""
    untagged_days: Days = 14
    """Days until an untagged image is deleted."""
