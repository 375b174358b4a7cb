"""Security groups with rules from the table of flows."""

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterator, Sequence

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from constructs import Construct

from spotmusic_constructs.arns import group_handle
from spotmusic_constructs.location import location_of
from spotmusic_constructs.network.flows import CLOUDFRONT, INTERNET, OUTSIDE, VPC, Flow

RULES_PER_DIRECTION = 60
"""Default quota of rules of a security group in one direction (Amazon VPC user guide, quotas,
2026-11)."""
CLOUDFRONT_WEIGHT = 55
"""Rules that the origin-facing prefix list counts as (Amazon VPC user guide, AWS-managed prefix
lists, weight, 2026-11)."""
DESCRIPTION_LENGTH = 255
"""Longest description of a rule (Amazon EC2 API, SecurityGroupRule, 2026-11)."""

_NOTHING = ec2.CfnSecurityGroup.EgressProperty(
    cidr_ip="127.0.0.1/32",
    ip_protocol="-1",
    description="Nothing: without any rule here EC2 would allow everything",
)
"""Rule that replaces EC2's default allow-all egress (AWS CloudFormation user guide,
AWS::EC2::SecurityGroup)."""

Edge = tuple[str, str, tuple[int, int], str]
Shares = Callable[[str, str], bool]


def _never(_source: str, _target: str) -> bool:
    return False


