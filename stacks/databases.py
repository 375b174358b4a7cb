"""Databases of an environment, with a user for each client."""

from collections.abc import Mapping

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2

from spotmusic_cdk.connections.catalogue import SCHEMA
from spotmusic_cdk.settings import Settings
from spotmusic_constructs.data.database_users import Role
from spotmusic_constructs.data.relational_database import (
    DatabaseKeys,
    DatabaseSpec,
    RelationalDatabase,
)
from spotmusic_constructs.secrets.data_keys import DataKeys
from stacks.environment_stack import EnvironmentStack
from stacks.network import NetworkStack

MIGRATIONS = "catalogue-migrations"
"""User of migrations, independent of the service that owns the catalogue."""
IDENTITY_DATABASES = {"keycloak": "keycloak", "grafana": "grafana"}
_MAINTENANCE = {"Catalogue": "mon:08:00-mon:09:00", "Identity": "wed:08:00-wed:09:00"}
"""Maintenance windows in UTC: at night in São Paulo, one database a night, an hour after the last
start of a backup. AWS Backup takes no snapshot of a database in the hour before its maintenance.
The caches have other nights (stacks/caches.py)."""
_DATA = ec2.SubnetSelection(subnet_group_name="data")
_APPLICATION = ec2.SubnetSelection(subnet_group_name="application")


def catalogue_database(
    stack: EnvironmentStack, *, settings: Settings, network: NetworkStack, keys: DataKeys
) -> RelationalDatabase:
    """Create the server of shared and private databases, with a user for each service."""
    rights = database_roles(settings)
    databases = {name: SCHEMA if name == MIGRATIONS else name for name in rights}
    return _database(
        stack,
        "Catalogue",
        settings=settings,
        network=network,
        keys=keys,
        databases=databases,
        rights=rights,
    )


def identity_database(
    stack: EnvironmentStack, *, settings: Settings, network: NetworkStack, keys: DataKeys
) -> RelationalDatabase:
    """Create the database of Keycloak and Grafana."""
    return _database(
        stack,
        "Identity",
        settings=settings,
        network=network,
        keys=keys,
        databases=IDENTITY_DATABASES,
    )


def _database(
    stack: EnvironmentStack,
    name: str,
    *,
    settings: Settings,
    network: NetworkStack,
    keys: DataKeys,
    databases: Mapping[str, str],
    rights: Mapping[str, Mapping[str, Role]] | None = None,
) -> RelationalDatabase:
    options = settings.data.databases[name.lower()]
    database = RelationalDatabase(
        stack,
        name,
        spec=DatabaseSpec(
            identifier=f"{settings.resource_prefix}-{name.lower()}-{stack.stack_id_suffix}",
            engine_version=options.version,
            instance_type=ec2.InstanceType(options.instance_class),
            multi_az=options.multi_az,
            storage_gib=options.storage_gib,
            max_storage_gib=options.max_storage_gib,
            maintenance_window=_MAINTENANCE[name],
            read_replicas=options.read_replicas,
            own_master_secret=options.rotates_master,
            production=settings.production,
            removal_policy=stack.snapshot_on_delete,
        ),
        databases=databases,
        rights=rights,
        vpc=network.vpc,
        vpc_subnets=_DATA,
        security_group=network.security_groups.of(f"{name.lower()}-database"),
        users_subnets=_APPLICATION,
        users_security_group=network.security_groups.of("database-users"),
        keys=DatabaseKeys(database=keys.database, secrets=keys.secrets, logs=keys.logs),
        retention=stack.log_retention,
    )
    # Experiments select their target by a unique tag (stacks/observability/experiments.py).
    cdk.Tags.of(database.instance).add("Component", name.lower())
    for replica in database.replicas:
        cdk.Tags.of(replica).add("Component", f"{name.lower()}-reader")
    return database


def database_roles(settings: Settings) -> dict[str, dict[str, Role]]:
    """Return the roles of users by private or shared database (docs/adr/0021)."""
    rights: dict[str, dict[str, Role]] = {}
    for name in settings.services_of_catalogue:
        service = settings.services[name]
        rights[name] = {name: "owner"} if "database" in service.talks_to else {}
        if "catalogue" in service.talks_to:
            rights[name][SCHEMA] = "writer" if service.writes("catalogue") else "reader"
    if settings.catalogue_owner:
        rights[MIGRATIONS] = {SCHEMA: "migrator"}
    return rights
