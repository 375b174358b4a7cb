"""The edge section of an environment file: CloudFront and WAF."""

from typing import Annotated, Literal, get_args

from pydantic import AfterValidator, Field, StringConstraints

from spotmusic_cdk.settings.countries import known_country
from spotmusic_cdk.settings.model import Model, Name, Once, Unordered

PriceClass = Literal["100", "200", "all"]
"""CloudFront price classes, cheapest first; each includes the ones before it."""
_FIRST_CLASS: dict[str, PriceClass] = {
    **dict.fromkeys(("us", "ca", "mx", "eu", "il"), "100"),
    **dict.fromkeys(("af", "me", "ap"), "200"),
    **dict.fromkeys(("sa", "ap-southeast-2", "ap-southeast-4", "ap-southeast-6"), "all"),
}


def price_classes_of(region: str) -> tuple[PriceClass, ...]:
    """Return the price classes with edges on the continent of a region.

    Source: Amazon CloudFront developer guide, price classes, read 2026-11. Regions ap-southeast-2, -4 and -6 are in
    Australia and New Zealand. A region that is not in the table has the class `all` only.
    """
    first = _FIRST_CLASS.get(region) or _FIRST_CLASS.get(region.partition("-")[0], "all")
    classes = get_args(PriceClass)
    return classes[classes.index(first) :]


LISTENERS_BEHIND_AN_ADDRESS = 500
"""What the limits let pass: a mobile network that gives each subscriber 128 of the 64,512 ports above 1023 has 504 behind an address."""


class EdgeSettings(Model):
    """What stands between viewers and the platform."""

    requests_per_five_minutes: Annotated[int, Field(ge=10, le=2_000_000_000)] = 25_000
    """Requests of one address in five minutes before WAF blocks it (WAF takes 10 to 2,000,000,000): docs/runbooks/web-acl.md."""
    logins_per_five_minutes: Annotated[int, Field(ge=10, le=2_000_000_000)] = 400
    """The same for what is posted to login forms, where passwords are guessed. Players that renew their token are not counted."""
    price_class: PriceClass = "all"
    """CloudFront price class: 100 is North America, Europe and Israel; 200 adds Africa, the Middle East and Asia; all adds South America,
    Australia and New Zealand. It must include the continent of the home region."""
    hsts_include_subdomains: bool = False
    """HTTPS for every subdomain of the domain too, in browsers that met the platform (HSTS). They remember it for two years, and
    nobody can take it back: set it when no subdomain answers by HTTP alone."""
    allowed_countries: Annotated[tuple[Annotated[str, AfterValidator(known_country)], ...], Unordered] = ()
    """ISO 3166 codes of the countries that may listen; all when empty."""
    signing_keys: Annotated[tuple[Name, ...], Once] = Field(default=("first", "second"), min_length=2, max_length=5)
    """Names of the key pairs that sign audio URLs; two at least, so that one can be replaced while the other signs. The first signs."""
    distribution_domain_name: Annotated[str, StringConstraints(pattern=r"^d[a-z0-9]{8,20}\.cloudfront\.net$")] | None = None
    """CloudFront's own name of the distribution, for an environment without a domain: known after its first deployment (output `Url` of
    the stack edge). Logins of browsers work from then on."""
    origin_prefix_list: Annotated[str, StringConstraints(pattern=r"^pl-[0-9a-f]{8,17}$")] | None = None
    """Id of the CloudFront origin-facing prefix list of the region; known ones are in `spotmusic_cdk/versions.py`."""
