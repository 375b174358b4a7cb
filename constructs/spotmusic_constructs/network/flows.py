"""Allowed connections: source, target, ports and reason."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

CLOUDFRONT = "cloudfront"
"""CloudFront's origin-facing addresses, a managed prefix list."""
INTERNET = "internet"
"""Any address outside the VPC: only as a target, and only on ports of `INTERNET_PORTS`."""
INTERNET_PORTS = (443, 587)
"""HTTPS, and mail submission, which requires TLS by STARTTLS (RFC 8314)."""
VPC = "vpc"
"""Any address of the VPC."""

OUTSIDE = frozenset({CLOUDFRONT, INTERNET, VPC})
"""Parties without a security group of this account."""

_LAST_PORT = 65535
_DESCRIPTION = re.compile(r"[A-Za-z0-9. _\-:/()#,@\[\]+=&;{}!$*]{1,255}")
"""Characters that EC2 accepts in the description of a rule: ASCII without apostrophes
(AuthorizeSecurityGroupIngress, IpRange)."""


@dataclass(frozen=True, kw_only=True)
class Flow:
    """Allowed connection.

    Args:
        source: party that opens the connection.
        target: party that accepts it.
        port: first port.
        last_port: last port of a range. Default: `port`.
        reason: purpose of the connection, for auditors; it becomes the description of the rules, so
            it may hold only characters that EC2 accepts.
        protocol: UDP is for connections between security groups.

    Raises:
        ValueError: if the connection is forbidden, the ports are not a valid range, or EC2 rejects
            the reason.

    Example:
        Flow(source="kong", target="cache", port=6379,
             reason="Kong counts requests for its rate limits in the cache")
    """

    source: str
    target: str
    port: int
    reason: str
    last_port: int | None = None
    protocol: Literal["tcp", "udp"] = "tcp"

    def __post_init__(self) -> None:
        for problem in self._problems():
            raise ValueError(f"{self.source} to {self.target} on {self.port}: {problem}")

    def _problems(self) -> Iterator[str]:
        first, last = self.ports
        if not 1 <= first <= last <= _LAST_PORT:
            yield (
                f"{first} to {last} is not a valid range. "
                f"Use ports from 1 to {_LAST_PORT}, the lower first."
            )
        if not _DESCRIPTION.fullmatch(self.reason):
            yield (
                f"EC2 refuses the reason {self.reason!r}. "
                "Use at most 255 plain letters without apostrophes."
            )
        if self.source == INTERNET:
            yield "the Internet may not open connections. Let viewers connect through CloudFront."
        if self.target in {CLOUDFRONT, VPC}:
            yield f"{self.target} is only a source. Name the party that accepts the connection."
        if self.protocol == "udp" and {self.source, self.target} & OUTSIDE:
            yield "UDP is for connections between security groups. Use TCP."
        if self.target == INTERNET and (
            self.source in OUTSIDE or self.ports not in [(port, port) for port in INTERNET_PORTS]
        ):
            yield (
                "only parties of the platform may connect to the Internet, and only to port 443, "
                "or 587 for mail. Use TLS on 443."
            )

    @property
    def ports(self) -> tuple[int, int]:
        """First and last port."""
        return self.port, self.last_port or self.port
