"""The data stack: everything that must outlive a deployment."""

from collections.abc import Mapping

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from constructs import Construct

from spotmusic_cdk import versions
from spotmusic_cdk.settings import Settings
from spotmusic_cdk.settings.data import DatabaseSettings
from spotmusic_constructs.data.audio_library import AudioLibrary
from spotmusic_constructs.data.backup_plan import BackupPlan
from spotmusic_constructs.data.cache import Cache
from spotmusic_constructs.data.database_events import DatabaseEvents
from spotmusic_constructs.data.database_users import Role
from spotmusic_constructs.data.log_bucket import LogBucket
from spotmusic_constructs.data.relational_database import DatabaseKeys, RelationalDatabase
from spotmusic_constructs.data.restore_testing import RestoredDatabase, RestoreTesting
from spotmusic_constructs.data.upload_verdicts import UploadVerdicts
from spotmusic_constructs.data.uploads_bucket import UploadsBucket
from spotmusic_constructs.data.web_bucket import WebBucket
from stacks.environment_stack import EnvironmentStack
from stacks.network import NetworkStack
from stacks.secrets import SecretsStack

MAINTENANCE = {"Catalogue": "mon:08:00-mon:09:00", "Identity": "wed:08:00-wed:09:00"}
"""Maintenance windows in UTC: at night in São Paulo, one database a night, and an hour after the last backup may start, since AWS
Backup takes no snapshot of a database in the hour before its maintenance. The cache has Tuesday."""
REQUEST_LOGS = ("gateway-access/", "services-access/")
"""Where the application load balancers write requests."""
CATALOGUE = "catalogue"
"""Name of the database that services share. A private one has the name of its service."""
MIGRATIONS = "catalogue-migrations"
"""User that changes its tables: of no service, so that another owner needs no other user."""
IDENTITY_DATABASES = {"keycloak": "keycloak", "grafana": "grafana"}
KONG_PREFIX = "ratelimit"
"""Prefix of the keys in which Kong's rate limiting counts (kong/plugins/rate-limiting/policies, 3.9)."""
_VOLUMES_OF_PODS = {"CSIVolumeName": "*"}
"""Tag of every volume that was made for a claim, and of no node's own. EKS Auto Mode gives it beside the cluster's name (AWS managed policy
AmazonEKSBlockStoragePolicyV2, read 2026-11); tags of ours are missing where the StorageClass was made without (docs/adr/0015)."""
_DATA = ec2.SubnetSelection(subnet_group_name="data")
_APPLICATION = ec2.SubnetSelection(subnet_group_name="application")


