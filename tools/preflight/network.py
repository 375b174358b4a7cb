"""Checks of zones, interface endpoints and CloudFront's prefix list."""

from collections.abc import Iterator

from spotmusic_cdk import versions
from tools.preflight.finding import Ask, Context, Finding, fix, pages, verdict

WITHOUT_EKS = frozenset({"use1-az3", "usw1-az2", "cac1-az3"})
"""Zone ids without subnets for EKS clusters.

Source: Amazon EKS user guide, VPC and subnet requirements, read 2026-11.
"""
WITHOUT_VPC_ORIGINS = frozenset({"use1-az3", "usw1-az2", "apne1-az3", "apne2-az1", "cac1-az3"})
"""Zone ids without CloudFront VPC origins; a zone name has another id in each account.

Source: CloudFront developer guide, service-linked roles for VPC origins, read 2026-11; the two that
it omits: aws-samples/amazon-bedrock-samples#606.
"""
PREFIX_LIST = "com.amazonaws.global.cloudfront.origin-facing"


def zones(context: Context) -> Iterator[Finding]:
    """Check each zone by its id, because a name has another id in each account."""
    settings = context.settings
    command = (
        f"aws ec2 describe-availability-zones --region {settings.region} "
        "--query 'AvailabilityZones[].[ZoneName,ZoneId,State]'"
        f" --output text; then correct zones in environments/{settings.name}.yaml"
    )
    answer = context.home("ec2").describe_availability_zones()["AvailabilityZones"]
    found = {
        zone["ZoneName"]: zone
        for zone in answer
        if zone.get("ZoneType", "availability-zone") == "availability-zone"
    }
    for name in settings.zones:
        check = f"zone {name}"
        if name not in found:
            detail = f"the account does not have this zone; it has {', '.join(sorted(found))}"
            yield fix(check, detail, command)
            continue
        zone_id, state = found[name].get("ZoneId", ""), found[name].get("State", "available")
        excluded = {"EKS": WITHOUT_EKS, "CloudFront VPC origins": WITHOUT_VPC_ORIGINS}
        without = [service for service, ids in excluded.items() if zone_id in ids]
        problem = "" if state == "available" else f" is {state}"
        if without:
            problem = f" does not support {' and '.join(without)}"
        yield verdict(check, not problem, f"{zone_id}{problem}", command)


def endpoints(context: Context) -> Iterator[Finding]:
    """Check zones and policies of interface endpoints.

    EC2 rejects an endpoint with a policy if its service does not accept policies.
    """
    settings = context.settings
    if not settings.network.endpoints:
        return
    names = sorted(f"com.amazonaws.{settings.region}.{name}" for name in settings.network.endpoints)
    services = pages(
        context.home("ec2"),
        "describe_vpc_endpoint_services",
        "ServiceDetails",
        Filters=[{"Name": "service-type", "Values": ["Interface"]}],
    )
    found = {service["ServiceName"]: service for service in services}
    missing = [
        name
        for name in names
        if not {*settings.zones} <= {*found.get(name, {}).get("AvailabilityZones", ())}
    ]
    detail = (
        f"not in every zone: {', '.join(missing)}" if missing else f"{len(names)}, in every zone"
    )
    command = (
        f"aws ec2 describe-vpc-endpoint-services --region {settings.region} "
        f"--service-names {' '.join(missing[:1])} "
        "--query 'ServiceDetails[].AvailabilityZones'; "
        "then correct zones or network.interface_endpoints"
    )
    yield verdict("interface endpoints", not missing, detail, command)
    open_only = ", ".join(
        name for name in names if found.get(name, {}).get("VpcEndpointPolicySupported") is False
    )
    detail = f"not accepted by {open_only}" if open_only else "accepted by all"
    command = (
        "give the service no policy in constructs/spotmusic_constructs/network/endpoint_policies.py"
    )
    yield verdict("endpoint policies", not open_only, detail, command)


def prefix_list(context: Context) -> Iterator[Finding]:
    """Compare the id of CloudFront's origin-facing prefix list with the pinned one."""
    settings = context.settings
    pinned = (
        settings.edge.origin_prefix_list or versions.CLOUDFRONT_ORIGIN_PREFIX_LISTS[settings.region]
    )
    filters = [{"Name": "prefix-list-name", "Values": [PREFIX_LIST]}]
    path = "PrefixLists[].PrefixListId"
    found = [*pages(context.home("ec2"), "describe_managed_prefix_lists", path, Filters=filters)]
    same, answer = found == [pinned], ", ".join(found) or "none"
    other = f"{PREFIX_LIST} is {answer} in {settings.region}, but {pinned} is pinned"
    value = found[0] if found else "<id>"
    command = f"set edge.origin_prefix_list: {value} in environments/{settings.name}.yaml"
    yield verdict("prefix list", same, pinned if same else other, command)


CHECKS: dict[str, Ask] = {
    "zones": zones,
    "interface endpoints": endpoints,
    "prefix list": prefix_list,
}
