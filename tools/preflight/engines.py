"""Checks of pinned versions, orderable instance classes, and parameters."""

from collections.abc import Iterator, Mapping
from re import fullmatch

from botocore import xform_name

from spotmusic_cdk import versions
from spotmusic_constructs.data.parameters import CACHE, MYSQL
from tools.preflight.finding import Ask, Context, Finding, pages, verdict


def databases(context: Context) -> Iterator[Finding]:
    """Check each MySQL version, and each instance class in the zones of the file."""
    specs = context.settings.data.databases.values()
    for version in sorted({spec.version for spec in specs}):
        yield _version(context, version)
    for spec in sorted({(spec.version, spec.instance_class, spec.multi_az) for spec in specs}):
        yield _instance_class(context, *spec)


def _version(context: Context, version: str) -> Finding:
    engine = {"Engine": "mysql", "EngineVersion": version}
    found = pages(context.home("rds"), "describe_db_engine_versions", "DBEngineVersions", **engine)
    is_available = any(entry.get("Status", "available") == "available" for entry in found)
    command = (
        f"aws rds describe-db-engine-versions --region {context.settings.region} --engine mysql "
        "--query 'DBEngineVersions[].EngineVersion' --output text; then correct data.*.version"
    )
    detail = "available" if is_available else "not available"
    return verdict(f"MySQL {version}", is_available, detail, command)


def _instance_class(context: Context, version: str, instance_class: str, multi_az: bool) -> Finding:
    options = pages(
        context.home("rds"),
        "describe_orderable_db_instance_options",
        "OrderableDBInstanceOptions",
        Engine="mysql",
        EngineVersion=version,
        DBInstanceClass=f"db.{instance_class}",
        Vpc=True,
    )
    zones = {
        zone["Name"]
        for option in options
        if option.get("StorageType") == "gp3" and (option.get("MultiAZCapable") or not multi_az)
        for zone in option.get("AvailabilityZones", ())
    }
    missing = ", ".join(zone for zone in context.settings.zones if zone not in zones)
    command = (
        f"aws rds describe-orderable-db-instance-options --region {context.settings.region} "
        f"--engine mysql --engine-version {version} "
        "--query 'OrderableDBInstanceOptions[].DBInstanceClass' --output text; "
        "then correct data.*.instance_class"
    )
    detail = f"cannot be ordered in {missing}" if missing else "can be ordered in every zone"
    return verdict(f"class db.{instance_class}", not missing, detail, command)


def cache(context: Context) -> Iterator[Finding]:
    """Check the ElastiCache engine and node type."""
    client, spec = context.home("elasticache"), context.settings.data.cache
    version = spec.version or versions.DEFAULT_CACHE_VERSION[spec.engine]
    at = f"--region {context.settings.region}"
    path = "CacheEngineVersions[].EngineVersion"
    known = sorted({*pages(client, "describe_cache_engine_versions", path, Engine=spec.engine)})
    has = any(entry == version or entry.startswith(f"{version}.") for entry in known)
    command = (
        f"aws elasticache describe-cache-engine-versions {at} --engine {spec.engine}; "
        "then correct data.cache.version"
    )
    yield verdict(
        f"{spec.engine} {version}",
        has,
        "available" if has else f"not among {', '.join(known) or 'none'}",
        command,
    )
    offers = pages(
        client,
        "describe_reserved_cache_nodes_offerings",
        "ReservedCacheNodesOfferings",
        CacheNodeType=spec.node_type,
    )
    offered = any(True for _ in offers)
    command = (
        f"aws elasticache describe-reserved-cache-nodes-offerings {at} "
        "--query 'ReservedCacheNodesOfferings[].CacheNodeType' --output text; "
        "then correct data.cache.node_type"
    )
    detail = "is offered" if offered else "is not offered in this region"
    yield verdict(f"node {spec.node_type}", offered, detail, command)


