"""Faults of experiments, and of the room that is left when something is lost."""

from tests.mutants.changes import both, drop, gone, put, reads, value
from tests.mutants.fault import Fault

TEMPLATE = "AWS::FIS::ExperimentTemplate"
ZONE = "observability/FaultsInjectionZone?Template"
GROUND, KONG = "eks-platform/GroundReleaseChart", "eks-platform/KongReleaseChart"
DOCUMENT = ("PolicyDocument", "Statement")

FAULTS = (
    Fault("experiment gone", "*", gone, "Nobody knows whether the platform survives it.", of=TEMPLATE),
    Fault(
        "experiment that nothing stops",
        "*",
        put("StopConditions", to=[{"Source": "none"}]),
        "It goes on while listeners suffer.",
        of=TEMPLATE,
    ),
    Fault("experiment that one objective stops", "*", drop("StopConditions", 1), "It goes on while everybody waits.", of=TEMPLATE),
    Fault(
        "experiment that its own failover ends",
        "observability/*Outlasting",
        put("DatapointsToAlarm", to=2),
        "It is over before anybody sees what the zone's loss brings.",
    ),
    Fault(
        "experiment that is ended late",
        "observability/*Outlasting",
        put("EvaluationPeriods", to=30),
        "Listeners wait for half an hour.",
    ),
    Fault(
        "experiment that no error ends",
        "observability/*Outlasting",
        put("Threshold", to=100),
        "It goes on while every second request fails.",
    ),
    Fault(
        "experiment on nothing succeeds",
        "observability/FaultsInjection[!Z]*",
        put("ExperimentOptions", "EmptyTargetResolutionMode", to="skip"),
        "A game day is passed in which nothing was broken.",
        of=TEMPLATE,
    ),
    Fault("experiment without record", "*", drop("LogConfiguration"), "Nobody can tell what was broken when.", of=TEMPLATE),
    Fault(
        "experiment on a zone that spares its primary",
        ZONE,
        both(drop("Targets", "catalogue"), drop("Actions", "catalogue")),
        "The failover that a lost zone brings is never practised with the rest.",
    ),
    Fault(
        "experiment on a zone that fails over what stands elsewhere",
        ZONE,
        drop("Targets", "identity", "Parameters"),
        "Logins stop in a zone that nothing happened to.",
    ),
    Fault(
        "experiment on a zone that wants every primary in it",
        ZONE,
        put("ExperimentOptions", "EmptyTargetResolutionMode", to="fail"),
        "It fails to start in two zones of three.",
    ),
    Fault(
        "experiment on a zone one after the other",
        ZONE,
        put("Actions", "catalogue", "StartAfter", to=["zone"]),
        "The primary fails over when its zone is back.",
    ),
    Fault(
        "experiment that reboots in place",
        "observability/FaultsInjectionCataloguePrimaryTemplate",
        drop("Actions", "database", "Parameters"),
        "It looks like a failover, and the standby never leads.",
    ),
    Fault(
        "experiment on a node in two zones",
        "observability/FaultsInjectionBrokerNode?Template",
        drop("Targets", "tasks", "Parameters", "availabilityZoneIdentifier"),
        "It takes what two nodes hold.",
    ),
    Fault("experiment on every zone", ZONE, drop("Targets", "zone", "Parameters", "availabilityZoneIdentifier"), "It cuts everything off."),
    Fault("experiment on every environment", ZONE, drop("Targets", "zone", "ResourceTags", "Env"), "It breaks the neighbour's too."),
    Fault("zone cut off for a day", ZONE, put("Actions", "zone", "Parameters", "duration", to="PT12H"), "Nobody waits for its end."),
    Fault(
        "experiment on every database",
        "observability/FaultsInjectionCataloguePrimaryTemplate",
        both(drop("Targets", "database", "ResourceTags", "Component"), drop("Targets", "database", "Filters")),
        "Logins stop with the catalogue.",
    ),
    Fault(
        "experiment on every broker",
        "observability/FaultsInjectionRedpandaTemplate",
        put("Targets", "broker", "SelectionMode", to="ALL"),
        "The quorum is gone, and events with it.",
    ),
    Fault(
        "experiment on a list of labels",
        "observability/FaultsInjectionRedpandaTemplate",
        put("Targets", "broker", "Parameters", "selectorValue", to="app.kubernetes.io/instance=redpanda,app.kubernetes.io/name=redpanda"),
        "AWS FIS refuses the comma, and the stack of alarms is not deployed.",
    ),
    Fault(
        "experiment on every pod of a broker's release",
        "observability/FaultsInjectionRedpandaTemplate",
        put("Targets", "broker", "Parameters", "selectorValue", to="app.kubernetes.io/part-of=redpanda"),
        "It deletes whatever stands beside a broker.",
    ),
    Fault(
        "experiment by a parameter of another action",
        "observability/FaultsInjectionCacheNode?Template",
        put("Targets", "cache", "Parameters", to={"availabilityZoneIdentifiers": "sa-east-1a"}),
        "AWS FIS refuses it, and the stack of alarms is not deployed.",
    ),
    Fault("database that no experiment finds", "data/*Instance", reads('"Component"', '"Part"'), "Its failover is never practised."),
    Fault(
        "experiment's role for any database",
        "observability/FaultsDatabaseRolePolicy",
        put(*DOCUMENT, {"Sid": "FailOver"}, "Resource", to="*"),
        "A mistake in a template restarts a stranger's database.",
    ),
    Fault(
        "experiment's role that deletes",
        "observability/FaultsDatabaseRolePolicy",
        put(*DOCUMENT, {"Sid": "FailOver"}, "Action", to=["rds:RebootDBInstance", "rds:DeleteDBInstance"]),
        "An experiment can take the catalogue away.",
    ),
    Fault(
        "experiment's role in any network",
        "observability/FaultsNetworkRolePolicy",
        drop(*DOCUMENT, {"Sid": "PutAclBeforeSubnet"}, "Condition"),
        "An experiment cuts off what is not ours.",
    ),
    Fault(
        "experiment's role for other accounts",
        "observability/Faults*Role",
        drop("AssumeRolePolicyDocument", "Statement", 0, "Condition"),
        "FIS lends it to whoever asks elsewhere.",
        of="AWS::IAM::Role",
    ),
    Fault("record of experiments in clear", "observability/FaultsInjectionLog", drop("KmsKeyId"), "Whoever reads the disk reads it."),
    Fault(
        "experiment as administrator of the cluster",
        "observability/FaultsPodAccess",
        put("KubernetesGroups", to=["system:masters"]),
        "An experiment can do anything in the cluster.",
    ),
    Fault(
        "experiments in every namespace",
        GROUND,
        value("namespaces", "kong", "experimentsBy", to="fault-injection"),
        "They delete gateways.",
    ),
    Fault("gateways without room", KONG, value("autoscaling", "maxReplicas", to=8), "The peak does not fit when a zone is lost."),
    Fault(
        "database too small for its connections",
        "data/CatalogueInstance",
        put("DBInstanceClass", to="db.t4g.medium"),
        "After a failover the last services to return are refused.",
    ),
)
