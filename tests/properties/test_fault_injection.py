"""Promises: Fault injection."""

import re
from fnmatch import fnmatchcase

import yaml

from spotmusic_cdk.namespaces import EXPERIMENTER
from tests.properties.alarms import period_of
from tests.properties.databases import is_replica
from tests.properties.promise import Verdicts, promise
from tests.properties.releases import releases_of
from tools.checkout import ROOT
from tools.gameday.figures import FAILOVER_SECONDS
from tools.model.assembly import Assembly, Resource
from tools.model.statements import Statement, statements_of
from tools.model.values import Json

TEMPLATE = "AWS::FIS::ExperimentTemplate"
KNOWN: Json = yaml.safe_load(
    (ROOT / "tests" / "properties" / "experiment_actions.yaml").read_text()
)
VALUE = re.compile(r"[\w\s.:/=+@-]{1,1024}")
"""Parameter of a target (pattern of the API). It has no comma, although the user guide mentions
lists."""
MOST_ACTIONS, MOST_ALARMS = 20, 5
"""Limits of a template (AWS FIS user guide, quotas)."""
WHOLE = {
    "aws:rds:reboot-db-instances": {"forceFailover": "true"},
    "aws:network:disrupt-connectivity": {"scope": "all"},
}
"""Parameters without which an action has less effect than its experiment states."""
SOON = 300
"""Seconds after which an experiment has to end that listeners notice."""
LONGEST = 15
"""Minutes that a fault may last."""
LOOKING = ("*:Describe*", "*:List*", "*:Get*", "logs:*LogDelivery")
TYPES = {
    "aws:ec2:subnet": "AWS::EC2::Subnet",
    "aws:rds:db": "AWS::RDS::DBInstance",
    "aws:elasticache:replicationgroup": "AWS::ElastiCache::ReplicationGroup",
    "aws:ecs:task": "AWS::ECS::Service",
}
"""Type with the tags of a target: tasks get those of their service."""
WITH_PRIMARY = ("aws:rds:db", "aws:elasticache:replicationgroup")
"""Types of which one part leads, in one zone, and another takes over."""


def experiments(platform: Assembly) -> list[Resource]:
    return platform.some(TEMPLATE) if platform.settings.resilience.fault_injection else []


def wanted(platform: Assembly) -> set[str]:
    """Names of an environment's experiments: one for each fault of the game day."""
    zones = [zone[-1].upper() for zone in platform.settings.zones]
    by_zone = {f"{fault}{zone}" for zone in zones for fault in ("Zone", "CacheNode", "BrokerNode")}
    tasks = {f"Task-{name}" for name in platform.settings.services}
    return (
        by_zone
        | tasks
        | {"NatGateway", "CataloguePrimary", "IdentityPrimary", "Redpanda", "RabbitMQ"}
    )


