"""Decisions that no validation enforces: their opposite would deploy."""

import re

from tests.charts.validation import name_of
from tests.model.assembly import Assembly, texts_of
from tests.model.cluster import RenderedCluster
from tests.properties.promise import Verdicts, rule

FOR_AWS = {"kms:GrantIsForAWSResource", "aws:ViaAWSService"}
"""Condition keys of grants for AWS services; EKS and Prometheus send the second only."""
NODES = {
    "karpenter.sh/capacity-type",
    "kubernetes.io/arch",
    "eks.amazonaws.com/instance-category",
    "eks.amazonaws.com/instance-generation",
    "eks.amazonaws.com/instance-encryption-in-transit-supported",
}
"""Labels by which EKS Auto Mode chooses machines (Amazon EKS user guide, supported labels); no machine has another."""
NAMED = ("AWS::ECS::TaskDefinition", "AWS::IAM::ManagedPolicy", "AWS::IAM::Role", "AWS::SSM::Parameter")
PORTS = ("AWS::EC2::SecurityGroupEgress", "AWS::EC2::SecurityGroupIngress")
PARAMETER = re.compile(r"(?:parameter|^)/spotmusic/([\w-]+)/")


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
def test_open_ports_have_range_and_peer(platform: Assembly) -> Verdicts:
    for opened in platform.some(*PORTS):
        told = opened["IpProtocol"] == "-1" or None not in (opened["FromPort"], opened["ToPort"])
        yield opened, told, "Say from which port to which: EC2 refuses it."
        peers = [name for name in opened.properties if name.startswith(("Cidr", "Source", "Destination")) and "OwnerId" not in name]
        yield opened, len(peers) == 1, f"Open it to one peer, not {peers}."
