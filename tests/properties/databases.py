"""Databases of an environment, and their read replicas."""

from tools.model.assembly import Assembly, Resource

DATABASE = "AWS::RDS::DBInstance"


def is_replica(resource: Resource) -> bool:
    """Return True for a read replica, which holds a copy only."""
    return resource.type == DATABASE and bool(resource["SourceDBInstanceIdentifier"])


def databases(platform: Assembly) -> list[Resource]:
    """Databases and read replicas."""
    return platform.some(DATABASE)


def sources(platform: Assembly) -> list[Resource]:
    """Databases that are no copy of another."""
    return [database for database in databases(platform) if not is_replica(database)]


def replicas(platform: Assembly) -> list[Resource]:
    return [database for database in databases(platform) if is_replica(database)]


def source_of(database: Resource) -> Resource:
    """Source of a read replica; the database itself otherwise."""
    (source,) = database.mentions("SourceDBInstanceIdentifier") or {database}
    return source
