"""Checks of what an organization asks of an environment: tags and the permissions boundary."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from spotmusic_cdk.settings.problem import Problem

if TYPE_CHECKING:
    from spotmusic_cdk.settings.environment import Settings

OWN_TAGS = {
    "costcenter": "cost_center",
    "dataclass": None,
    "env": "name",
    "name": None,
    "owner": "owner",
    "project": None,
    "rotatebefore": None,
    "rotationowner": None,
}
"""Tags of the platform in lower case, and the key that sets each. IAM takes no two keys that differ in case only."""
RESERVED = ("aws:", "eks:", "kubernetes.io/", "karpenter.sh/", "karpenter.k8s.aws/", "ebs.csi.")
"""Prefixes of AWS and of EKS Auto Mode."""
MOST_LETTERS = 600
"""Letters of all tag keys: the policy by which EKS may tag nodes names each key three times, and holds 6,144 characters (IAM quotas)."""


def problems(settings: Settings) -> Iterator[Problem]:
    """Find tags that AWS refuses or that are the platform's own, and a boundary of another account."""
    seen: dict[str, str] = {}
    for key in settings.tags:
        yield from _tag(key, seen)
        seen[key.lower()] = key
    letters = sum(map(len, settings.tags))
    if letters > MOST_LETTERS:
        yield Problem("tags", f"the keys have {letters} letters, more than the {MOST_LETTERS} that one policy holds", "Shorten them.")
    boundary = settings.permissions_boundary or ""
    account = boundary.split(":")[4] if boundary.startswith("arn:") else None
    if account and settings.account not in (None, account):
        wrong = f"the policy is of account {account}, and roles take one of {settings.account} only"
        yield Problem("permissions_boundary", wrong, "Name a policy of the same account.")


def _tag(key: str, seen: dict[str, str]) -> Iterator[Problem]:
    lower = key.lower()
    if lower.startswith(RESERVED):
        yield Problem("tags", f"{key} starts with a prefix that AWS or EKS reserves", "Choose another key.")
    if key != key.strip():
        yield Problem("tags", f"'{key}' begins or ends with a space", "Take the space away.")
    if lower in seen:
        yield Problem("tags", f"{seen[lower]} and {key} differ in case only, which IAM refuses", "Remove one of them.")
    if lower in OWN_TAGS:
        own = OWN_TAGS[lower]
        yield Problem("tags", f"{key} is a tag of the platform", f"Set {own} instead." if own else "Choose another key.")
