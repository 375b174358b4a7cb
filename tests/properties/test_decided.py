"""Decisions that no validation enforces: their opposite would deploy."""

import re
from collections import defaultdict

from tests.charts.validation import name_of
from tests.metric_math import value_of
from tests.model.assembly import Assembly, Resource, texts_of
from tests.model.cluster import RenderedCluster
from tests.model.values import Json
from tests.properties.alarms import ALARM, metrics_of, severity_of
from tests.properties.promise import Verdicts, rule

FOR_AWS = {"kms:GrantIsForAWSResource", "aws:ViaAWSService"}
"""Condition keys of grants for AWS services; EKS and Prometheus send the second only."""
OUTAGES = {
    ("DesiredTaskCount", "RunningTaskCount"): ([2, 0], [2, 2]),
    ("TargetResponseTime",): ([0], [100]),
}
"""Values of metrics, in the order of their names, at which a formula rings, and at which it is silent."""
NODES = {
    "karpenter.sh/capacity-type",
    "kubernetes.io/arch",
    "eks.amazonaws.com/instance-category",
    "eks.amazonaws.com/instance-generation",
    "eks.amazonaws.com/instance-encryption-in-transit-supported",
}
"""Labels by which EKS Auto Mode chooses machines (Amazon EKS user guide, supported labels); no machine has another."""
PARAMETERS = {
    "general_log",
    "innodb_print_all_deadlocks",
    "local_infile",
    "log_output",
    "long_query_time",
    "require_secure_transport",
    "slow_query_log",
    "sql_generate_invisible_primary_key",
    "tls_version",
}
"""Parameters of MySQL 8.4 that are set (MySQL reference manual, server system variables)."""
NAMED = ("AWS::ECS::TaskDefinition", "AWS::IAM::ManagedPolicy", "AWS::IAM::Role", "AWS::SSM::Parameter")
PORTS = ("AWS::EC2::SecurityGroupEgress", "AWS::EC2::SecurityGroupIngress")
PARAMETER = re.compile(r"(?:parameter|^)/spotmusic/([\w-]+)/")


@rule
def test_keys_are_enabled(platform: Assembly) -> Verdicts:
    for key in platform.some("AWS::KMS::Key"):
        yield key, key["Enabled"] in (None, True), "Leave it enabled: nothing under it can be read."


@rule
def test_key_statements_have_conditions(platform: Assembly) -> Verdicts:
    for key in platform.some("AWS::KMS::Key"):
        for statement in key["KeyPolicy.Statement"]:
            said = {name: value for keys in statement.get("Condition", {}).values() for name, value in keys.items()}
            if statement.get("Sid") == "AccountAdministersThroughIam":
                continue
            complete = bool(said)
            if statement["Effect"] == "Deny":
                service = said.get("aws:PrincipalIsAWSService") == "false"
                complete = service and [said[name] for name in FOR_AWS & said.keys()] == ["false"]
            elif statement.get("Principal") == {"AWS": "*"}:
                complete = {"kms:CallerAccount", "kms:ViaService"} <= said.keys() and bool(said["kms:ViaService"])
                complete = complete and said.get("kms:GrantIsForAWSResource", "true") == "true"
            yield key, complete, f"Confine {statement.get('Sid') or statement['Principal']}: {said} lets others in."


@rule
def test_audio_never_expires(platform: Assembly) -> Verdicts:
    for bucket in platform.some("AWS::S3::Bucket"):
        if bucket.name in ("data/AudioBucket", "data/WebBucket"):
            ends = [
                rule
                for rule in bucket["LifecycleConfiguration.Rules"] or []
                if {"Expiration", "ExpirationInDays", "ExpirationDate"} & rule.keys()
            ]
            yield bucket, not ends, f"{ends} deletes objects that listeners use. Restrict the rule."


@rule
def test_budgets_are_of_a_month_or_day(platform: Assembly) -> Verdicts:
    for budget in platform.some("AWS::Budgets::Budget"):
        said = [budget[f"Budget.{name}"] for name in ("BudgetType", "TimeUnit", "BudgetLimit.Unit")]
        unit = "DAILY" if "Daily" in budget.id else "MONTHLY"
        yield budget, said == ["COST", unit, "USD"], f"observability.monthly_budget_usd is no limit on {said}."
        kinds = {notified["Notification"].get("ThresholdType") for notified in budget["NotificationsWithSubscribers"]}
        yield budget, kinds == {"PERCENTAGE"}, f"80 is a percentage, not {kinds}."


@rule
def test_user_functions_have_one_database(platform: Assembly) -> Verdicts:
    """Host and master secret belong to the same database, which is in the name of the function."""
    for function in platform.some("AWS::Lambda::Function"):
        if function["Environment.Variables.MASTER_SECRET_ARN"]:
            of = {
                target.name
                for name in ("DATABASE_HOST", "MASTER_SECRET_ARN")
                for target in function.mentions(f"Environment.Variables.{name}")
            }
            yield function, of == {function.name.replace("UsersFunction", "Instance")}, f"It logs in to {sorted(of)}."


