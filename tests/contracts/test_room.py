"""Room for the maximum number of services in the stacks, including the network."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from ipaddress import IPv4Network
from typing import Any

import pytest

from spotmusic_cdk import flows
from spotmusic_cdk.namespaces import namespaces
from spotmusic_cdk.settings.service_quotas import (
    MOST_PORTS,
    MOST_RESOURCES,
    MOST_RULES,
    MOST_SERVICES,
    MOST_WATCHED,
    resources_of,
    rules_of,
    shared_rules,
    watched,
)
from spotmusic_cdk.settings.services import ServiceSettings
from spotmusic_constructs.kubernetes.namespace import network_policies
from tools.checkout import ROOT, settings_of
from tools.model.templates import Template

RESOURCES = 500
"""Resources of a stack (AWS CloudFormation quotas, 2026-11)."""
OPTIONS = 10
"""Rules or resources of options that no shipped environment has, such as mail and external identity
providers."""

PORTS = 24
"""Ports of an address range in all NetworkPolicies of a pod (Amazon EKS user guide, 2026-11)."""
Port = tuple[str | None, int | None, int | None]
DNS: frozenset[Port] = frozenset({("UDP", 53, None), ("TCP", 53, None)})
"""Ports that the chart `ground` opens to all addresses."""


@pytest.mark.parametrize("environment", ["dev", "prod"])
def test_network_stack_fits_forty_services(
    templates: Callable[[str], dict[str, Template]], environment: str
) -> None:
    services = settings_of(environment).services.values()
    ours = sum(map(rules_of, services)) + shared_rules(services)
    network = len(templates(environment)["network"]["Resources"]) - ours
    assert network + OPTIONS + MOST_RULES <= RESOURCES, (
        f"lower MOST_RULES by {network + OPTIONS + MOST_RULES - RESOURCES}"
    )


@pytest.mark.parametrize("environment", ["dev", "prod"])
def test_services_stack_fits_forty_services(
    templates: Callable[[str], dict[str, Template]], environment: str
) -> None:
    settings, ids = settings_of(environment), templates(environment)["ecs-services"]["Resources"]
    services = settings.services
    prefixes = {
        name: (name.replace("-", ""), *(["Migrations"] if name == settings.migrated_by else []))
        for name in services
    }
    made = {name: sum(id_.startswith(prefixes[name]) for id_ in ids) for name in services}
    assert made == {name: resources_of(service) for name, service in services.items()}
    own = len(ids) - sum(made.values())
    assert own + OPTIONS + MOST_RESOURCES <= RESOURCES, (
        f"lower MOST_RESOURCES by {own + OPTIONS + MOST_RESOURCES - RESOURCES}"
    )


@pytest.mark.parametrize("environment", ["dev", "prod"])
def test_stacks_hold_forty_services_with_margin(
    templates: Callable[[str], dict[str, Template]], environment: str
) -> None:
    """Forty services, six of them workers, each with one connection, in addition to the five
    shipped services.
    """
    shipped = settings_of(environment).services
    routed, worker = (
        {"route": "/v1/a", "talks_to": ("cache",)},
        {"port": None, "talks_to": ("tasks",)},
    )
    forty = [
        *shipped.values(),
        *(ServiceSettings.model_validate(worker if number < 6 else routed) for number in range(35)),
    ]
    for stack, before, after in (
        ("network", sum(map(rules_of, shipped.values())), sum(map(rules_of, forty))),
        ("ecs-services", sum(map(resources_of, shipped.values())), sum(map(resources_of, forty))),
    ):
        made = len(templates(environment)[stack]["Resources"]) + after - before
        assert made <= 0.9 * RESOURCES, stack


def test_observability_stack_fits_counted_alarms(
    templates: Callable[[str], dict[str, Template]],
) -> None:
    own = len(templates("prod")["observability"]["Resources"]) - watched(settings_of("prod"))
    assert own + OPTIONS + MOST_WATCHED <= RESOURCES, (
        f"lower MOST_WATCHED by {own + OPTIONS + MOST_WATCHED - RESOURCES}"
    )
    assert f"{MOST_WATCHED} are admitted" in (ROOT / "docs" / "deployment.md").read_text()


@pytest.mark.usefixtures("shipped_production")
def test_service_limits_match_settings(
    templates: Callable[[str], dict[str, Template]],
) -> None:
    """docs/deployment.md, "Service limits"."""
    text = (ROOT / "docs" / "deployment.md").read_text()
    services = settings_of("prod").services.values()
    ours, shared = sum(map(rules_of, services)), shared_rules(services)
    network = len(templates("prod")["network"]["Resources"]) - ours - shared
    assert f"some {5 * round(network / 5)} of the network itself" in text
    busy = rules_of(
        ServiceSettings.model_validate(
            {"route": "/v1/busy", "talks_to": ("database", "cache", "events", "tasks")}
        )
    )
    alone = rules_of(ServiceSettings(route="/v1/alone"))
    expected = (
        f"{MOST_RULES} of them are admitted: {busy} for a service with a route and four words, "
        f"{alone} for one with a route alone"
    )
    assert expected in text
    sentence = (
        f"{ours} for the five of production, and {shared} for all. "
        "Twenty-two of the former with the five make"
    )
    assert sentence in text
    assert f"make {ours + shared + 22 * busy};" in text
    assert ours + shared + 22 * busy <= MOST_RULES < ours + shared + 23 * busy
    forty = MOST_SERVICES * alone + shared
    rolling = resources_of(ServiceSettings(route="/v1/alone"))
    shifting = resources_of(ServiceSettings(route="/v1/alone", deployment="blue_green"))
    line = (
        f"{MOST_RESOURCES} of them are admitted: "
        f"{rolling} for a service with a route, {shifting} for one that is blue/green as well"
    )
    assert line in text
    assert f"forty of the latter {forty}, which leaves {(MOST_RULES - forty) // 2} words" in text


def test_network_policies_hold_all_ports() -> None:
    """Ports of a range and of ranges that contain it add up."""
    settings = settings_of("prod")
    services = {
        f"service-{port}": ServiceSettings(port=port) for port in range(20_000, 20_000 + MOST_PORTS)
    }
    settings = settings.model_copy(update={"services": services})
    table, cidr = flows.table(settings), settings.network.cidr
    policies = network_policies(namespaces(settings), table, vpc_cidr=cidr).values()
    counts = [
        count
        for direction in ("ingress", "egress")
        for namespace in policies
        for count in _ports_of_an_address(namespace, direction, cidr)
    ]
    assert max(counts) == PORTS


def _ports_of_an_address(
    policies: Sequence[Mapping[str, Any]], direction: str, cidr: str
) -> Iterator[int]:
    """Yield the ports of the address with the most ports, for each set of pods that policies
    select.
    """
    selected = [policy["pods"].get("matchLabels", {}) for policy in policies]
    for labels in selected:
        ports: dict[str, set[Port]] = {"": set(), "VPC": set(DNS if direction == "egress" else ())}
        for policy, theirs in zip(policies, selected, strict=True):
            if theirs.items() <= labels.items():
                for rule in policy.get(direction, ()):
                    for peer in rule["to" if direction == "egress" else "from"]:
                        place = _place(peer, IPv4Network(cidr))
                        ports.setdefault(place, set()).update(map(_port, rule.get("ports", [{}])))
        everywhere = ports.pop("VPC")
        yield max(len(everywhere | own) for own in ports.values())


def _place(peer: Mapping[str, Any], vpc: IPv4Network) -> str:
    block = peer.get("ipBlock")
    return "VPC" if block and vpc.subnet_of(IPv4Network(block["cidr"])) else str(peer)


def _port(port: Mapping[str, Any]) -> Port:
    return port.get("protocol"), port.get("port"), port.get("endPort")