@promise
def test_p135_experiments_stop_and_select_targets(platform: Assembly) -> Verdicts:
    """Experiments of AWS FIS end after 15 minutes at most, or when an objective is violated for
    longer than a failover takes. An experiment selects targets by tags and names, logs its actions,
    and its role grants only its fault. Its parameters are valid, and a zone outage includes the
    primaries in that zone. Each fault of the game day has an experiment; dev has none.

    Kept by: [game day](game-day.md), `FaultInjection`, `resilience.fault_injection`
    """
    expected = wanted(platform) if platform.settings.resilience.fault_injection else set()
    names = {template.tags["Name"] for template in platform.all(TEMPLATE)}
    mend = (
        f"Experiments are {sorted(names ^ expected)} off. See stacks/observability/experiments.py."
    )
    yield "resilience.fault_injection", names == expected, mend
    yield (
        platform.name,
        bool(expected) or not platform.settings.production,
        "Set resilience.fault_injection in production.",
    )
    admitting = {
        name
        for name, namespace in releases_of(platform)["ground"].values["namespaces"].items()
        if "experimentsBy" in namespace
    }
    brokers = set(broker_labels(platform)) if expected else set()
    yield (
        "charts/ground",
        admitting == brokers,
        f"Experiments delete pods in {sorted(admitting)}; brokers are in {sorted(brokers)}.",
    )
    for template in experiments(platform):
        yield from it_stops(template)
        yield from it_is_recorded(template)
        yield from it_is_accepted(template)
        for name, action in template["Actions"].items():
            target = template["Targets"].get(next(iter(action["Targets"].values())))
            yield template, target is not None, f"{name} names no target of the template."
            yield from it_finds_what_is_meant(template, target or {})
            yield template, does_it(action), f"{name} loses nothing: {action.get('Parameters')}."
            yield (
                template,
                minutes(action) <= LONGEST,
                f"{name} lasts {minutes(action)} minutes; {LONGEST} are enough to see.",
            )
        used = {
            target
            for action in template["Actions"].values()
            for target in action["Targets"].values()
        }
        yield template, used == set(template["Targets"]), "Remove targets without an action."
        yield from it_takes_all_of_one_zone(template)
    roles = {template: template.target("RoleArn") for template in experiments(platform)}
    for template, role in roles.items():
        yield (
            template,
            role is not None and role.type == "AWS::IAM::Role",
            "Give it a role of ours.",
        )
    for role in dict.fromkeys(filter(None, roles.values())):
        yield from it_may_do_nothing_else(role)


def it_stops(template: Resource) -> Verdicts:
    alarms = [
        template.platform.target(template.stack, stop.get("Value"))
        for stop in template["StopConditions"] or []
    ]
    sources = {stop["Source"] for stop in template["StopConditions"] or []}
    watched = bool(alarms) and all(
        alarm is not None and alarm.type == "AWS::CloudWatch::Alarm" for alarm in alarms
    )
    yield (
        template,
        sources == {"aws:cloudwatch:alarm"} and watched,
        "Set alarms as stop conditions, never `none`.",
    )
    critical = [
        rule
        for rule in template.platform.all("AWS::CloudWatch::CompositeAlarm")
        if "Severity: critical" in rule["AlarmDescription"]
    ]
    watched_for = {watches(alarm) for alarm in alarms if alarm}
    unheard = [
        str(rule)
        for rule in critical
        if not {watches(window) for window in rule.mentions("AlarmRule")} & watched_for
    ]
    yield template, not unheard, f"Add the stop alarms of {unheard}: every objective stops it."
    for alarm in filter(None, alarms):
        period, periods = period_of(alarm), alarm["EvaluationPeriods"] or 1
        soon = period * periods <= SOON and alarm["ActionsEnabled"] is not False
        yield alarm, soon, "It stops an experiment: five minutes are long enough."
        touched = max(FAILOVER_SECONDS.values()) // period + 1
        patient = (alarm["DatapointsToAlarm"] or periods) > touched and alarm[
            "TreatMissingData"
        ] == "notBreaching"
        yield (
            alarm,
            patient,
            (
                f"A failover that keeps to docs/recovery.md touches {touched} periods, and would "
                "end its own experiment."
            ),
        )
    # Any primary may be in another zone; the subnets of a zone always exist.
    options, mode = template["ExperimentOptions"], "skip" if cuts_a_zone_off(template) else "fail"
    careful = options == {"AccountTargeting": "single-account", "EmptyTargetResolutionMode": mode}
    yield template, careful, f"Keep it to this account, and let it {mode} where it finds nothing."


