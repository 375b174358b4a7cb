"""Icons of the pictures: icons of AWS and of products, and own drawings."""

import json
import re
from functools import cache
from pathlib import Path

from spotmusic_cdk.command_line import CommandError

MODULES = Path(__file__).parents[2] / "node_modules"
ATTRIBUTION = (
    "Icons of AWS services: AWS Architecture Icons, unaltered (CC BY-ND 2.0). "
    "Icons of products: Simple Icons (CC0 1.0). Names and logos are trademarks of their owners."
)
AWS = {
    "cloudfront": "AmazonCloudFront",
    "load-balancer": "ElasticLoadBalancing",
    "fargate": "AWSFargate",
    "rds": "AmazonRDS",
    "elasticache": "AmazonElastiCache",
    "s3": "AmazonSimpleStorageService",
    "eks": "AmazonElasticKubernetesService",
    "ecr": "AmazonElasticContainerRegistry",
    "kms": "AWSKeyManagementService",
    "cloudwatch": "AmazonCloudWatch",
    "lambda": "AWSLambda",
    "privatelink": "AWSPrivateLink",
    "vpc": "AmazonVirtualPrivateCloud",
}
"""File in the package aws-icons by name."""
BRANDS = {
    "kong": "#003459",
    "keycloak": "#4d4d4d",
    "rabbitmq": "#ff6600",
    "prometheus": "#e6522c",
    "grafana": "#f46800",
    "kubernetes": "#326ce5",
    "fluentbit": "#49bda5",
}
"""Colour of a product by its name in @iconify-json/simple-icons (simpleicons.org, read 2026-11)."""
DRAWN = {
    "listener": (
        '<path d="M14 40v-6a18 18 0 0 1 36 0v6'
        'M14 38h7v12h-3a4 4 0 0 1-4-4zm36 0h-7v12h3a4 4 0 0 0 4-4z"/>'
    ),
    "people": '<circle cx="32" cy="24" r="8"/><path d="M17 49c0-9 7-14 15-14s15 5 15 14z"/>',
    "internet": (
        '<circle cx="32" cy="32" r="17"/>'
        '<path d="M15 32h34M32 15c-12 11-12 23 0 34 12-11 12-23 0-34"/>'
    ),
    "redpanda": '<path d="M14 22h36M14 32h36M14 42h36M24 18v8M40 28v8M30 38v8"/>',
    "part": '<path d="M32 14l16 9v18l-16 9-16-9V23zM16 23l16 9 16-9M32 32v18"/>',
}
"""Strokes by name, on a canvas of 64 by 64."""
_INK = "#48566a"


class IconError(CommandError):
    """Missing icon. The message has the remedy."""


def symbols(names: set[str]) -> str:
    """Return one SVG symbol for each icon, `icon-NAME`.

    Args:
        names: names of AWS, BRANDS or DRAWN.

    Raises:
        IconError: if the packages are not installed.
    """
    return "".join(
        f'<symbol id="icon-{name}" viewBox="0 0 64 64">{_drawing(name)}</symbol>'
        for name in sorted(names)
    )


def _drawing(name: str) -> str:
    if name in AWS:
        text = _read(MODULES / "aws-icons" / "icons" / "architecture-service" / f"{AWS[name]}.svg")
        return re.sub(r"^.*?<svg[^>]*>|</svg>\s*$", "", text, flags=re.DOTALL)
    if name in BRANDS:
        return (
            f'<path fill="{BRANDS[name]}" d="M0 0h64v64H0z"/>'
            '<g transform="translate(13 13) scale(1.58)" color="#fff">'
            f"{_brands()[name]['body']}</g>"
        )
    style = (
        'fill="none" stroke="#fff" stroke-width="3" stroke-linecap="round" stroke-linejoin="round"'
    )
    return f'<path fill="{_INK}" d="M0 0h64v64H0z"/><g {style}>{DRAWN[name]}</g>'


@cache
def _brands() -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = json.loads(
        _read(MODULES / "@iconify-json" / "simple-icons" / "icons.json")
    )["icons"]
    return found


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError:
        raise IconError(
            f"The icons are not installed: {path} does not exist. Run `make setup`."
        ) from None
