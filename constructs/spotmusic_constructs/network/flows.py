"""What a flow is: who may open a connection to whom, on which port, and why."""

from dataclasses import dataclass

CLOUDFRONT = "cloudfront"
"""CloudFront's origin-facing addresses, a managed prefix list."""
INTERNET = "internet"
"""Any address outside: only ever a target, and only on 443."""
VPC = "vpc"
"""Any address of the VPC."""

OUTSIDE = frozenset({CLOUDFRONT, INTERNET, VPC})
"""Parties that are not ours to put a security group on."""


@dataclass(frozen=True, kw_only=True)
class Flow:
    """One allowed connection.

    Args:
        source: party that opens the connection.
        target: party that answers.
        port: first TCP port.
        last_port: last TCP port of a range; the same as `port` when left out.
        reason: why it is needed, in words an auditor can read; it becomes the description of the rules.
    """

    source: str
    target: str
    port: int
    reason: str
    last_port: int | None = None

    @property
    def ports(self) -> tuple[int, int]:
        """First and last port."""
        return self.port, self.last_port or self.port