def it_is_accepted(template: Resource) -> Verdicts:
    """Check that AWS FIS accepts the template: errors appear only at deployment or at the start of
    an experiment.
    """
    yield (
        template,
        len(template["Actions"]) <= MOST_ACTIONS and len(template["StopConditions"]) <= MOST_ALARMS,
        "It is over a quota.",
    )
    for name, action in template["Actions"].items():
        known, id_ = KNOWN["actions"].get(action["ActionId"]), action["ActionId"]
        yield (
            template,
            known is not None,
            f"{name}: {id_} is not an action of experiment_actions.yaml.",
        )
        if known:
            yield (
                template,
                has_parameters(action, known["parameters"]),
                f"{name}: {id_} takes {known['parameters']}.",
            )
            targets = {
                key: template["Targets"].get(target, {}).get("ResourceType")
                for key, target in action["Targets"].items()
            }
            yield (
                template,
                targets == known["targets"],
                f"{name}: {id_} takes {known['targets']}, not {targets}.",
            )
        yield (
            template,
            not action.get("StartAfter"),
            f"{name} starts after another action. Start all actions of a lost zone together.",
        )
    for name, target in template["Targets"].items():
        type_, platform = target["ResourceType"], template.platform
        parameters = KNOWN["targets"].get(type_, "a type of experiment_actions.yaml")
        yield template, has_parameters(target, parameters), f"{name}: {type_} takes {parameters}."
        tagged = bool(target.get("ResourceTags")) == (type_ != "aws:eks:pod") and not target.get(
            "ResourceArns"
        )
        yield template, tagged, f"{name}: find it by tags; of pods no tag is read."
        for value in target.get("Parameters", {}).values():
            # Values known only at deployment are names or ARNs. AWS FIS accepts all their
            # characters.
            literal = re.sub(r"\$\{[^}]+\}", "x", platform.text(template.stack, value))
            yield template, bool(VALUE.fullmatch(literal)), f"{name}: AWS FIS refuses {literal!r}."


def has_parameters(part: Json, parameters: str) -> bool:
    """Return true if an action or target has the required parameters and no unknown ones."""
    names, said = parameters.split(), set(part.get("Parameters", {}))
    return (
        {name for name in names if not name.endswith("?")}
        <= said
        <= {name.removesuffix("?") for name in names}
    )


def minutes(action: Json) -> float:
    """Duration of an action in minutes; 0 without a duration."""
    said = action.get("Parameters", {}).get("duration", "PT0M")
    return int(match[1]) if (match := re.fullmatch(r"PT(\d+)M", said)) else float("inf")


def watches(alarm: Resource) -> str:
    """Metrics and thresholds of an alarm, independent of its periods."""
    metrics = [
        {**metric, "MetricStat": {**metric["MetricStat"], "Period": None}}
        if "MetricStat" in metric
        else metric
        for metric in alarm["Metrics"] or []
    ]
    return alarm.platform.text(
        alarm.stack, [metrics, alarm["ComparisonOperator"], alarm["Threshold"]]
    )


def it_is_recorded(template: Resource) -> Verdicts:
    log = template.target("LogConfiguration.CloudWatchLogsConfiguration.LogGroupArn")
    kept = log is not None and bool(log["KmsKeyId"]) and (log["RetentionInDays"] or 0) >= 184
    yield (
        template,
        kept and template["LogConfiguration.LogSchemaVersion"] == 2,
        "Log experiments to an encrypted log group of ours.",
    )
    writers = [
        policy
        for policy in template.platform.all("AWS::Logs::ResourcePolicy")
        if log in policy.mentions("PolicyDocument")
    ]
    yield (
        template,
        len(writers) == 1,
        "Allow log delivery to the group: the experiment does not start otherwise.",
    )


def does_it(action: Json) -> bool:
    """Return true if an action takes down the whole target: neither a reboot in place nor a
    disruption of S3 alone does.
    """
    said: Json = action.get("Parameters", {})
    return all(said.get(name) == value for name, value in WHOLE.get(action["ActionId"], {}).items())


def zone_of(target: Json) -> str | None:
    said = target.get("Parameters", {})
    zone: str | None = said.get("availabilityZoneIdentifier") or said.get(
        "availabilityZoneIdentifiers"
    )
    return zone


