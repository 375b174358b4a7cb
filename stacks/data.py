"""Data stack: databases, cache, buckets and their backups."""

from constructs import Construct

from spotmusic_cdk.settings import Settings
from spotmusic_constructs.data.audio_library import AudioLibrary
from spotmusic_constructs.data.database_events import DatabaseEvents
from spotmusic_constructs.data.web_bucket import WebBucket
from stacks.backups import backup_plan, restore_testing
from stacks.buckets import log_bucket, upload_verdicts, uploads_bucket
from stacks.caches import own_caches, shared_cache
from stacks.data_values import publish
from stacks.databases import catalogue_database, identity_database
from stacks.environment_stack import EnvironmentStack
from stacks.network import NetworkStack
from stacks.secrets import SecretsStack


class DataStack(EnvironmentStack):
    """Databases, cache, buckets and their backups.

    Attributes:
        catalogue: server of the application services, with the shared catalogue, private databases,
            and a user for each service.
        identity: database of Keycloak and Grafana.
        cache: shared cache, with a user for Kong and for each service that uses it.
        own_caches: caches of single clients by their name.
        audio: bucket of the tracks.
        uploads: bucket of uploads before their scan.
        verdicts: queue of verdicts on uploads, by service with `uploads` in `talks_to`.
        web: bucket of the web client.
        logs: bucket of access logs of buckets, CloudFront and the web ACL.
        backup: vault and plan.
        restore_testing: plans that restore backups regularly, and check the copies.
        database_events: topic of failovers, failures and maintenance of RDS.
    """

    def __init__(
        self, scope: Construct, *, settings: Settings, network: NetworkStack, secrets: SecretsStack
    ) -> None:
        description = "Spotmusic: databases, cache, buckets and their backups"
        super().__init__(
            scope, "data", settings=settings, data_class="personal", description=description
        )
        keys = secrets.keys

        self.logs = log_bucket(self, settings=settings)
        logs, removal = self.logs.bucket, self.data_removal
        self.audio = AudioLibrary(
            self,
            "Audio",
            key=keys.audio,
            access_logs=logs,
            noncurrent_days=settings.data.buckets.audio_noncurrent_days,
            removal_policy=removal,
        )
        self.web = WebBucket(self, "Web", key=keys.audio, access_logs=logs, removal_policy=removal)
        self.uploads = uploads_bucket(self, settings=settings, keys=keys, access_logs=logs)
        self.verdicts = upload_verdicts(
            self, settings=settings, keys=keys, uploads=self.uploads.bucket
        )

        self.catalogue = catalogue_database(self, settings=settings, network=network, keys=keys)
        # GuardDuty may refuse the new role of the scan; a database takes minutes.
        self.uploads.plan.node.add_dependency(self.catalogue.instance)
        self.identity = identity_database(self, settings=settings, network=network, keys=keys)
        self.cache = shared_cache(self, settings=settings, network=network, keys=keys)
        self.own_caches = own_caches(self, settings=settings, network=network, keys=keys)
        publish(
            self,
            settings=settings,
            catalogue=self.catalogue,
            identity=self.identity,
            shared=self.cache,
            own=self.own_caches.get("kong"),
        )
        databases = {"Catalogue": self.catalogue, "Identity": self.identity}
        self.database_events = DatabaseEvents(
            self,
            "DatabaseEvents",
            instances={
                name: [database.instance, *database.replicas]
                for name, database in databases.items()
            },
            key=keys.notifications,
            emails=settings.observability.alarm_emails,
            endpoints=settings.observability.alarm_endpoints,
        ).topic

        audio, web = self.audio.bucket, self.web.bucket
        # The plan excludes uploads, which are copies and are deleted within days.
        self.backup = backup_plan(
            self, settings=settings, keys=keys, databases=databases, buckets=[audio, web]
        )
        self.restore_testing = restore_testing(
            self,
            settings=settings,
            network=network,
            keys=keys,
            backup=self.backup,
            databases=databases,
            bucket=web,
            large_bucket=audio,
        )