class DataStack(EnvironmentStack):
    """Databases, cache, buckets and their backups.

    Attributes:
        catalogue: server of the application services, with the shared catalogue, private databases, and a user for each service.
        identity: database of Keycloak and Grafana.
        cache: cache, with a user for Kong and for each service that talks to it.
        audio: bucket of the tracks.
        uploads: bucket in which uploads wait for their scan.
        verdicts: queue of the verdicts on uploads, for each service that talks to `uploads`.
        web: bucket of the web client.
        logs: bucket of access logs.
        backup: vault and plan.
        restore_testing: what brings backups back at times, and looks at them.
        database_events: topic on which RDS tells of failovers, failures and maintenance.
    """

    def __init__(self, scope: Construct, *, settings: Settings, network: NetworkStack, secrets: SecretsStack) -> None:
        super().__init__(
            scope,
            "data",
            settings=settings,
            data_class="personal",
            description="Spotmusic: databases, cache, buckets and their backups",
        )
        self._settings, self._network, self._keys = settings, network, secrets.keys

        self._make_buckets()
        self.catalogue = self._database(
            "Catalogue",
            settings.data.catalogue,
            {name: CATALOGUE if name == MIGRATIONS else name for name in database_roles(settings)},
            rights=database_roles(settings),
        )
        self.identity = self._database("Identity", settings.data.identity, IDENTITY_DATABASES)
        self.cache = self._cache()
        databases = {"Catalogue": self.catalogue, "Identity": self.identity}
        self._tell_apart()
        buckets = [self.audio.bucket.bucket_arn, self.web.bucket.bucket_arn]
        self.database_events = DatabaseEvents(
            self,
            "DatabaseEvents",
            instances={name: database.instance for name, database in databases.items()},
            key=self._keys.notifications,
            emails=settings.observability.alarm_emails,
            endpoints=settings.observability.alarm_endpoints,
        ).topic
        self.backup = BackupPlan(
            self,
            "Backup",
            name=settings.resource_prefix,
            key=self._keys.backup,
            copies_key=self._keys.copies,
            database_arns=[database.instance.instance_arn for database in databases.values()],
            # An upload is a copy of what somebody still has, and goes within days.
            bucket_arns=buckets,
            volume_tags=_VOLUMES_OF_PODS | {"eks:eks-cluster-name": settings.resource_prefix},
            retention_days=settings.data.backup.retention_days,
            vault_lock_days=settings.data.backup.vault_lock_days if settings.production else None,
            removal_policy=self.retain_except_on_create,
        )
        self.restore_testing = RestoreTesting(
            self,
            "RestoreTesting",
            name=settings.resource_prefix.replace("-", "_"),
            vault=self.backup.vault,
            role=self.backup.role,
            databases={
                name.lower(): RestoredDatabase(
                    instance=database.instance,
                    subnet_group=database.subnet_group,
                    security_group=network.security_groups.of(f"{name.lower()}-database"),
                )
                for name, database in databases.items()
            },
            bucket_arns=[self.web.bucket.bucket_arn],
            large_bucket_arns=[self.audio.bucket.bucket_arn],
            large_every=settings.data.backup.audio_restored_every,
            log_key=self._keys.logs,
            retention=self.log_retention,
        )

    def _tell_apart(self) -> None:
        """A tag that no other resource bears: experiments find their target by it (stacks/observability/experiments.py)."""
        components = {"catalogue": self.catalogue.instance, "identity": self.identity.instance, "cache": self.cache.replication_group}
        for name, resource in components.items():
            cdk.Tags.of(resource).add("Component", name)

    def _make_buckets(self) -> None:
        settings, key, policy = self._settings, self._keys.audio, self.data_removal
        buckets, domain = settings.data.buckets, settings.domain
        self.logs = LogBucket(
            self,
            "Logs",
            # WAF writes to no bucket of another name, and bucket names are the world's: the account makes it ours.
            bucket_name=f"aws-waf-logs-{settings.resource_prefix}-{self.account}-{self.stack_id_suffix}",
            retention_days=buckets.log_days,
            query_prefixes=REQUEST_LOGS,
            removal_policy=policy,
        )
        logs = self.logs.bucket
        self.audio = AudioLibrary(
            self, "Audio", key=key, access_logs=logs, noncurrent_days=buckets.audio_noncurrent_days, removal_policy=policy
        )
        self.web = WebBucket(self, "Web", key=key, access_logs=logs, removal_policy=policy)
        self.uploads = UploadsBucket(
            self,
            "Uploads",
            key=key,
            access_logs=logs,
            # Without a domain the address of the web client is not known here, and no page may upload.
            allowed_origins=[f"https://{domain.name}"] if domain else [],
            days=buckets.upload_days,
            removal_policy=policy,
        )
        verdicts = Construct(self, "UploadVerdicts")
        self.verdicts = {
            name: UploadVerdicts(verdicts, name, bucket=self.uploads.bucket, key=self._keys.notifications)
            for name in settings.services_talking_to("uploads")
        }

    def _database(
        self,
        name: str,
        database: DatabaseSettings,
        databases: Mapping[str, str],
        rights: Mapping[str, Mapping[str, Role]] | None = None,
    ) -> RelationalDatabase:
        settings, groups, keys = self._settings, self._network.security_groups, self._keys
        return RelationalDatabase(
            self,
            name,
            identifier=f"{settings.resource_prefix}-{name.lower()}-{self.stack_id_suffix}",
            engine_version=database.version,
            instance_type=ec2.InstanceType(database.instance_class),
            multi_az=database.multi_az,
            storage_gib=database.storage_gib,
            max_storage_gib=database.max_storage_gib,
            maintenance_window=MAINTENANCE[name],
            databases=databases,
            rights=rights,
            vpc=self._network.vpc,
            vpc_subnets=_DATA,
            security_group=groups.of(f"{name.lower()}-database"),
            users_subnets=_APPLICATION,
            users_security_group=groups.of("database-users"),
            keys=DatabaseKeys(database=keys.database, secrets=keys.secrets, logs=keys.logs),
            retention=self.log_retention,
            production=settings.production,
            removal_policy=self.snapshot_on_delete,
        )

    def _cache(self) -> Cache:
        cache, groups, keys = self._settings.data.cache, self._network.security_groups, self._keys
        services = {name: name for name in self._settings.services_talking_to("cache")}
        return Cache(
            self,
            "Cache",
            engine=cache.engine,
            engine_version=cache.version or versions.DEFAULT_CACHE_VERSION[cache.engine],
            node_type=cache.node_type,
            replicas=cache.replicas,
            prefixes={**services, "kong": KONG_PREFIX},
            vpc=self._network.vpc,
            subnet_ids=self._network.vpc.select_subnets(subnet_group_name="data").subnet_ids,
            security_group=groups.of("cache"),
            users_subnets=_APPLICATION,
            users_security_group=groups.of("cache-users"),
            cache_key=keys.cache,
            secrets_key=keys.secrets,
            log_key=keys.logs,
            retention=self.log_retention,
            snapshot_retention_days=cache.snapshot_retention_days,
            removal_policy=self.snapshot_on_delete,
        )


def database_roles(settings: Settings) -> dict[str, dict[str, Role]]:
    """Returns roles of users by database: a service owns a private one, and writes or reads the shared one (docs/adr/0021)."""
    rights: dict[str, dict[str, Role]] = {}
    for name in settings.services_of_catalogue:
        service = settings.services[name]
        rights[name] = {name: "owner"} if "database" in service.talks_to else {}
        if "catalogue" in service.talks_to:
            rights[name][CATALOGUE] = "writer" if service.writes("catalogue") else "reader"
    if settings.catalogue_owner:
        rights[MIGRATIONS] = {CATALOGUE: "migrator"}
    return rights