class SecurityGroups(Construct):
    """Security groups of the parties of the table of flows, with the table's rules.

    Creates the groups without rules, and for every flow an egress rule of its source and an ingress
    rule of its target. The rules are separate resources, so two groups may refer to each other.
    `of` returns handles that ignore rules of load balancers, clusters and functions: add a flow for
    a new connection.

    Args:
        vpc: VPC of the groups.
        vpc_cidr: IPv4 range of the VPC, for flows from any address in it.
        flows: table of flows.
        cloudfront_prefix_list: id of the origin-facing prefix list of the region.
        group_of: group of a party by party; a party that is not a key has its own group.
        shares_egress: whether the connections of a source group to this target group and to others
            on the same ports have one egress rule, to the whole VPC. The ingress rules of the
            targets still name the source.

    Raises:
        ValueError: if a group would exceed the quota of rules.

    Example:
        groups = SecurityGroups(self, "SecurityGroups", vpc=vpc, vpc_cidr="10.40.0.0/16",
                                flows=flows, cloudfront_prefix_list="pl-5da64334")
        database_group = groups.of("catalogue-database")
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        vpc: ec2.IVpc,
        vpc_cidr: str,
        flows: Sequence[Flow],
        cloudfront_prefix_list: str,
        group_of: Callable[[str], str] = lambda party: party,
        shares_egress: Shares = _never,
    ) -> None:
        super().__init__(scope, construct_id)
        self._group_of = group_of
        self._outside = {
            CLOUDFRONT: {"source_prefix_list_id": cloudfront_prefix_list},
            VPC: {"cidr_ip": vpc_cidr},
        }
        require_room(flows, group_of, shares_egress)
        edges = _edges(flows, group_of)

        own = {group for source, target, *_ in edges for group in (source, target)}
        stack_name, vpc_id = location_of(scope).stack_name, vpc.vpc_id
        self._ids = {
            name: self._group(name, vpc_id, stack_name).attr_group_id
            for name in sorted(own - OUTSIDE)
        }
        self._handles: dict[str, ec2.ISecurityGroup] = {}
        for edge, reasons in edges.items():
            reason = "; ".join(reasons)[:DESCRIPTION_LENGTH]
            if not shares_egress(*edge[:2]):
                self._allow_egress(edge, reason)
            self._allow_ingress(edge, reason)
        shared = {
            (source, VPC, ports, protocol)
            for source, target, ports, protocol in edges
            if shares_egress(source, target)
        }
        for edge in sorted(shared):
            self._allow_egress(edge, "Parties of the VPC whose ingress rules name this group")

    def of(self, party: str) -> ec2.ISecurityGroup:
        """Return the security group of a party, as a handle that ignores new rules.

        Raises:
            KeyError: if no flow names the party.
        """
        name = self._group_of(party)
        if name not in self._ids:
            raise KeyError(
                f"{party} has no security group, because no flow names it. "
                "Add its flows to the table."
            )
        if name not in self._handles:
            self._handles[name] = group_handle(self, f"Handle-{name}", self._ids[name])
        return self._handles[name]

    def _group(self, name: str, vpc_id: str, stack_name: str) -> ec2.CfnSecurityGroup:
        # A changed description replaces the group, so it contains nothing that may change.
        return ec2.CfnSecurityGroup(
            self,
            name,
            vpc_id=vpc_id,
            group_description=f"{name}: rules from the table of flows",
            security_group_egress=[_NOTHING],
            tags=[cdk.CfnTag(key="Name", value=f"{stack_name}/{name}")],
        )

    def _allow_egress(self, edge: Edge, reason: str) -> None:
        source, target, (first, last), protocol = edge
        if source in self._ids:
            to = {INTERNET: {"cidr_ip": "0.0.0.0/0"}, VPC: self._outside[VPC]}.get(target)
            ec2.CfnSecurityGroupEgress(
                self,
                f"{_name(edge)}-egress",
                group_id=self._ids[source],
                ip_protocol=protocol,
                from_port=first,
                to_port=last,
                description=reason,
                **(to or {"destination_security_group_id": self._ids[target]}),
            )

    def _allow_ingress(self, edge: Edge, reason: str) -> None:
        source, target, (first, last), protocol = edge
        if target in self._ids:
            ec2.CfnSecurityGroupIngress(
                self,
                f"{_name(edge)}-ingress",
                group_id=self._ids[target],
                ip_protocol=protocol,
                from_port=first,
                to_port=last,
                description=reason,
                **(self._outside.get(source) or {"source_security_group_id": self._ids[source]}),
            )


def _name(edge: Edge) -> str:
    """Return the connection as part of an id.

    A rule that moves in the table keeps its resource, and EC2 rejects duplicates.
    """
    source, target, (first, last), protocol = edge
    return (
        f"{source}-to-{target}-{first}"
        + (f"-{last}" if last != first else "")
        + ("-udp" if protocol == "udp" else "")
    )


def _edges(flows: Sequence[Flow], group_of: Callable[[str], str]) -> dict[Edge, list[str]]:
    """Return reasons by connection; parties of one group may share a connection."""
    edges: dict[Edge, list[str]] = defaultdict(list)
    for flow in flows:
        edges[(group_of(flow.source), group_of(flow.target), flow.ports, flow.protocol)].append(
            flow.reason
        )
    return edges


def require_room(
    flows: Sequence[Flow], group_of: Callable[[str], str], shares_egress: Shares = _never
) -> None:
    """Check the quota of rules for a table of flows.

    Raises:
        ValueError: if a group would exceed the quota of rules.
    """
    counts = Counter(_weights(_edges(flows, group_of), shares_egress))
    for (group, direction), count in counts.items():
        if count > RULES_PER_DIRECTION:
            raise ValueError(
                f"{group} would have {count} {direction} rules, and EC2 allows "
                f"{RULES_PER_DIRECTION}; the prefix list of CloudFront counts as "
                f"{CLOUDFRONT_WEIGHT}. Give the other flows their own party."
            )


def _weights(edges: Collection[Edge], shares_egress: Shares) -> Iterator[tuple[str, str]]:
    """Yield group and direction once for each counted rule, including the initial one."""
    yield from {(source, "egress") for source, *_ in edges if source not in OUTSIDE}
    egress = {
        (source, VPC if shares_egress(source, target) else target, ports, protocol)
        for source, target, ports, protocol in edges
    }
    yield from ((source, "egress") for source, *_ in egress if source not in OUTSIDE)
    for source, target, *_ in edges:
        if target not in OUTSIDE:
            yield from [(target, "ingress")] * (CLOUDFRONT_WEIGHT if source == CLOUDFRONT else 1)