def kubernetes(context: Context) -> Iterator[Finding]:
    """Check the Kubernetes version and the build of the add-on."""
    eks, settings = context.home("eks"), context.settings
    version, at = settings.kubernetes.version, f"--region {settings.region}"
    answer = eks.describe_cluster_versions(clusterVersions=[version], includeAll=True)
    found = [entry["versionStatus"] for entry in answer.get("clusterVersions", ())]
    state = found[0] if found else "NOT_THERE"
    command = (
        f"aws eks describe-cluster-versions {at} "
        "--query 'clusterVersions[].[clusterVersion,versionStatus]' --output text"
    )
    detail = state.lower().replace("_", " ")
    yield verdict(f"Kubernetes {version}", state == "STANDARD_SUPPORT", detail, command)
    path = "addons[].addonVersions[].addonVersion"
    add_on = {"addonName": "metrics-server", "kubernetesVersion": version}
    builds = [*pages(eks, "describe_addon_versions", path, **add_on)]
    pinned = versions.METRICS_SERVER_ADD_ON
    detail = "available" if pinned in builds else f"not among {', '.join(builds[:3]) or 'none'}"
    command = (
        f"aws eks describe-addon-versions {at} --addon-name metrics-server "
        f"--kubernetes-version {version} --query '{path}' --output text; "
        "then set METRICS_SERVER_ADD_ON in spotmusic_cdk/versions.py to the newest"
    )
    yield verdict(f"metrics-server {pinned}", pinned in builds, detail, command)


def parameters(context: Context) -> Iterator[Finding]:
    """Compare parameters with the modifiable ones of RDS and ElastiCache."""
    data = context.settings.data
    for release in sorted({spec.version.rpartition(".")[0] for spec in data.databases.values()}):
        family = {"DBParameterGroupFamily": f"mysql{release}"}
        yield _parameters(context, "rds", family, MYSQL)
    version = data.cache.version or versions.DEFAULT_CACHE_VERSION[data.cache.engine]
    family = {"CacheParameterGroupFamily": f"{data.cache.engine}{version.partition('.')[0]}"}
    yield _parameters(context, "elasticache", family, CACHE)


def _parameters(
    context: Context, service: str, family: Mapping[str, str], used: Mapping[str, str]
) -> Finding:
    defaults = pages(
        context.home(service),
        "describe_engine_default_parameters",
        "EngineDefaults.Parameters",
        **family,
    )
    found = {parameter["ParameterName"]: parameter for parameter in defaults}
    wrong = []
    for name, value in used.items():
        parameter = found.get(name)
        if parameter is None:
            wrong.append(f"{name} is unknown")
        elif not parameter.get("IsModifiable", True):
            wrong.append(f"{name} cannot be changed")
        elif not admitted(value, parameter.get("AllowedValues", "")):
            wrong.append(f"{name} is {value}; allowed: {parameter['AllowedValues']}")
    ((option, name),) = family.items()
    command = (
        f"aws {service} describe-engine-default-parameters --region {context.settings.region} "
        f"--{xform_name(option, '-')} {name} "
        "--query 'EngineDefaults.Parameters[].[ParameterName,AllowedValues,IsModifiable]'; "
        "then correct constructs/spotmusic_constructs/data/parameters.py"
    )
    detail = "; ".join(wrong) or f"{len(used)} in use are allowed"
    return verdict(f"parameters {name}", not wrong, detail, command)


def admitted(value: str, allowed: str) -> bool:
    """Return whether a value is allowed.

    Args:
        value: value of the parameter; a list is separated by commas.
        allowed: values and ranges from AWS, separated by commas, such as `0,1` or `0-31536000`;
            empty for any.
    """
    choices = [choice.strip() for choice in allowed.split(",") if choice.strip()]
    return (
        not choices
        or value in choices
        or all(_among(part.strip(), choices) for part in value.split(","))
    )


def _among(value: str, choices: list[str]) -> bool:
    if value in choices:
        return True
    ranges = (fullmatch(r"(-?[0-9.]+)-([0-9.]+)", choice) for choice in choices)
    number = fullmatch(r"-?[0-9]+(\.[0-9]+)?", value)
    return bool(number) and any(
        found and float(found[1]) <= float(value) <= float(found[2]) for found in ranges
    )


CHECKS: dict[str, Ask] = {
    "databases": databases,
    "cache": cache,
    "Kubernetes": kubernetes,
    "parameters": parameters,
}
