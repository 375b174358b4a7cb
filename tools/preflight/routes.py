"""Check of blue/green listener rules before an update that resets their weights."""

from collections.abc import Iterator, Mapping
from typing import Any

from tools.preflight.finding import Ask, Context, Finding, fix, ok, standing

GROUP = "AWS::ElasticLoadBalancingV2::TargetGroup"
RULE = "AWS::ElasticLoadBalancingV2::ListenerRule"
STACK = "ecs-services"


def weights(context: Context) -> Iterator[Finding]:
    """Find services with tasks in the target group that this update moves traffic away from.

    ECS swaps the weights at every deployment, and CloudFormation writes 100 and 0 when it updates a
    rule (aws/aws-cdk#36649): for a service that becomes `rolling`, and for rules with their own
    tags, as in release 0.1.0.
    """
    check, resources = "blue/green weights", standing(context, STACK)
    swapped = [
        name
        for name, service in context.settings.services.items()
        if _swapped(context, name, resources, whatever_tags=service.deployment == "rolling")
    ]
    for name in swapped:
        detail = "the tasks are in the alternate group, but the update routes requests to the other"
        yield fix(f"{check} {name}", detail, _deployment(context, name, resources))
    if not swapped:
        yield ok(
            check,
            "no update moves traffic away from running tasks"
            if resources
            else f"stack {STACK} does not exist yet",
        )


def _swapped(
    context: Context, name: str, resources: Mapping[str, tuple[str, str]], *, whatever_tags: bool
) -> bool:
    alternates = part_of(name, "IngressAlternateTargetGroup", GROUP, resources)
    rules = part_of(name, "IngressRule", RULE, resources)
    if not alternates or not rules:
        return False
    client = context.home("elbv2")
    if not whatever_tags:
        described = client.describe_tags(ResourceArns=rules)["TagDescriptions"]
        tagged = {
            entry["ResourceArn"]
            for entry in described
            if any(not tag["Key"].startswith("aws:") for tag in entry.get("Tags", ()))
        }
        rules = [rule for rule in rules if rule in tagged]
    live = client.describe_rules(RuleArns=rules)["Rules"] if rules else []
    return any(
        group.get("TargetGroupArn") in alternates and group.get("Weight")
        for rule in live
        for group in _groups(rule)
    )


def _groups(rule: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for action in rule.get("Actions", ()):
        yield from action.get("ForwardConfig", {}).get("TargetGroups", ())


def part_of(
    service: str, part: str, kind: str, resources: Mapping[str, tuple[str, str]]
) -> list[str]:
    """Return the physical ids of a service's resources.

    Args:
        service: name of the service.
        part: suffix of the name, without hyphens, in logical ids.
        kind: type of the resource.
        resources: type and physical id by logical id.
    """
    start = f"{service.replace('-', '')}{part}"
    return [
        found
        for logical_id, (type_, found) in resources.items()
        if type_ == kind and logical_id.startswith(start)
    ]


def _deployment(context: Context, name: str, resources: Mapping[str, tuple[str, str]]) -> str:
    service = next(iter(part_of(name, "Service", "AWS::ECS::Service", resources)), "<service>")
    cluster = next(
        (found for kind, found in resources.values() if kind == "AWS::ECS::Cluster"), "<cluster>"
    )
    at = f"--region {context.settings.region}"
    deploy = f"aws ecs update-service {at} --cluster {cluster} --service {service}"
    return f"{deploy} --force-new-deployment; run it once, then check again"


CHECKS: dict[str, Ask] = {"blue/green weights": weights}
