"""Network, domain and edge sections of an environment file."""

from ipaddress import IPv4Network
from typing import Annotated, Literal, get_args

from pydantic import AfterValidator, Field, StringConstraints, field_validator

from spotmusic_cdk.settings.model import (
    LogDays,
    Model,
    Name,
    Once,
    Unordered,
    ipv4_network,
    shown,
)
from spotmusic_constructs.edge_region import EDGE_REGION

InterfaceEndpoint = Literal[
    "ecr.api",
    "ecr.dkr",
    "logs",
    "secretsmanager",
    "kms",
    "sts",
    "ssm",
    "eks",
    "eks-auth",
    "ec2",
    "elasticloadbalancing",
    "monitoring",
    "sqs",
]

PRIVATE = tuple(map(IPv4Network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")))
"""Ranges for private networks (RFC 1918)."""


class NetworkSettings(Model):
    """Address space of the VPC, and its connections to the Internet and to AWS."""

    cidr: str = "10.0.0.0/16"
    """IPv4 range of the VPC, /16 to /18: application subnets are four steps smaller (/20 of a /16)
    for one address per pod."""
    nat_gateways: Annotated[int, Field(ge=1, le=3)] = 1
    """NAT gateways; a production environment needs one per zone, so that the loss of a zone does
    not affect the others."""
    interface_endpoints: Annotated[tuple[InterfaceEndpoint, ...], Unordered] | Literal["all"] = ()
    """AWS services with endpoints inside the VPC. Each costs per zone and hour, so dev has none.
    `all` selects all services that the platform uses."""
    load_balancer_units: Annotated[int, Field(ge=100, le=1500)] | None = None
    """Capacity units that the load balancers of the gateway and of the services always have, each,
    for load that rises within minutes, such as a release or a campaign. A unit is 25 new
    connections a second or 1 GB an hour (Elastic Load Balancing, capacity reservations: 100 to
    1500). Default: none; a load balancer doubles its capacity within minutes."""
    flow_log_retention_days: LogDays = 365
    """Days that flow logs are kept."""

    @property
    def endpoints(self) -> tuple[InterfaceEndpoint, ...]:
        """Interface endpoints, with `all` expanded."""
        return (
            get_args(InterfaceEndpoint)
            if self.interface_endpoints == "all"
            else self.interface_endpoints
        )

    @field_validator("cidr")
    @classmethod
    def _cidr_is_large_enough(cls, value: str) -> str:
        network = ipv4_network(value)
        if network is None:
            raise ValueError(
                f"{shown(value)} is not an IPv4 network with a prefix length. "
                "Write one such as 10.20.0.0/16."
            )
        if not any(network.subnet_of(private) for private in PRIVATE):
            raise ValueError(
                f"{value} is not a private range. Use one within 10.0.0.0/8, 172.16.0.0/12 or "
                "192.168.0.0/16."
            )
        if not 16 <= network.prefixlen <= 18:
            raise ValueError(f"{value} has an unsupported size. Use a /16, /17 or /18.")
        return value


class DomainSettings(Model):
    """Public domain of the platform and its certificates."""

    name: Annotated[
        str,
        StringConstraints(
            pattern=r"^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$", max_length=46
        ),
    ]
    """Public domain, such as music.example. The longest name of a certificate prefixes it with
    `services.internal.`, and ACM allows 64 characters (RequestCertificate, DomainName)."""
    hosted_zone_id: Annotated[str, StringConstraints(pattern=r"^Z[A-Z0-9]{6,31}$")]
    """Id of the domain's public Route 53 zone. The file contains it so that synthesis needs no
    look-up."""
    edge_certificate: (
        Annotated[
            str,
            StringConstraints(
                pattern=rf"^arn:aws:acm:{EDGE_REGION}:[0-9]{{12}}:certificate/[0-9A-Za-z-]{{1,64}}$"
            ),
        ]
        | None
    ) = None
    """ARN of an ACM certificate in us-east-1. Default: the edge stack requests a certificate and
    validates it by DNS."""


_CODES = """
    AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS
    BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE
    EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM
    HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC
    LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA
    NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW
    SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO
    TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW
"""
COUNTRIES = frozenset(_CODES.split())
"""ISO 3166-1 alpha-2, the codes of geographic restrictions in CloudFront."""


def known_country(code: str) -> str:
    """Return a code of ISO 3166-1.

    Raises:
        ValueError: the code is unknown.
    """
    if code not in COUNTRIES:
        raise ValueError(
            f"{shown(code)} is not a country of ISO 3166-1. Use two capital letters, such as BR."
        )
    return code


PriceClass = Literal["100", "200", "all"]
"""CloudFront price classes, cheapest first. Each includes the previous ones."""


class EdgeSettings(Model):
    """CloudFront and AWS WAF."""

    requests_per_five_minutes: Annotated[int, Field(ge=10, le=2_000_000_000)] = 25_000
    """Requests of one address in five minutes before WAF blocks it (WAF allows 10 to
    2,000,000,000): docs/runbooks/web-acl.md."""
    logins_per_five_minutes: Annotated[int, Field(ge=10, le=2_000_000_000)] = 400
    """Posts to login forms of one address in five minutes before WAF blocks it. Renewals of tokens
    by players are not counted."""
    price_class: PriceClass = "all"
    """CloudFront price class: 100 is North America, Europe and Israel; 200 adds Africa, the Middle
    East and Asia; all adds South America, Australia and New Zealand. It must include the continent
    of the home region."""
    origin_shield: str | None = None
    """Region of CloudFront Origin Shield, a cache between all edges and the bucket of audio: a
    popular track that no edge has is fetched once. Use the home region, or the nearest region with
    Origin Shield (`ORIGIN_SHIELDS` in `spotmusic_cdk/settings/regions.py`)."""
    hsts_include_subdomains: bool = False
    """HSTS for all subdomains. Browsers remember it for two years, and it cannot be revoked: set it
    only when no subdomain uses plain HTTP."""
    allowed_countries: Annotated[
        tuple[Annotated[str, AfterValidator(known_country)], ...], Unordered
    ] = ()
    """ISO 3166 codes of the countries with access. Default: all."""
    signing_keys: Annotated[tuple[Name, ...], Once] = Field(
        default=("first", "second"), min_length=2, max_length=5
    )
    """Names of the key pairs that sign audio URLs, at least two, so that one can be replaced while
    the other signs. The first one signs."""
    distribution_domain_name: (
        Annotated[str, StringConstraints(pattern=r"^d[a-z0-9]{8,20}\.cloudfront\.net$")] | None
    ) = None
    """Name of the distribution in CloudFront, for an environment without a domain. Copy it from the
    output `Url` of the stack edge after the first deployment. Browser logins require it."""
    origin_prefix_list: Annotated[str, StringConstraints(pattern=r"^pl-[0-9a-f]{8,17}$")] | None = (
        None
    )
    """Id of the CloudFront origin-facing prefix list of the region. Default: the known id in
    `spotmusic_cdk/versions.py`."""