def cuts_a_zone_off(template: Resource) -> bool:
    return any(
        target["ResourceType"] == "aws:ec2:subnet" and zone_of(target)
        for target in template["Targets"].values()
    )


def it_takes_all_of_one_zone(template: Resource) -> Verdicts:
    """Every zone outage includes the primaries of the zone. All its actions are in the zone of the
    experiment's name.
    """
    zones = {zone_of(target) for target in template["Targets"].values()}
    named: set[str | None] = {
        zone
        for zone in template.platform.settings.zones
        if re.search(rf"(Zone|Node){zone[-1].upper()}$", template.tags["Name"])
    }
    yield (
        template,
        zones == (named or {None}),
        f"It is meant for {named or 'any zone'}, and looks in {zones}.",
    )
    if cuts_a_zone_off(template):
        holders = template.platform.some(*(TYPES[type_] for type_ in WITH_PRIMARY))
        found = {
            resource
            for target in template["Targets"].values()
            for resource in found_by(template.platform, target)
        }
        # A replica has no standby that takes over.
        missed = [
            str(holder) for holder in holders if holder not in found and not is_replica(holder)
        ]
        yield template, not missed, f"Add a failover of {missed}, which a zone outage includes."


def found_by(platform: Assembly, target: Json) -> list[Resource]:
    """Resources of the templates that a target selects."""
    type_, tags = TYPES.get(target.get("ResourceType", "")), target.get("ResourceTags", {})
    everything = platform.all(type_) if type_ else []
    return [
        resource
        for resource in everything
        if tags.items() <= resource.tags.items() and fits(resource, target)
    ]


def it_finds_what_is_meant(template: Resource, target: Json) -> Verdicts:
    if target.get("ResourceType") == "aws:eks:pod":
        yield from it_finds_one_pod(template, target["Parameters"], target["SelectionMode"])
        return
    platform, tags = template.platform, target.get("ResourceTags", {})
    found = found_by(platform, target)
    own = tags.get("Project") == "spotmusic" and tags.get("Env") == platform.settings.name
    yield template, own, "Name the tags Project and Env of this environment."
    at_once = len(found) if target.get("SelectionMode") == "ALL" else 1
    most = {
        "aws:ec2:subnet": len(platform.some("AWS::EC2::Subnet")) / len(platform.settings.zones),
        # A zone has a node of every cache.
        "aws:elasticache:replicationgroup": 1 + len(platform.settings.data.cache.own),
    }.get(target.get("ResourceType", ""), 1)
    holds = 1 <= at_once <= most and bool(found)
    yield (
        template,
        holds,
        (
            f"It selects {[str(resource) for resource in found]} and disrupts {at_once}. "
            "Correct the target."
        ),
    )


def fits(resource: Resource, target: Json) -> bool:
    """Return true if parameters and filters select a resource, as far as the template shows."""
    platform, stack = resource.platform, "observability"
    said = target.get("Parameters", {})
    zone, vpc, service = (
        said.get(name) for name in ("availabilityZoneIdentifier", "vpc", "service")
    )
    if resource.type == "AWS::EC2::Subnet":
        return (zone is None or resource["AvailabilityZone"] == zone) and platform.target(
            stack, vpc
        ) is resource.target("VpcId")
    if resource.type == "AWS::ECS::Service":
        return platform.text(stack, service) == platform.text(
            resource.stack, {"Fn::GetAtt": [resource.id, "Name"]}
        )
    filters = {item["Path"]: item["Values"] for item in target.get("Filters", [])}
    if resource.type == "AWS::RDS::DBInstance":
        return [
            platform.target(stack, value) for value in filters.get("DBInstanceIdentifier", [])
        ] == [resource]
    return zone in platform.settings.zones


