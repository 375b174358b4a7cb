"""Templates set every relevant property instead of relying on AWS's defaults."""

import json
from collections.abc import Mapping
from typing import Any

import yaml

from spotmusic_cdk.settings import delivery_price
from tests.properties.balancers import attributes, balancers
from tests.properties.promise import Verdicts, rule
from tests.properties.services import services_of
from tests.properties.test_health_checks import GROUP
from tools.checkout import ROOT
from tools.model.assembly import Assembly, Resource
from tools.model.values import Json, at

TABLE: Mapping[str, Mapping[str, Json]] = yaml.safe_load(
    (ROOT / "tests" / "properties" / "left_to_aws.yaml").read_text()
)


def values_at(value: Any, path: str) -> list[Any]:
    """Values at a path; `*` matches each item, and a missing step with `?` yields nothing."""
    if not path:
        return [value]
    step, _, rest = path.partition(".")
    if step == "*":
        items = value.values() if isinstance(value, Mapping) else value or ()
        return [found for item in items for found in values_at(item, rest)]
    below = at(value, step.removesuffix("?"))
    return [] if below is None and step.endswith("?") else values_at(below, rest)


@rule
def test_decided_properties_are_explicit(platform: Assembly) -> Verdicts:
    for key, paths in TABLE.items():
        type_, _, having = key.partition(" ")
        for resource in (one for one in platform.all(type_) if not having or one[having]):
            for path, row in paths.items():
                for value in values_at(resource.properties, path):
                    accepted = value in row["is"] if "is" in row else value not in (None, "", [])
                    yield resource, accepted, f"{path} is {value}. {row['why']}"
    # A type that no stack has any more would leave its rows without a use.
    if platform.settings.production:
        yield (
            "types",
            all(platform.all(key.partition(" ")[0]) for key in TABLE),
            "Remove types without resources from the table.",
        )


@rule
def test_rules_and_schedules_have_targets(platform: Assembly) -> Verdicts:
    for rule_ in platform.some("AWS::Events::Rule"):
        yield (
            rule_,
            bool(rule_["EventPattern"]) != bool(rule_["ScheduleExpression"]),
            "Set a pattern or a schedule.",
        )
    for schedule in platform.all("AWS::Scheduler::Schedule"):
        group = schedule.target("GroupName")
        # Its metrics are those of the group, on which the alarm looks.
        yield (
            schedule,
            group is not None and group.type == "AWS::Scheduler::ScheduleGroup",
            "Put it into the group that is watched.",
        )
        window = schedule["FlexibleTimeWindow.MaximumWindowInMinutes"] or 0
        yield (
            schedule,
            60 <= window <= 1440,
            "Spread them over a window: simultaneous restarts overload what they depend on.",
        )
        asked = json.loads(schedule.text("Target.Input") if schedule["Target.Input"] else "{}")
        known = {place(service.resource, ".Name") for service in services_of(platform)}
        again = (
            asked.get("Service") in known
            and asked.get("ForceNewDeployment") is True
            and bool(asked.get("Cluster"))
        )
        yield schedule, again, "Request a new deployment of a service, by its cluster and its name."


def place(resource: Resource, attribute: str = "") -> str:
    return f"${{{resource.stack}/{resource.id}{attribute}}}"


@rule
def test_metric_filters_and_topics_have_consumers(platform: Assembly) -> Verdicts:
    settings = platform.settings.observability
    for subscription in platform.all("AWS::SNS::Subscription"):
        endpoints = subscription["Protocol"] == "https"
        asked = (
            (*settings.alarm_endpoints, *settings.pager_endpoints)
            if endpoints
            else settings.alarm_emails
        )
        yield (
            subscription,
            subscription["Endpoint"] in asked,
            "Notify an address of observability.alarm_emails or alarm_endpoints.",
        )
    for budget in platform.some("AWS::Budgets::Budget"):
        usd = (
            settings.daily_budget_usd
            if budget["Budget.TimeUnit"] == "DAILY"
            else settings.monthly_budget_usd
        )
        amount = budget["Budget.BudgetLimit.Amount"]
        yield (
            budget,
            amount == usd,
            f"The budget is {amount} USD, and the environment file has {usd}. Use the latter.",
        )
    beyond = [problem.wrong for problem in delivery_price.warnings(platform.settings)]
    yield "observability", not beyond, "; ".join(beyond)
    for cache in platform.some("AWS::ElastiCache::ReplicationGroup"):
        logs = {log["LogType"] for log in cache["LogDeliveryConfigurations"] or []}
        yield (
            cache,
            logs == {"slow-log", "engine-log"},
            "Record slow commands, and what the engine says.",
        )


@rule
def test_access_entries_and_cache_users_are_valid(platform: Assembly) -> Verdicts:
    for entry in platform.some("AWS::EKS::AccessEntry"):
        policies = entry.text("AccessPolicies") if entry["AccessPolicies"] else ""
        if "AmazonEKSAutoNodePolicy" in policies:
            yield (
                entry,
                entry["Type"] == "EC2",
                "Use the access entry type of nodes: they cannot join with another.",
            )
        # Rights inside the cluster name a user or a group. The default is the name of a session,
        # which differs each time.
        named = bool(policies or entry["Username"] or entry["KubernetesGroups"])
        yield entry, named, "Call it by the name that its RoleBinding has."
    for user in platform.some("AWS::ElastiCache::User"):
        by_password = bool(user["Passwords"] or user["AuthenticationMode"])
        yield (
            user,
            by_password != (user["NoPasswordRequired"] is True),
            "Give it a password, or say that it has none.",
        )
        closed = by_password or str(user["AccessString"]).startswith("off ")
        yield user, closed, "Disable users without a password."


@rule
def test_load_balancers_preserve_required_headers(platform: Assembly) -> Verdicts:
    (gateway,) = (
        balancer for balancer in balancers(platform, "application") if balancer.stack == "network"
    )
    kept = (
        attributes(gateway, "LoadBalancerAttributes").get(
            "routing.http.preserve_host_header.enabled"
        )
        == "true"
    )
    yield (
        gateway,
        kept,
        "Forward the viewer's host: Keycloak builds the addresses of its pages from it.",
    )
    for group in platform.some(GROUP):
        if group["Protocol"] in ("TCP", "TLS"):
            said = attributes(group, "TargetGroupAttributes")
            # A pod that reaches itself through the load balancer would be its own caller. Such
            # packets are dropped (NLB user guide, hairpinning).
            yield (
                group,
                said.get("preserve_client_ip.enabled") == "false",
                "Call brokers from the load balancer's own address.",
            )
            cut = said.get("deregistration_delay.connection_termination.enabled") == "true"
            yield (
                group,
                cut,
                "End connections to a broker that leaves: clients keep theirs for days.",
            )
        elif group.stack == "ecs-services":
            fair = (
                attributes(group, "TargetGroupAttributes").get("load_balancing.algorithm.type")
                == "least_outstanding_requests"
            )
            yield (
                group,
                fair,
                (
                    "Set least_outstanding_requests: round robin sends as many requests to a "
                    "slow task as to others."
                ),
            )


@rule
def test_edge_cache_times_are_decided(platform: Assembly) -> Verdicts:
    for policy in platform.some("AWS::CloudFront::CachePolicy"):
        least, usual, most = (
            policy[f"CachePolicyConfig.{name}TTL"] for name in ("Min", "Default", "Max")
        )
        ordered = None not in (least, usual, most) and least <= usual <= most
        yield (
            policy,
            ordered,
            (
                f"It keeps from {least} to {most} seconds, {usual} by default: "
                "CloudFront refuses another order."
            ),
        )
