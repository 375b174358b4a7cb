"""Checks of pinned versions, orderable instance classes, and parameters."""

from collections.abc import Iterable, Iterator, Mapping
from re import fullmatch
from typing import Any

from spotmusic_cdk import versions
from spotmusic_constructs.data.parameters import CACHE, MYSQL
from tools.preflight.finding import Ask, Context, Finding, pages, verdict


def databases(context: Context) -> Iterator[Finding]:
    """Checks each MySQL version, and each instance class in the zones of the file."""
    rds, settings = context.home("rds"), context.settings
    specs = settings.data.databases.values()
    for version in sorted({spec.version for spec in specs}):
        found = list(
            pages(
                rds,
                "describe_db_engine_versions",
                "DBEngineVersions",
                Engine="mysql",
                EngineVersion=version,
            )
        )
        command = (
            f"aws rds describe-db-engine-versions --region {settings.region} --engine mysql "
            "--query 'DBEngineVersions[].EngineVersion' --output text; then correct data.*.version"
        )
        state = (
            "available"
            if found and found[0].get("Status", "available") == "available"
            else "not available"
        )
        yield verdict(f"MySQL {version}", state == "available", state, command)
    classes = {(spec.version, f"db.{spec.instance_class}", spec.multi_az) for spec in specs}
    for version, name, multi_az in sorted(classes):
        arguments = {
            "Engine": "mysql",
            "EngineVersion": version,
            "DBInstanceClass": name,
            "Vpc": True,
        }
        options = pages(
            rds, "describe_orderable_db_instance_options", "OrderableDBInstanceOptions", **arguments
        )
        fitting = [
            option
            for option in options
            if option.get("StorageType") == "gp3" and (option.get("MultiAZCapable") or not multi_az)
        ]
        zones = {zone["Name"] for option in fitting for zone in option.get("AvailabilityZones", ())}
        missing = [zone for zone in settings.zones if zone not in zones]
        command = (
            f"aws rds describe-orderable-db-instance-options --region {settings.region} "
            f"--engine mysql --engine-version {version} "
            "--query 'OrderableDBInstanceOptions[].DBInstanceClass' --output text; "
            "then correct data.*.instance_class"
        )
        detail = (
            f"cannot be ordered in {', '.join(missing)}"
            if missing
            else "can be ordered in every zone"
        )
        yield verdict(f"class {name}", not missing, detail, command)


def cache(context: Context) -> Iterator[Finding]:
    """Checks the ElastiCache engine and node type."""
    client, spec = context.home("elasticache"), context.settings.data.cache
    version = spec.version or versions.DEFAULT_CACHE_VERSION[spec.engine]
    at = f"--region {context.settings.region}"
    found = list(
        pages(client, "describe_cache_engine_versions", "CacheEngineVersions", Engine=spec.engine)
    )
    known = sorted({entry["EngineVersion"] for entry in found})
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
    """Checks the Kubernetes version and the build of the add-on."""
    eks, settings = context.home("eks"), context.settings
    version, at = settings.kubernetes.version, f"--region {settings.region}"
    found = eks.describe_cluster_versions(clusterVersions=[version], includeAll=True).get(
        "clusterVersions", ()
    )
    state = (
        found[0].get("versionStatus", found[0].get("status", "")).upper().replace("-", "_")
        if found
        else "not there"
    )
    command = (
        f"aws eks describe-cluster-versions {at} "
        "--query 'clusterVersions[].[clusterVersion,versionStatus]' --output text"
    )
    yield verdict(
        f"Kubernetes {version}",
        state == "STANDARD_SUPPORT",
        state.lower().replace("_", " "),
        command,
    )
    addons = pages(
        eks,
        "describe_addon_versions",
        "addons",
        addonName="metrics-server",
        kubernetesVersion=version,
    )
    builds = [entry["addonVersion"] for addon in addons for entry in addon.get("addonVersions", ())]
    pinned = versions.METRICS_SERVER_ADD_ON
    detail = "available" if pinned in builds else f"not among {', '.join(builds[:3]) or 'none'}"
    command = (
        f"aws eks describe-addon-versions {at} --addon-name metrics-server "
        f"--kubernetes-version {version} "
        "--query 'addons[].addonVersions[].addonVersion' --output text; "
        "then set METRICS_SERVER_ADD_ON in spotmusic_cdk/versions.py to the newest"
    )
    yield verdict(f"metrics-server {pinned}", pinned in builds, detail, command)


def parameters(context: Context) -> Iterator[Finding]:
    """Compares parameters with the modifiable ones of RDS and ElastiCache."""
    settings = context.settings
    rds = context.home("rds")
    elasticache = context.home("elasticache")
    at = f"--region {settings.region}"
    releases = {spec.version.rpartition(".")[0] for spec in settings.data.databases.values()}
    for family in sorted(f"mysql{release}" for release in releases):
        # Both operations return pages in EngineDefaults, which botocore's paginators support.
        found = _defaults(
            rds.get_paginator("describe_engine_default_parameters").paginate(
                DBParameterGroupFamily=family
            )
        )
        command = (
            f"aws rds describe-engine-default-parameters {at} --db-parameter-group-family {family}"
        )
        yield from _parameters(family, MYSQL, found, command)
    spec = settings.data.cache
    major = (spec.version or versions.DEFAULT_CACHE_VERSION[spec.engine]).partition(".")[0]
    family = f"{spec.engine}{major}"
    found = _defaults(
        elasticache.get_paginator("describe_engine_default_parameters").paginate(
            CacheParameterGroupFamily=family
        )
    )
    command = (
        f"aws elasticache describe-engine-default-parameters {at} "
        f"--cache-parameter-group-family {family}"
    )
    yield from _parameters(family, CACHE, found, command)


def _defaults(answers: Iterable[Any]) -> dict[str, Any]:
    return {
        entry["ParameterName"]: entry
        for page in answers
        for entry in page["EngineDefaults"].get("Parameters", ())
    }


def _parameters(
    family: str, used: Mapping[str, str], found: Mapping[str, Any], command: str
) -> Iterator[Finding]:
    wrong = []
    for name, value in used.items():
        parameter = found.get(name)
        if parameter is None:
            wrong.append(f"{name} is unknown")
        elif not parameter.get("IsModifiable", True):
            wrong.append(f"{name} cannot be changed")
        elif not admitted(value, parameter.get("AllowedValues", "")):
            wrong.append(f"{name} is {value}; allowed: {parameter['AllowedValues']}")
    query = "EngineDefaults.Parameters[].[ParameterName,AllowedValues,IsModifiable]"
    detail = "; ".join(wrong) or f"{len(used)} in use are allowed"
    yield verdict(
        f"parameters {family}",
        not wrong,
        detail,
        f"{command} --query '{query}'; "
        "then correct constructs/spotmusic_constructs/data/parameters.py",
    )


def admitted(value: str, allowed: str) -> bool:
    """Returns whether a value is allowed.

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