@rule
def test_parameters_are_of_this_environment(platform: Assembly) -> Verdicts:
    for resource in platform.some(*NAMED):
        others = {name for _, text in texts_of(resource) for name in PARAMETER.findall(text)} - {platform.settings.name}
        yield resource, not others, f"It reads parameters of {sorted(others)}."


@rule
def test_containers_get_time_to_start(platform: Assembly) -> Verdicts:
    for task in platform.some("AWS::ECS::TaskDefinition"):
        for container in task["ContainerDefinitions"]:
            check = container.get("HealthCheck", {})
            yield task, 30 <= check.get("StartPeriod", 0) <= 120, "A container that starts is killed: ECS asks at once without StartPeriod."


@rule
def test_node_pools_ask_for_known_labels(platform: Assembly, cluster: RenderedCluster) -> Verdicts:
    for _, pool in cluster.of_kind("NodePool"):
        asked = {entry["key"] for entry in pool["spec"]["template"]["spec"]["requirements"]}
        yield name_of(pool), asked <= NODES, f"No machine has {sorted(asked - NODES)}: no node is ever made."


@rule
def test_engine_parameters_exist(platform: Assembly) -> Verdicts:
    for group in platform.some("AWS::RDS::DBParameterGroup"):
        unknown = set(group["Parameters"]) - PARAMETERS
        yield group, not unknown, f"Read the engine's manual, and add {sorted(unknown)}: RDS refuses a misspelt one halfway."


@rule
def test_open_ports_have_range_and_peer(platform: Assembly) -> Verdicts:
    for opened in platform.some(*PORTS):
        told = opened["IpProtocol"] == "-1" or None not in (opened["FromPort"], opened["ToPort"])
        yield opened, told, "Say from which port to which: EC2 refuses it."
        peers = [name for name in opened.properties if name.startswith(("Cidr", "Source", "Destination")) and "OwnerId" not in name]
        yield opened, len(peers) == 1, f"Open it to one peer, not {peers}."


@rule
def test_metric_sources_are_complete(platform: Assembly) -> Verdicts:
    for resource, sources in formulas(platform):
        for source in sources:
            metric = source.get("MetricStat", {}).get("Metric", {})
            read = {"Period", "Stat"} <= source.get("MetricStat", {}).keys() or resource.type != ALARM
            told = "Expression" in source or (read and bool(metric.get("Namespace")) and bool(metric.get("MetricName")))
            yield resource, told, f"Say what {source.get('Id')} reads."
        returned = [source for source in sources if source.get("ReturnData", True)]
        yield resource, len(returned) == 1 and all("ReturnData" in source for source in sources), "Return one value, and say which."


def formulas(platform: Assembly) -> list[tuple[Resource, list[Json]]]:
    """Resources that compute a value from several metrics."""
    read = "TargetTrackingScalingPolicyConfiguration.CustomizedMetricSpecification.Metrics"
    found = [(alarm, alarm["Metrics"]) for alarm in platform.some(ALARM)]
    found += [(policy, policy[read]) for policy in platform.all("AWS::ApplicationAutoScaling::ScalingPolicy")]
    return [(resource, sources) for resource, sources in found if sources]


@rule
def test_formulas_ring_in_outages(platform: Assembly) -> Verdicts:
    """An inverted formula is silent in an outage and fires without one."""
    for alarm in platform.some(ALARM):
        ids = {
            source["MetricStat"]["Metric"].get("MetricName"): source["Id"] for source in alarm["Metrics"] or [] if "MetricStat" in source
        }
        for values, rings in zip(OUTAGES.get(tuple(sorted(ids, key=str)), ()), (True, False), strict=False):
            (formula,) = (source["Expression"] for source in alarm["Metrics"] if "Expression" in source)
            value = value_of(formula, {ids[name]: number for name, number in zip(sorted(ids), values, strict=True)})
            yield alarm, (value is not None and value >= alarm["Threshold"]) is rings, f"With {values} it is {value}."


@rule
def test_no_two_alarms_are_the_same(platform: Assembly) -> Verdicts:
    """Two alarms on the same value leave another value unwatched."""
    found: dict[object, list[str]] = defaultdict(list)
    for alarm in platform.some(ALARM):
        read = str(
            [(metric["MetricName"], metric["Statistic"], metric.get("Dimensions"), metric["Namespace"]) for metric in metrics_of(alarm)]
        )
        found[alarm.stack, read, severity_of(alarm), alarm["Threshold"], alarm["Period"], str(alarm["Metrics"])].append(alarm.name)
    for names in found.values():
        yield names[0], len(names) == 1, f"{names} are identical. Remove or correct one."
