"""Estimate of the shipped environments: completeness, accuracy and duration."""

import re
import time
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path

import pytest

from spotmusic_cdk.settings.delivery_price import delivery_usd
from tools.checkout import ROOT, settings_of
from tools.cost import prices
from tools.cost.estimate import Estimate, estimate
from tools.cost.resources import CLUSTER_LOGS_GB, FREE, PRICED, Environment
from tools.cost.use import levels_of
from tools.model.stacks import stacks_in
from tools.model.templates import Template, Templates, of_type, templates_in

AT_HAND: dict[str, float] = {
    # 347,500 listeners of 21 hours: 9,997 at a time, for 730 hours.
    # 160 kbit/s are 525,420 GB, and 1,278 million answers of services are 6,392. Tiers of
    # aws.amazon.com/cloudfront/pricing, South America.
    "CloudFront, traffic": (
        10_240 * 0.11 + 40_960 * 0.105 + 102_400 * 0.09 + 358_400 * 0.08 + 19_812 * 0.06
    ),
    # 40 requests an hour for files, 162 to routes and 13 to Keycloak are 1,570 million: CloudFront
    # 0.022 USD for 10,000, AWS WAF 0.60 for a million.
    "requests": 157_040 * 0.022 + 1_570.4 * 0.6,
    # Databases with a standby: db.r8g.xlarge 0.994 and db.r8g.large 0.497 USD an hour, each twice.
    "databases": 2 * 730 * (0.994 + 0.497),
    # 600 GiB with a standby; six vCPUs of Database Insights, and as much backup again.
    "storage of databases": 600 * 0.438 + 6 * 730 * 0.0125 + 600 * 0.095,
    # Three nodes cache.r7g.large of Redis.
    "cache": 3 * 730 * 0.436,
    # Three NAT gateways with an address, 50 GB each.
    "gateways": 3 * (730 * (0.093 + 0.005) + 50 * 0.093),
    # 13 interface endpoints in three zones.
    "endpoints": 13 * 3 * 730 * 0.021,
    # EKS, and three m6a.2xlarge for the brokers with the fee of 12%.
    "brokers": 730 * 0.10 + 3 * 730 * 0.5508 * 1.12,
    # About 11 vCPUs and 18 GiB of other pods: seven c6a.large.
    "other nodes": 7 * 730 * 0.1179 * 1.12,
    # Brokers 500 and 50 GiB three times, Prometheus 100 twice, Alertmanager 5, disks of ten nodes.
    "volumes": (3 * 550 + 2 * 100 + 3 * 5 + 10 * 80) * 0.152,
    # A third of 21, 30, 9, 6 and 7 tasks, and three at least: 27.5 vCPUs and 55 GiB, on Arm.
    "tasks": 730 * (27.5 * 0.0557 + 55 * 0.0061),
    # 1,278 million requests to the gateway leave 1 kB in each of two logs, kept for a year.
    "logs": (2 * 1_278.5 + 30) * (0.9 + 12 * 0.15 * 0.0408),
    # Four records of 112 bytes: of 50 connections of 26 tasks each minute, and of a tenth of the
    # requests.
    "flow logs": (5 + 448 * (26 * 50 * 43_800 + 127_850_000) / 1e9) * (0.9 + 12 * 0.15 * 0.0408),
    # Three load balancers; 6,392 GB through two of them and 1,095 GB of events through the third.
    "load balancers": 3 * 730 * 0.034 + 2 * 6_392 * 0.011 + 1_095 * 0.00825,
    # Two thirds of three hops of both cross zones, paid on both sides.
    "between zones": 2 * 2 / 3 * 3 * (6_392 + 1_095) * 0.01,
    # Prometheus: 27,800 series every 30 seconds, 0.90 USD for ten million samples.
    "samples": 27_800 * 87_600 / 1e7 * 0.9,
    # Container Insights: a cluster, five services, 26 tasks with a container, 20 metrics each.
    "insights": 58 * 20 * 0.07,
    # 1,000 GiB of audio, in storage and in a vault, and restored once a week.
    "audio library": 1_000 * (0.0405 + 0.05 + 52 / 12 * 0.02) + 12,
    # A year of CloudFront's access logs, 100 bytes for each of 1,570 million requests a month.
    "other buckets": (12 * 1_570.4e6 * 100 / 2**30 + 40) * 0.0405,
    # Keys, secrets, some 200 metrics of alarms, nine rules of AWS WAF.
    "small things": 12 * 1 + 26 * 0.4 + 200 * 0.1 + 14 + 19 + 10,
}
"""USD a month of prod at mid use, calculated by hand."""


@pytest.mark.parametrize("environment", ["dev", "staging", "prod"])
def test_estimate_prices_all_resources(
    templates: Callable[[str], dict[str, Template]], environment: str
) -> None:
    found, settings = templates(environment), settings_of(environment)
    problems = estimate(
        found, dict.fromkeys(found, settings.region), settings, prices.read()
    ).unpriced
    assert problems == []


