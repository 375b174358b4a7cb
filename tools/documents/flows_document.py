"""Generator of docs/flows.md, flows and rights: `python -m tools.documents.flows_document`."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from spotmusic_cdk import flows, output
from spotmusic_cdk.command_line import run_command
from spotmusic_cdk.settings import Settings
from spotmusic_constructs.network.flows import CLOUDFRONT, INTERNET, VPC, Flow
from tools.checkout import ROOT, settings_of
from tools.documents import grants
from tools.model.granted import Grant

DOCUMENT = ROOT / "docs" / "flows.md"


@dataclass(frozen=True, order=True)
class Edge:
    """Arrow of a diagram.

    Args:
        source: box at its start.
        target: box at its end.
        label: text of the arrow.
    """

    source: str
    target: str
    label: str


@dataclass(frozen=True, kw_only=True)
class Picture:
    """Diagram of some edges.

    Args:
        title: heading.
        caption: description of the edges.
        shows: whether an edge is in this picture; an edge is drawn in the first picture that
            shows it.
        place: name of the frame around a party or a store; empty for none.
        merges: whether names with the same arrows share one box.
    """

    title: str
    caption: str
    shows: Callable[[Edge], bool]
    place: Callable[[str], str]
    merges: bool = False


def edges_of_flows(settings: Settings) -> list[Edge]:
    """One arrow per flow, with its ports."""
    return [Edge(flow.source, flow.target, ports_of(flow)) for flow in flows.table(settings)]


def edges_of_grants(rights: Iterable[Grant]) -> list[Edge]:
    """One arrow per right, with the class of action."""
    return [Edge(grant.who, grant.what, grant.does) for grant in rights]


def ports_of(flow: Flow, between: str = " to ") -> str:
    """Return the ports of a flow, TCP unless marked."""
    first, last = flow.ports
    ports = str(first) if first == last else f"{first}{between}{last}"
    return ports if flow.protocol == "tcp" else f"{ports} UDP"


def _tier(party: str) -> str:
    named = {
        CLOUDFRONT: "outside",
        INTERNET: "outside",
        VPC: "",
        flows.NODES: "EKS",
        flows.OPERATORS: "people",
        "kubernetes-control-plane": "EKS",
        "endpoints": "",
    }
    if party in named:
        return named[party]
    if party in flows.PODS:
        return "pods on EKS"
    if party.startswith("service-"):
        return "tasks on ECS"
    ends = {"-load-balancer": "load balancers", "-database": "data tier", "cache": "data tier"}
    return next((tier for end, tier in ends.items() if party.endswith(end)), "functions")


def _kind(name: str) -> str:
    """Return the frame of a store or of a principal."""
    ends = {
        "Bucket": "buckets",
        "Key": "keys",
        "Logs": "log groups",
        "LogGroup": "log groups",
        "Log": "log groups",
        "Topic": "topics",
        "Function": "functions",
    }
    if name.startswith(("tasks of ", "pods ")):
        return "tasks on ECS" if name.startswith("tasks of ") else "pods on EKS"
    if found := next((kind for end, kind in ends.items() if name.endswith(end)), ""):
        return found
    if name.startswith("data/CacheUsers") and not name.endswith("secret"):
        return "users of the cache"
    return (
        "secrets"
        if name.startswith(
            ("data/CatalogueUsers", "data/IdentityUsers", "data/CacheUsers", "secrets/")
        )
        else ""
    )


_EVERYBODY = ("cached images", "token of the registry", "parameters")
NOT_DRAWN: Mapping[str, Callable[[Edge], bool]] = {
    "Tasks and nodes pull images through the cache, and tasks read parameters.": lambda edge: (
        edge.target in _EVERYBODY and not edge.source.startswith("ecr")
    ),
    "Tasks and functions write their own log group.": lambda edge: (
        edge.source.startswith(("tasks of ", "data/", "secrets/", "ecs-services/"))
        and edge.target.endswith("Logs")
    ),
    "Functions create network interfaces (Lambda) and random passwords.": lambda edge: (
        edge.source.endswith("Function")
        and edge.target in ("network interfaces", "ec2 in general", "random passwords")
    ),
    "The account's IAM administers every key (P-029). AWS maintains its policies.": lambda edge: (
        edge.label == "administer" or edge.target.startswith("policy ")
    ),
}
"""Rights that are described in words, because their arrows would hide the others."""


def _is_request(edge: Edge) -> bool:
    return (
        edge.source != "prometheus"
        and _tier(edge.target) not in ("", "outside", "EKS")
        and _tier(edge.source) not in ("functions", "EKS", "people")
    )


NETWORK = (
    Picture(
        title="Requests, events and data",
        caption="Connections between parties with their ports, TCP unless marked. "
        "All others are denied.",
        shows=_is_request,
        place=_tier,
    ),
    Picture(
        title="Metrics",
        caption="Prometheus scrapes.",
        shows=lambda edge: edge.source == "prometheus",
        place=_tier,
        merges=True,
    ),
    Picture(
        title="Operation, and the way out",
        caption="Functions, people on call, the Kubernetes API, AWS APIs and the Internet. "
        "All connections go out.",
        shows=lambda _: True,
        place=_tier,
        merges=True,
    ),
)
_rights = partial(Picture, place=_kind, merges=True)
DATA = (
    _rights(
        title="Services",
        caption="Resources that tasks may read and write, other than those that they connect to.",
        shows=lambda edge: edge.source.startswith("tasks of "),
    ),
    _rights(
        title="Pods, and functions of the platform",
        caption="Copies, rotations and readers of secrets; destinations of metrics and alarms.",
        shows=lambda edge: edge.source.startswith(
            ("pods ", "data/", "secrets/", "ecs-services/", "eks-platform/", "network/")
        ),
    ),
    _rights(
        title="Keys",
        caption="Users of each key: services in their own name, and users of a service through it.",
        shows=lambda edge: edge.target.endswith("Key"),
    ),
    _rights(
        title="AWS services",
        caption="Actions of AWS services as principals.",
        shows=lambda edge: edge.source not in ("the VPC", "fis"),
    ),
    _rights(
        title="Endpoints and experiments",
        caption="Access from the VPC to AWS APIs, and targets of game day experiments.",
        shows=lambda _: True,
    ),
)


def document(settings: Settings) -> str:
    """Return docs/flows.md, with the rights of docs/grants."""
    flows, rights = edges_of_flows(settings), edges_of_grants(grants.read(settings.name))
    drawn = [edge for edge in rights if not any(in_words(edge) for in_words in NOT_DRAWN.values())]
    return "\n".join(
        [
            "# Flows and grants",
            "",
            f"`make flows` draws this page for `{settings.name}` from the",
            "[flows](../spotmusic_cdk/flows.py), each with its reason, and from the",
            f"[rights](grants/{settings.name}.txt) of the templates, one line each. Tests compare",
            "security groups, NetworkPolicies and every policy with both, in both directions.",
            "[Secrets](secrets.md) are listed one by one.",
            "",
            "## Connections",
            "",
            *_sections(NETWORK, flows),
            "## Rights",
            "",
            "Names are stack and logical id. Not drawn, because they would hide the rest:",
            "",
            *(f"- {words}" for words in NOT_DRAWN),
            "",
            *_sections(DATA, drawn),
            *_options({*flows, *rights}),
        ]
    )


def _options(before: set[Edge]) -> Iterator[str]:
    """Flows and rights that the options of the settings add."""
    rights = edges_of_grants(grants.read(grants.EVERY))
    added = {*edges_of_flows(grants.every_option()), *rights} - before
    yield from (
        "## Options",
        "",
        f"Flows and [rights](grants/{grants.EVERY}.txt) of production with every option that",
        "is off in all environments.",
        "",
        "| source | port or right | target |",
        "|---|---|---|",
        *(f"| {edge.source} | {edge.label} | {edge.target} |" for edge in sorted(added)),
        "",
    )


def _sections(pictures: Iterable[Picture], edges: list[Edge]) -> Iterator[str]:
    for picture in pictures:
        chosen = [edge for edge in edges if picture.shows(edge)]
        edges = [edge for edge in edges if not picture.shows(edge)]
        if chosen:
            yield from (
                f"### {picture.title}",
                "",
                picture.caption,
                "",
                "```mermaid",
                *chart(chosen, picture),
                "```",
                "",
            )


def chart(edges: Iterable[Edge], picture: Picture) -> Iterator[str]:
    """Yield the lines of a flowchart in Mermaid."""
    labels: dict[tuple[str, str], list[str]] = {}
    for edge in edges:
        labels.setdefault((edge.source, edge.target), []).append(edge.label)
    boxes = _boxes(labels, picture)
    ids = {name: f"n{number}" for number, names in enumerate(boxes) for name in names}
    frames: dict[str, list[str]] = {}
    for names in boxes:
        frames.setdefault(picture.place(names[0]), []).append(
            f'{ids[names[0]]}["{"<br/>".join(names)}"]'
        )
    yield "flowchart LR"
    for number, (frame, inside) in enumerate(frames.items()):
        if frame:
            yield f'  subgraph f{number}["{frame}"]'
            yield from (f"    {box}" for box in inside)
            yield "  end"
        else:
            yield from (f"  {box}" for box in inside)
    arrows = {
        (ids[source], ids[target]): ", ".join(dict.fromkeys(words))
        for (source, target), words in labels.items()
    }
    yield from (f'  {source} -->|"{words}"| {target}' for (source, target), words in arrows.items())


def _boxes(labels: Mapping[tuple[str, str], list[str]], picture: Picture) -> list[list[str]]:
    """Names that share a box: those with the same incoming and outgoing arrows."""
    arrows: dict[str, list[tuple[str, ...]]] = {}
    for (source, target), words in labels.items():
        arrows.setdefault(source, []).append(("to", target, *words))
        arrows.setdefault(target, []).append(("from", source, *words))
    found: dict[object, list[str]] = {}
    for name, its in arrows.items():
        found.setdefault(
            (picture.place(name), *sorted(its)) if picture.merges else name, []
        ).append(name)
    return list(found.values())


def write(path: Path = DOCUMENT) -> None:
    """Write the document. Print its path, its number of lines and whether they changed."""
    output.report(path, document(settings_of("prod")))


if __name__ == "__main__":
    run_command(write)
