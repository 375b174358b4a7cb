"""Content of the page, as plain data."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
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
        ports: TCP port, or a range.
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


@dataclass(kw_only=True)
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
    parties: list[Party] = field(default_factory=list)
    path: list[Edge] = field(default_factory=list)
    flows: list[Flow] = field(default_factory=list)
    stacks: list[StackPage] = field(default_factory=list)
    cost: Any = None
    listeners: int | None = None
    plan: list[dict[str, Any]] = field(default_factory=list)
    promises: list[Domain] = field(default_factory=list)
    faults: list[dict[str, Any]] = field(default_factory=list)
    alarms: list[Alarm] = field(default_factory=list)
    runbooks: dict[str, tuple[str, str]] = field(default_factory=dict)
    dashboards: list[Dashboard] = field(default_factory=list)
    charts: list[tuple[str, str, str, str, str]] = field(default_factory=list)
    support: list[tuple[str, str, int | None, str]] = field(default_factory=list)
    problems: dict[str, str] = field(default_factory=dict)


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
    """Returns the content of a page; `problems` has the reason for each failed section.

    Args:
        settings: settings of the environment.
        assembly: cloud assembly of the environment.
        today: day of the page.
        commit: commit of the checkout, empty without git.
        docs: address of the documents, relative to the page.
        states: states of deployed stacks by id; None if they were not read.
        source: origin of these states.
    """
    platform = Assembly(name=settings.name, settings=settings, templates=templates_in(assembly))
    table = flows_of(settings)
    known = settings.domain or settings.edge.distribution_domain_name
    page = Page(
        environment=settings.name,
        region=settings.region,
        address=settings.public_url if known else "",
        release=str(versions.RELEASED),
        commit=commit,
        day=str(today),
        docs=docs,
        source=source,
        listeners=settings.capacity.listeners,
        flows=table,
        path=path_of(table, platform),
        stacks=list(_stacks(platform, assembly, states)),
        support=[
            (
                line.name,
                str(line.support.standard_until or ""),
                line.days_left(today),
                line.support.source,
            )
            for line in ends.lines([settings])
        ],
    )
    page.parties = parties_of([*page.path, *edges_of(table)], settings)
    cluster = _section(
        page, "alerts", lambda: read(settings.name, dict(platform.templates), assembly)
    )
    if cluster:
        page.charts = [
            (
                release.name,
                release.chart,
                str(release.properties.get("Version") or "own chart"),
                release.namespace,
                release.stack,
            )
            for release in cluster.releases.values()
        ]
    page.alarms = list(alarms_of(platform, cluster))
    page.runbooks = runbooks_of(settings.observability.runbooks_url or f"{docs}/runbooks")
    page.dashboards = list(dashboards_of(platform))
    page.promises = _section(page, "promises", lambda: judged(platform, cluster, assembly)) or []
    page.cost = _section(page, "cost", lambda: _cost(settings, assembly, today))
    page.plan = _section(page, "plan", lambda: _plan(settings)) or []
    page.faults = _section(page, "gameday", lambda: list(_faults(platform, cluster))) or []
    return page


def _section(page: Page, name: str, build: Callable[[], Any]) -> Any:
    """Returns the content of a section; a failure adds its reason to the page."""
    try:
        return build()
    except Exception as error:  # a failed section must not hide the others
        page.problems[name] = (str(error).strip() or type(error).__name__).splitlines()[0]
        return None


def flows_of(settings: Settings) -> list[Flow]:
    """Returns the table of flows with their kinds."""
    found = []
    for flow in flows.table(settings):
        first, last = flow.ports
        ports = str(first) if first == last else f"{first}–{last}"
        edge = flows_document.Edge(flow.source, flow.target, ports)
        kind = next(
            kind
            for kind, picture in zip(KINDS, flows_document.NETWORK, strict=True)
            if picture.shows(edge)
        )
        found.append(Flow(flow.source, flow.target, ports, flow.reason, kind))
    return found


def edges_of(table: list[Flow], kinds: tuple[str, ...] = KINDS) -> list[Edge]:
    """Returns one arrow per pair of parties with flows of the given kinds."""
    ports: dict[tuple[str, str], dict[str, str]] = {}
    for flow in table:
        if flow.kind in kinds:
            ports.setdefault((flow.source, flow.target), {})[flow.ports] = flow.kind
    return [
        Edge(source=source, target=target, kind=next(iter(of.values())), label=", ".join(of))
        for (source, target), of in ports.items()
    ]


def path_of(table: list[Flow], platform: Assembly) -> list[Edge]:
    """Returns the arrows of a request, from the listener and the services to the data."""
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
    """Returns the parties at the ends of arrows, in the order of their first arrow."""
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