def test_priced_type_is_not_declared_free() -> None:
    assert PRICED.keys() & FREE.keys() == set()


@pytest.mark.usefixtures("shipped_production")
def test_estimate_matches_calculation_at_hand(synthesized: Callable[[str], Path]) -> None:
    settings = settings_of("prod")
    assembly = synthesized("prod")
    places = {id_: stack.region for id_, stack in stacks_in(assembly).items()}
    start = time.process_time()
    found = estimate(templates_in(assembly), places, settings, prices.read())
    assert time.process_time() - start < 1
    assert found.total[1] == pytest.approx(sum(AT_HAND.values()), rel=0.1)
    traffic = AT_HAND["CloudFront, traffic"]
    rest = sum(AT_HAND.values()) - traffic
    assert found.total[1] - traffic == pytest.approx(rest, rel=0.1)
    text = (ROOT / "docs" / "cost.md").read_text()
    stated = re.findall(
        r"[\d,]+\d",
        re.findall(r"\nall .*", text)[0]
        + text.partition("By hand")[2].partition("The calculation")[0],
    )
    program, by_hand = found.total[1], sum(AT_HAND.values())
    expected = [*found.total, by_hand, rest, program, program - traffic]
    assert [float(number.replace(",", "")) for number in stated] == pytest.approx(
        expected, rel=0.01
    )


@pytest.mark.parametrize("item", ["CloudFront, traffic", "flow logs", "other buckets"])
def test_item_matches_calculation_at_hand(
    templates: Callable[[str], dict[str, Template]], item: str
) -> None:
    """The total hides a wrong item."""
    found, settings = templates("prod"), settings_of("prod")
    lines = estimate(found, dict.fromkeys(found, settings.region), settings, prices.read()).lines
    usd = sum(line.usd[1] for line in lines if line.label == item)
    assert usd == pytest.approx(AT_HAND[item], rel=0.05)


def test_estimate_has_the_logs_of_the_plan(
    templates: Callable[[str], dict[str, Template]],
) -> None:
    found, settings = templates("prod"), settings_of("prod")
    for level in levels_of(settings).values():
        logs = Environment(settings, found, prices.read()).service_logs_gb(level)
        requests = logs["ecs-services"] + logs["eks-platform"] - CLUSTER_LOGS_GB
        assert requests == pytest.approx(level.load.volumes.logs_gb)


def keep_endpoints(templates: Templates, kept: str = "none") -> None:
    """Delete interface endpoints of other AWS services."""
    resources = templates["network"]["Resources"]
    for id_, resource in list(resources.items()):
        properties = resource.get("Properties", {})
        if properties.get("VpcEndpointType") == "Interface" and not properties[
            "ServiceName"
        ].endswith(f".{kept}"):
            del resources[id_]


def write(templates: Templates, type_: str, key: str, value: object) -> None:
    for _, _, properties in of_type(templates, type_):
        properties[key] = value


APPLIED: dict[str, Callable[[Templates], None]] = {
    "Run databases in one zone": lambda templates: write(
        templates, "AWS::RDS::DBInstance", "MultiAZ", False
    ),
    "Use NAT gateways": keep_endpoints,
    "Use Valkey": lambda templates: write(
        templates, "AWS::ElastiCache::ReplicationGroup", "Engine", "valkey"
    ),
}


@pytest.mark.parametrize("endpoint", ["logs", "ecr.api"])
def test_saving_is_difference_of_estimates(
    templates: Callable[[str], dict[str, Template]], endpoint: str
) -> None:
    """One database of staging has a standby, and one AWS service an endpoint."""
    settings, shipped = settings_of("staging"), templates("staging")
    before = deepcopy({stack: shipped[stack] for stack in ("network", "data")})
    keep_endpoints(before, endpoint)
    write(before, "AWS::ElastiCache::ReplicationGroup", "Engine", "redis")
    write(before, "AWS::RDS::DBInstance", "MultiAZ", True)
    before["data"]["Resources"]["IdentityInstance3F7B3DC3"]["Properties"]["MultiAZ"] = False

    def estimated(changed: Templates) -> Estimate:
        return estimate(changed, dict.fromkeys(changed, settings.region), settings, prices.read())

    found = estimated(before)
    for start, apply in APPLIED.items():
        (saving,) = (saving for saving in found.savings if saving.change.startswith(start))
        after = deepcopy(before)
        apply(after)
        assert saving.usd == pytest.approx(found.total[1] - estimated(after).total[1], abs=0.01), (
            start
        )


@pytest.mark.parametrize(
    ("region", "prefix", "place"),
    [("sa-east-1", "SA", "south-america"), ("us-east-1", "US", "us-mx-ca")],
)
def test_delivery_cost_matches_synthesis_warning(region: str, prefix: str, place: str) -> None:
    usd = prices.read().usd(
        "AmazonCloudFront", f"{prefix}-DataTransfer-Out-Bytes", place, 1_051_000
    )
    assert usd == pytest.approx(delivery_usd(1051, region), rel=0.02)