def it_finds_one_pod(template: Resource, said: Json, selection: str) -> Verdicts:
    platform = template.platform
    cluster = platform.target(template.stack, said.get("clusterIdentifier"))
    yield (
        template,
        cluster is platform.only("AWS::EKS::Cluster") and selection == "COUNT(1)",
        "Select one pod of our cluster.",
    )
    label = tuple(said.get("selectorValue", "").split("="))
    brokers = (
        said.get("selectorType") == "labelSelector"
        and label in broker_labels(platform).get(said.get("namespace", ""), {}).items()
    )
    yield (
        template,
        brokers,
        f"{'='.join(label)} is not a label of the brokers in {said.get('namespace')}.",
    )
    admitted = (
        releases_of(platform)["ground"]
        .values["namespaces"]
        .get(said.get("namespace"), {})
        .get("experimentsBy")
    )
    yield (
        template,
        admitted == EXPERIMENTER,
        "Allow experiments in the namespace, in the chart `ground`.",
    )
    for action in template["Actions"].values():
        image = platform.text(
            template.stack, action.get("Parameters", {}).get("fisPodContainerImage")
        )
        yield (
            template,
            ".dkr.ecr." in image,
            "Use an image of our registry: the VPC endpoints reach no other account.",
        )
        confined = action.get("Parameters", {}).get("fisPodSecurityPolicy") == "restricted"
        holds = (
            confined
            and action.get("Parameters", {}).get("kubernetesServiceAccount") == EXPERIMENTER
        )
        yield (
            template,
            holds,
            "Make the pod satisfy the restricted Pod Security standard of its namespace.",
        )


def broker_labels(platform: Assembly) -> dict[str, Json]:
    """Labels in the anti-affinity of the brokers, from their charts."""
    redpanda = releases_of(platform)["redpanda"].values["statefulset"]["podTemplate"]["spec"][
        "affinity"
    ]
    rabbitmq = releases_of(platform)["rabbitmq"].values["affinity"]
    rule = "requiredDuringSchedulingIgnoredDuringExecution"
    affinities = {"redpanda": redpanda, "rabbitmq": rabbitmq}
    return {
        name: affinity["podAntiAffinity"][rule][0]["labelSelector"]["matchLabels"]
        for name, affinity in affinities.items()
    }


def it_may_do_nothing_else(role: Resource) -> Verdicts:
    platform = role.platform
    policies = {
        policy
        for policy in platform.all("AWS::IAM::ManagedPolicy")
        if role in policy.mentions("Roles")
    } | {role}
    statements = [
        statement for statement in statements_of(platform) if statement.resource in policies
    ]
    yield (
        role,
        not role["ManagedPolicyArns"],
        "Remove AWS managed policies: they allow all resources.",
    )
    may = {
        action
        for s in statements
        if s.kind == "identity"
        for action in s.actions
        if not any(fnmatchcase(action, p) for p in LOOKING)
    }
    ids = {
        action["ActionId"]
        for user in platform.users_of(role, TEMPLATE)
        for action in user["Actions"].values()
    }
    needed = {
        change
        for id_ in ids & KNOWN["actions"].keys()
        for change in KNOWN["actions"][id_]["changes"]
    }
    yield role, may == needed, f"It may {sorted(may)}; its experiments need {sorted(needed)}."
    changing = [s for s in statements if s.kind == "identity" and may & set(s.actions)]
    yield (
        role,
        all(confined(s) for s in changing),
        f"Name resources or conditions in {[str(s) for s in changing if not confined(s)]}.",
    )
    trusted = [s for s in statements if s.kind == "trust"]
    only_fis = [s.principals for s in trusted] == [(("Service", "fis.amazonaws.com"),)]
    ours = all({"aws:sourceaccount", "aws:sourcearn"} <= s.condition_keys for s in trusted)
    yield (
        role,
        only_fis and ours,
        "Allow only AWS FIS to assume it, for experiments of this account.",
    )


def confined(statement: Statement) -> bool:
    """Return true if a right names resources, or a condition restricts its wildcard."""
    texts = statement.texts()
    return "*" not in texts and (
        bool(statement.conditions) or not any(text.endswith("*") for text in texts)
    )
