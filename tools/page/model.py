"""Content of the page, as plain data."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

from spotmusic_cdk import flows, versions
from spotmusic_cdk.settings import Settings
from spotmusic_constructs.network.flows import CLOUDFRONT
from tools.capacity.constraints import constraints_of
from tools.capacity.plan import carried
from tools.cost import prices, report
from tools.cost.__main__ import estimate_of
from tools.documents import flows_document
from tools.gameday.document import summaries
from tools.gameday.scenario import Scenario
from tools.load import load_of
from tools.model.assembly import Assembly, Resource
from tools.model.cluster import RenderedCluster, read
from tools.model.stacks import stacks_in
from tools.model.templates import templates_in
from tools.page.alarms import Alarm, alarms_of, runbooks_of
from tools.page.dashboards import Dashboard, dashboards_of
from tools.page.deployed import State
from tools.page.parties import LISTENER, SERVICE, Party, party
from tools.page.picture import Edge
from tools.page.promises import Domain, judged
from tools.supply_chain import ends

_NO_LISTENERS = "The environment file declares no capacity.listeners."
KINDS = ("request", "scrape", "operation")
"""Kinds of flows, in the order of the pictures of docs/flows.md."""


@dataclass(frozen=True)
class Flow:
    """Flow of the table of flows.

    Args:
        source: party that opens the connection.
        target: party that accepts it.
        ports: port, or a range, TCP unless marked.
        reason: purpose.
        kind: one of KINDS.
    """

    source: str
    target: str
    ports: str
    reason: str
    kind: str


@dataclass(frozen=True, kw_only=True)
class StackPage:
    """Stack of the environment.

    Args:
        id: id of the stack, such as `data`.
        name: name in CloudFormation.
        region: region of the stack.
        description: content in a few words.
        after: ids of the stacks that are deployed first.
        protected: whether termination protection is enabled.
        status: status in CloudFormation, `not deployed`, or empty if it was not read.
        outputs: name, description and value of each output.
        resources: name, type, whether it outlives the stack, physical id and status of each
            resource.
    """

    id: str
    name: str
    region: str
    description: str
    after: list[str]
    protected: bool
    status: str
    outputs: list[tuple[str, str, str]]
    resources: list[tuple[str, str, bool, str, str]]


@dataclass(frozen=True, kw_only=True)
class Page:
    """Content of the page.

    Args:
        environment: name of the environment.
        region: home region.
        address: public address.
        release: day of the project's release.
        commit: commit, empty without git.
        day: day of the page.
        docs: address of the documents, relative to the page.
        source: origin of the states of stacks, empty if none were read.
        parties: boxes of the pictures.
        path: arrows of the request path.
        flows: table of flows.
        stacks: stacks in their order.
        cost: estimate as in `make cost FORMAT=json`.
        listeners: declared monthly listeners, None if not declared.
        plan: load and capacity of each component, highest ratio first.
        promises: domains with their promises.
        faults: faults of a game day.
        alarms: alarms and alerts.
        runbooks: title and link of each runbook.
        dashboards: dashboards.
        charts: Helm releases: name, chart, version, namespace and stack.
        support: components with their end of support, days left, source.
        problems: reason by section that failed.
    """

    environment: str
    region: str
    address: str
    release: str
    commit: str
    day: str
    docs: str
    source: str
    parties: list[Party]
    path: list[Edge]
    flows: list[Flow]
    stacks: list[StackPage]
    cost: Any
    listeners: int | None
    plan: list[dict[str, Any]]
    promises: list[Domain]
    faults: list[dict[str, Any]]
    alarms: list[Alarm]
    runbooks: dict[str, tuple[str, str]]
    dashboards: list[Dashboard]
    charts: list[tuple[str, str, str, str, str]]
    support: list[tuple[str, str, int | None, str]]
    problems: dict[str, str]


def page_of(
    settings: Settings,
    assembly: Path,
    *,
    today: date,
    commit: str = "",
    docs: str = "docs",
    states: Mapping[str, State] | None = None,
    source: str = "",
) -> Page:
    """Return the content of a page; `problems` has the reason for each failed section.

    Args:
        settings: settings of the environment.
        assembly: cloud assembly of the environment.
        today: day of the page.
        commit: commit of the checkout, empty without git.
        docs: address of the documents, relative to the page.
        states: states of deployed stacks by id; None if they were not read.
        source: origin of these states.
    """
    problems: dict[str, str] = {}

    def section(name: str, build: Callable[[], Any]) -> Any:
        try:
            return build()
        except Exception as error:  # a failed section must not hide the others
            problems[name] = (str(error).strip() or type(error).__name__).splitlines()[0]
            return None

    platform = Assembly(name=settings.name, settings=settings, templates=templates_in(assembly))
    cluster: RenderedCluster | None = section(
        "alerts", lambda: read(settings.name, dict(platform.templates), assembly)
    )
    table = flows_of(settings)
    path = path_of(table, platform)
    known = settings.domain or settings.edge.distribution_domain_name
    return Page(
        environment=settings.name,
        region=settings.region,
        address=settings.public_url if known else "",
        release=str(versions.RELEASED),
        commit=commit,
        day=str(today),
        docs=docs,
        source=source,
        parties=parties_of([*path, *edges_of(table)], settings),
        path=path,
        flows=table,
        stacks=list(_stacks(platform, assembly, states)),
        promises=section("promises", lambda: judged(platform, cluster, assembly)) or [],
        cost=section("cost", lambda: _cost(settings, assembly, today)),
        listeners=settings.capacity.listeners,
        plan=section("plan", lambda: _plan(settings)) or [],
        faults=section("gameday", lambda: list(_faults(platform, cluster))) or [],
        alarms=list(alarms_of(platform, cluster)),
        runbooks=runbooks_of(settings.observability.runbooks_url or f"{docs}/runbooks"),
        dashboards=list(dashboards_of(platform)),
        charts=list(_charts(cluster)) if cluster else [],
        support=[
            (
                line.name,
                str(line.support.standard_until or ""),
                line.days_left(today),
                line.support.source,
            )
            for line in ends.lines([settings])
        ],
        problems=problems,
    )


def _charts(cluster: RenderedCluster) -> Iterator[tuple[str, str, str, str, str]]:
    for release in cluster.releases.values():
        version = str(release.properties.get("Version") or "own chart")
        yield release.name, release.chart, version, release.namespace, release.stack


def flows_of(settings: Settings) -> list[Flow]:
    """Return the table of flows with their kinds."""
    found = []
    for flow in flows.table(settings):
        ports = flows_document.ports_of(flow, "–")
        edge = flows_document.Edge(flow.source, flow.target, ports)
        kind = next(
            kind
            for kind, picture in zip(KINDS, flows_document.NETWORK, strict=True)
            if picture.shows(edge)
        )
        found.append(Flow(flow.source, flow.target, ports, flow.reason, kind))
    return found


def edges_of(table: list[Flow], kinds: tuple[str, ...] = KINDS) -> list[Edge]:
    """Return one arrow per pair of parties with flows of the given kinds."""
    ports: dict[tuple[str, str], dict[str, str]] = {}
    for flow in table:
        if flow.kind in kinds:
            ports.setdefault((flow.source, flow.target), {})[flow.ports] = flow.kind
    return [
        Edge(source=source, target=target, kind=next(iter(of.values())), label=", ".join(of))
        for (source, target), of in ports.items()
    ]


def path_of(table: list[Flow], platform: Assembly) -> list[Edge]:
    """Return the arrows of a request, from the listener and the services to the data."""
    edges = [
        Edge(source=LISTENER, target=CLOUDFRONT, label="443"),
        *_origins(platform),
        *edges_of(table, ("request",)),
    ]
    reached = {LISTENER, *(edge.source for edge in edges if edge.source.startswith(SERVICE))}
    while more := {edge.target for edge in edges if edge.source in reached} - reached:
        reached |= more
    return [edge for edge in edges if edge.source in reached]


def parties_of(edges: list[Edge], settings: Settings) -> list[Party]:
    """Return the parties at the ends of arrows, in the order of their first arrow."""
    return [
        party(name, settings)
        for name in dict.fromkeys(end for edge in edges for end in (edge.source, edge.target))
    ]


def _origins(platform: Assembly) -> Iterator[Edge]:
    """Buckets behind CloudFront, with their paths."""
    for distribution in platform.all("AWS::CloudFront::Distribution"):
        config = distribution["DistributionConfig"]
        for origin in config["Origins"]:
            bucket = platform.target(distribution.stack, origin["DomainName"])
            if bucket is None or bucket.type != "AWS::S3::Bucket":
                continue
            behaviours = [
                behaviour
                for behaviour in config.get("CacheBehaviors", ())
                if behaviour["TargetOriginId"] == origin["Id"]
            ]
            words = [
                behaviour["PathPattern"] + (", signed" if behaviour.get("TrustedKeyGroups") else "")
                for behaviour in behaviours
            ] or ["all other paths"]
            name = bucket.name.split("/")[1].removesuffix("Bucket").lower()
            yield Edge(
                source=CLOUDFRONT, target=f"bucket-{name}", label=", ".join(words), shown=True
            )


def _stacks(
    platform: Assembly, assembly: Path, states: Mapping[str, State] | None
) -> Iterator[StackPage]:
    for id_, stack in stacks_in(assembly).items():
        template, state = platform.templates[id_], states.get(id_) if states is not None else None
        values = state.outputs if state else {}
        yield StackPage(
            id=id_,
            name=stack.name,
            region=stack.region,
            description=str(template.get("Description", "")).partition(": ")[2],
            after=sorted(stack.dependencies),
            protected=stack.protected,
            status=state.status if state else "" if states is None else "not deployed",
            outputs=[
                (
                    name,
                    output.get("Description", ""),
                    values.get(name) or platform.text(id_, output["Value"]),
                )
                for name, output in template.get("Outputs", {}).items()
            ],
            resources=[
                _resource(resource, state)
                for resource in platform.resources
                if resource.stack == id_
            ],
        )


def _resource(resource: Resource, state: State | None) -> tuple[str, str, bool, str, str]:
    physical, status = state.resources.get(resource.id, ("", "")) if state else ("", "")
    kept = "DeletionPolicy" in resource.body and resource.outlives_its_stack
    return resource.name.partition("/")[2], resource.type, kept, physical, status


def _cost(settings: Settings, assembly: Path, today: date) -> Any:
    """Estimate of `make cost`, as its JSON report."""
    return json.loads(
        report.as_json(estimate_of(assembly, settings, prices.read()), None, "", today)
    )


def _plan(settings: Settings) -> list[dict[str, Any]]:
    """Load and capacity of each component, as in `make plan`, highest ratio first."""
    if settings.capacity.listeners is None:
        raise ValueError(f"{_NO_LISTENERS} The plan requires them.")
    bearing = {(found.component, found.what): found.listeners for found in carried(settings)}
    parts = constraints_of(settings, load_of(settings, settings.capacity.listeners))
    return [
        {
            "component": part.component,
            "what": part.what,
            "needed": part.needed,
            "room": part.room,
            "listeners": bearing[part.name],
        }
        for part in sorted(parts, key=lambda part: -part.percent)
        if part.name in bearing
    ]


def _faults(platform: Assembly, cluster: RenderedCluster | None) -> Iterator[dict[str, Any]]:
    if platform.settings.capacity.listeners is None:
        raise ValueError(f"{_NO_LISTENERS} A game day requires them.")
    if cluster is None:
        raise ValueError(
            "A game day needs the manifests of the cluster, which could not be rendered."
        )
    scenario = Scenario(platform=platform, cluster=cluster)
    yield from map(asdict, summaries(scenario))
