"""Checks of the hosted zone, its delegation and its CAA records."""

from collections.abc import Callable, Iterator

from spotmusic_constructs.edge_region import EDGE_REGION
from tools.preflight.dns import name_servers
from tools.preflight.finding import Check, Context, Finding, fix, ok, unknown

AUTHORITY = "amazon.com"
"""Certificate authority that a CAA record must allow (ACM user guide, CAA records, read 2026-11).
"""


def zone(context: Context, *, resolve: Callable[[str], set[str]] = name_servers) -> Iterator[Finding]:
    """Compares the hosted zone with the domain and with its name servers on the Internet.

    Args:
        context: the environment and its account.
        resolve: returns the name servers of a domain.
    """
    settings = context.settings
    if settings.domain is None:
        yield ok("hosted zone", "the file has no domain")
        return
    name, zone_id = settings.domain.name, settings.domain.hosted_zone_id
    answer = context.clients("route53", EDGE_REGION).get_hosted_zone(Id=zone_id)
    found = answer["HostedZone"]["Name"].rstrip(".")
    command = f"aws route53 list-hosted-zones-by-name --dns-name {name}; then correct domain.hosted_zone_id"
    if found != name:
        yield fix("hosted zone", f"{zone_id} is the zone of {found}, but the domain is {name}", command)
        return
    if answer["HostedZone"].get("Config", {}).get("PrivateZone"):
        yield fix("hosted zone", f"{zone_id} is private", command)
        return
    yield ok("hosted zone", f"{zone_id} is the public zone of {name}")
    own = {server.rstrip(".").lower() for server in answer.get("DelegationSet", {}).get("NameServers", ())}
    try:
        detail = resolve(name)
    except OSError as error:
        yield unknown("delegation", f"no resolver responded: {error}", f"dig +short NS {name}")
        return
    if detail == own:
        yield ok("delegation", f"{len(own)} name servers")
    else:
        shown = ", ".join(sorted(detail)) or "nobody"
        command = f"delegate {name} at the registrar, or in the parent zone, to {' '.join(sorted(own))}"
        yield fix("delegation", f"name servers on the Internet: {shown}", command)


def authorities(context: Context) -> Iterator[Finding]:
    """Checks that CAA records of the domain allow Amazon's certificate authorities."""
    domain, check = context.settings.domain, "CAA records"
    if domain is None:
        return
    answer = context.clients("route53", EDGE_REGION).list_resource_record_sets(
        HostedZoneId=domain.hosted_zone_id, StartRecordName=domain.name, StartRecordType="CAA", MaxItems="1"
    )
    values = [
        record["Value"]
        for records in answer["ResourceRecordSets"]
        if records["Name"].rstrip(".") == domain.name and records["Type"] == "CAA"
        for record in records.get("ResourceRecords", ())
    ]
    issuers = [value for value in values if " issue" in value]
    if issuers and not any(AUTHORITY in value for value in issuers):
        yield fix(
            check,
            "no certificate authority of Amazon is allowed",
            f'add the value 0 issue "{AUTHORITY}" to the CAA record of {domain.name}',
        )
    else:
        yield ok(check, f"{AUTHORITY} is admitted" if issuers else "none")


CHECKS = (Check(name="hosted zone", ask=zone), Check(name="CAA records", ask=authorities))
