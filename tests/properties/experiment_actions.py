"""Actions and targets of AWS FIS with their parameters. Neither CloudFormation's schemas nor
cfn-lint know them.

Sources: AWS FIS user guide, actions reference and targets; API reference, CreateExperimentTemplate, read 2026-11.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tests.model.assembly import Assembly, Resource
from tests.model.values import Json
from tests.properties.promise import Verdicts


@dataclass(frozen=True, kw_only=True)
class Known:
    """An action.

    Args:
        key: name of its target.
        target: type of its target.
        changes: actions with side effects that its role needs.
        required: parameters that it must have.
        optional: parameters that it may have.
    """

    key: str
    target: str
    changes: frozenset[str]
    required: frozenset[str] = frozenset()
    optional: frozenset[str] = frozenset()


ACTIONS: Mapping[str, Known] = {
    "aws:network:disrupt-connectivity": Known(
        key="Subnets",
        target="aws:ec2:subnet",
        changes=frozenset(
            {
                "ec2:CreateNetworkAcl",
                "ec2:CreateNetworkAclEntry",
                "ec2:CreateTags",
                "ec2:DeleteNetworkAcl",
                "ec2:ReplaceNetworkAclAssociation",
            }
        ),
        required=frozenset({"scope", "duration"}),
    ),
    "aws:rds:reboot-db-instances": Known(
        key="DBInstances", target="aws:rds:db", changes=frozenset({"rds:RebootDBInstance"}), optional=frozenset({"forceFailover"})
    ),
    "aws:elasticache:replicationgroup-interrupt-az-power": Known(
        key="ReplicationGroups",
        target="aws:elasticache:replicationgroup",
        changes=frozenset({"elasticache:InterruptClusterAzPower"}),
        required=frozenset({"duration"}),
    ),
    "aws:ecs:stop-task": Known(key="Tasks", target="aws:ecs:task", changes=frozenset({"ecs:StopTask"})),
    "aws:eks:pod-delete": Known(
        key="Pods",
        target="aws:eks:pod",
        # By its user of Kubernetes, which no policy of IAM says.
        changes=frozenset(),
        required=frozenset({"kubernetesServiceAccount"}),
        optional=frozenset(
            {"fisPodAnnotations", "fisPodContainerImage", "fisPodLabels", "fisPodSecurityPolicy", "gracePeriodSeconds", "maxErrorsPercent"}
        ),
    ),
}
"""Actions that work here. Those on instances are not among them: EKS Auto Mode refuses them (Amazon EKS user guide, managed instances)."""


@dataclass(frozen=True, kw_only=True)
class Parameters:
    """Parameters of a type of target.

    Args:
        required: those that it must have.
        optional: those that it may have.
        tags: whether it is found by tags.
    """

    required: frozenset[str] = frozenset()
    optional: frozenset[str] = frozenset()
    tags: bool = True


TARGETS: Mapping[str, Parameters] = {
    "aws:ec2:subnet": Parameters(optional=frozenset({"availabilityZoneIdentifier", "vpc"})),
    "aws:rds:db": Parameters(optional=frozenset({"availabilityZoneIdentifiers"})),
    "aws:elasticache:replicationgroup": Parameters(required=frozenset({"availabilityZoneIdentifier"})),
    "aws:ecs:task": Parameters(required=frozenset({"cluster", "service"})),
    "aws:eks:pod": Parameters(
        required=frozenset({"clusterIdentifier", "namespace", "selectorType", "selectorValue"}),
        optional=frozenset({"availabilityZoneIdentifier", "targetContainerName"}),
        tags=False,
    ),
}
VALUE = re.compile(r"[\w\s.:/=+@-]{1,1024}")
"""A target's parameter (pattern of the API). It has no comma, although the user guide speaks of lists."""
MOST_ACTIONS, MOST_ALARMS = 20, 5
"""Of a template (AWS FIS user guide, quotas)."""


def it_is_accepted(template: Resource) -> Verdicts:
    """Check that AWS FIS accepts the template: errors appear only at deployment or at the start of
    an experiment.
    """
    yield template, len(template["Actions"]) <= MOST_ACTIONS and len(template["StopConditions"]) <= MOST_ALARMS, "It is over a quota."
    for name, action in template["Actions"].items():
        known = ACTIONS.get(action["ActionId"])
        yield template, known is not None, f"{name}: {action['ActionId']} is not an action of the table in experiment_actions.py."
        if known is None:
            continue
        said = set(action.get("Parameters", {}))
        fits = known.required <= said <= known.required | known.optional
        yield template, fits, f"{name}: {action['ActionId']} has no such parameters as {sorted(said)}."
        targets = {key: template["Targets"].get(target, {}).get("ResourceType") for key, target in action["Targets"].items()}
        yield template, targets == {known.key: known.target}, f"{name}: {action['ActionId']} takes {known.key}, of type {known.target}."
        yield template, not action.get("StartAfter"), f"{name} starts after another action. Start all actions of a lost zone together."
    for name, target in template["Targets"].items():
        problems = list(_problems(template.platform, template.stack, target))
        yield template, not problems, f"{name}: {', '.join(problems)}."


def _problems(platform: Assembly, stack: str, target: Json) -> Iterator[str]:
    known = TARGETS.get(target["ResourceType"])
    if known is None:
        yield f"{target['ResourceType']} is no type that is used here"
        return
    said: Json = target.get("Parameters", {})
    if not known.required <= set(said) <= known.required | known.optional:
        yield f"{target['ResourceType']} has no such parameters as {sorted(said)}"
    if bool(target.get("ResourceTags")) != known.tags or target.get("ResourceArns"):
        yield "it is found by tags" if known.tags else "no tag of it is read"
    # Values known only at deployment are names or ARNs; AWS FIS accepts all their characters.
    literal = {name: re.sub(r"\$\{[^}]+\}", "x", platform.text(stack, value)) for name, value in said.items()}
    yield from (f"AWS FIS refuses {value!r} as {name}" for name, value in literal.items() if not VALUE.fullmatch(value))
