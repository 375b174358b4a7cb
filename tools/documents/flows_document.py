"""Writes docs/flows.md, flows and rights: `python -m tools.documents.flows_document`."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from spotmusic_cdk import flows, output
from spotmusic_cdk.command_line import run_command
from spotmusic_cdk.settings import Settings, load
from spotmusic_constructs.network.flows import CLOUDFRONT, INTERNET, VPC, Flow
from tools.documents import grants
from tools.model.granted import Grant

ROOT = Path(__file__).parents[2]
DOCUMENT = ROOT / "docs" / "flows.md"


@dataclass(frozen=True, kw_only=True, order=True)
class Edge:
    """An arrow.

    Args:
        source: where it begins.
        target: where it ends.
        label: what is written beside it.
    """

    source: str
    target: str
    label: str


@dataclass(frozen=True, kw_only=True)
class Picture:
    """Some of the edges, drawn together.

    Args:
        title: heading.
        caption: what one sees.
        shows: tells whether an edge belongs here; an edge is drawn in the first picture that takes it.
        place: names the frame around a party or a store; nothing is drawn around those without a name.
        merges: whether names with the same arrows become one box.
    """

    title: str
    caption: str
    shows: Callable[[Edge], bool]
    place: Callable[[str], str]
    merges: bool = False


def edges_of_flows(settings: Settings) -> list[Edge]:
    """One arrow for each flow, with its ports."""
    return [
        Edge(source=flow.source, target=flow.target, label=_ports(flow))
        for flow in flows.table(settings)
    ]


def edges_of_grants(rights: Iterable[Grant]) -> list[Edge]:
    """One arrow for each right, with the class of action."""
    return [Edge(source=grant.who, target=grant.what, label=grant.does) for grant in rights]


def _ports(flow: Flow) -> str:
    first, last = flow.ports
    ports = str(first) if first == last else f"{first} to {last}"
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
    ends = {"-load-balancer": "load balancers", "-database": "data tier", "cache": "data tier"}
    functions = "functions"
    return next(
        (tier for end, tier in ends.items() if party.endswith(end)),
        "tasks on ECS" if party.startswith("service-") else functions,
    )


def _kind(name: str) -> str:
    """Return the frame of a store or of a holder of rights."""
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
    "Tasks and nodes pull images through the cache, and tasks read the parameters of the environment.": lambda edge: (
        edge.target in _EVERYBODY and not edge.source.startswith("ecr")
    ),
    "Tasks and functions write their own log group.": lambda edge: (
        edge.source.startswith(("tasks of ", "data/", "secrets/", "ecs-services/"))
        and edge.target.endswith("Logs")
    ),
    "Functions create their own network interfaces, as Lambda requires, and generate random passwords.": lambda edge: (
        edge.source.endswith("Function")
        and edge.target in ("network interfaces", "ec2 in general", "random passwords")
    ),
    "The account's IAM administers every key (P-029), and AWS keeps the policies by its own name.": lambda edge: (
        edge.label == "administer" or edge.target.startswith("policy ")
    ),
}
"""Rights that would hide the others, in words."""


def _is_request(edge: Edge) -> bool:
    return (
        edge.source != "prometheus"
        and _tier(edge.target) not in ("", "outside", "EKS")
        and _tier(edge.source) not in ("functions", "EKS", "people")
    )


NETWORK = (
    Picture(
        title="Requests, events and data",
        caption="Connections between parties, with their ports, of TCP unless marked. All others are denied.",
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
        caption="Functions, people on call, the Kubernetes API, AWS APIs and the Internet. All connections go out.",
        shows=lambda _: True,
        place=_tier,
        merges=True,
    ),
)
DATA = (
    Picture(
        title="Services",
        caption="Resources that tasks may read and write, other than those that they connect to.",
        shows=lambda edge: edge.source.startswith("tasks of "),
        place=_kind,
        merges=True,
    ),
    Picture(
        title="Pods, and functions of the platform",
        caption="Who copies, replaces and uses secrets, and where metrics and alarms go.",
        shows=lambda edge: edge.source.startswith(
            ("pods ", "data/", "secrets/", "ecs-services/", "eks-platform/", "network/")
        ),
        place=_kind,
        merges=True,
    ),
    Picture(
        title="Keys",
        caption="Users of each key: services in their own name, and users of a service through it.",
        shows=lambda edge: edge.target.endswith("Key"),
        place=_kind,
        merges=True,
    ),
    Picture(
        title="AWS services",
        caption="What AWS does in its own name.",
        shows=lambda edge: edge.source not in ("the VPC", "fis"),
        place=_kind,
        merges=True,
    ),
    Picture(
        title="Endpoints and experiments",
        caption="What passes from the VPC to AWS APIs, and what experiments of a game day may break.",
        shows=lambda _: True,
        place=_kind,
        merges=True,
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
            f"`make flows` draws this page for `{settings.name}` from the [flows](../spotmusic_cdk/flows.py), where each",
            f"states its reason, and from the [rights](grants/{settings.name}.txt) that the templates grant, one line",
            "each. Tests hold security groups, NetworkPolicies and every policy to these, both ways. Secrets one",
            "by one: [secrets](secrets.md).",
            "",
            "## Connections",
            "",
            *_sections(NETWORK, flows),
            "## Rights",
            "",
            "Names are stack and logical id. Not drawn, because it would hide the rest:",
            "",
            *(f"- {words}" for words in NOT_DRAWN),
            "",
            *_sections(DATA, drawn),
            *_options({*flows, *rights}),
        ]
    )


def _options(before: set[Edge]) -> Iterator[str]:
    """Flows and rights that the options of the settings add."""
    added = {
        *edges_of_flows(grants.every_option()),
        *edges_of_grants(grants.read(grants.EVERY)),
    } - before
    yield from (
        "## Options",
        "",
        "Flows and [rights](grants/prod-with-every-option.txt) of production with every option that no",
        "environment turns on.",
        "",
        "| who | port or right | what |",
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
        yield from (f"  {'  ' if frame else ''}{box}" for box in inside)
        if frame:
            yield "  end"
    arrows = {
        (ids[source], ids[target]): ", ".join(dict.fromkeys(words))
        for (source, target), words in labels.items()
    }
    yield from (f'  {source} -->|"{words}"| {target}' for (source, target), words in arrows.items())


def _boxes(labels: Mapping[tuple[str, str], list[str]], picture: Picture) -> list[list[str]]:
    """Names that share a box: those with the same arrows to them and from them."""
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
    """Write the document, and print the file, its lines and whether they changed."""
    output.report(path, document(load("prod", folder=ROOT / "environments", today=date.today())))


if __name__ == "__main__":
    run_command(write)
