"""Faults of alarms, topics and what is told to whom; and of whole stacks."""

from tests.mutants.changes import drop, gone, manifest, policies, put, reads
from tests.mutants.fault import Fault

ALARM, COMPOSITE = "AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm"
TOPIC = "AWS::SNS::Topic"

FAULTS = (
    Fault("alarm gone", "*", gone, "What it watches breaks unseen.", of=ALARM),
    Fault("objective's alarm gone", "*", gone, "The error budget burns unseen.", of=COMPOSITE),
    Fault("alarm that tells nobody", "*Alarms*", put("ActionsEnabled", to=False), "The same, and the console shows red.", of=ALARM),
    Fault("objective's alarm that tells nobody", "*", drop("AlarmActions"), "The same.", of=COMPOSITE),
    Fault("alarm that never says it is over", "edge/*Alarms*", drop("OKActions"), "Somebody is kept up all night.", of=ALARM),
    Fault("alarm without a word on missing data", "edge/*Alarms*", drop("TreatMissingData"), "No data counts as no decision.", of=ALARM),
    Fault(
        "alarm without runbook",
        "edge/*Alarms*",
        put("AlarmDescription", to="Something is wrong"),
        "Whoever is woken does not know what to do.",
        of=ALARM,
    ),
    Fault("alarms that nobody gets", "*", gone, "Every alarm rings in an empty room.", of="AWS::SNS::Subscription"),
    Fault("topic under AWS's key", "*", drop("KmsMasterKeyId"), "CloudWatch may not publish, or anybody may read.", of=TOPIC),
    Fault(
        "topic in clear",
        "observability/AlarmTopicPolicy",
        drop("PolicyDocument", "Statement", {"Sid": "NobodyPublishesWithoutTls"}),
        "Alarms can be read, and made up, on the wire.",
    ),
    Fault(
        "topic for anybody",
        "observability/AlarmTopicPolicy",
        put("PolicyDocument", "Statement", 0, "Principal", to="*"),
        "Anybody wakes the team.",
    ),
    Fault("budget gone", "observability/Budget", gone, "A loop costs a month's money in a night."),
    Fault("budget that tells nobody", "observability/Budget", drop("NotificationsWithSubscribers"), "The same."),
    Fault("event rule gone", "observability/EventLog*", gone, "What AWS tells is not counted.", of="AWS::Events::Rule"),
    Fault(
        "deletion of a key heard when it is over",
        "observability/EventLogCountEndangeredKeys",
        reads("ScheduleKeyDeletion", "DeleteKey"),
        "The data is lost when somebody is woken.",
        of="AWS::Logs::MetricFilter",
    ),
    Fault("count of events gone", "observability/EventLog*", gone, "Its alarm waits for ever.", of="AWS::Logs::MetricFilter"),
    Fault(
        "events kept for a month", "observability/EventLogLogGroup", put("RetentionInDays", to=30), "An incident cannot be told any more."
    ),
    Fault(
        "samples of metrics deleted with their stack",
        "observability/Prometheus",
        policies(DeletionPolicy="Delete"),
        "A year of numbers is gone.",
    ),
    Fault(
        "Prometheus may do all of its service",
        "observability/MonitoringReleaseWritePolicy",
        put("PolicyDocument", "Statement", 0, "Action", to="aps:*"),
        "It deletes the past.",
    ),
    Fault("dashboard gone", "observability/Dashboard", gone, "Whoever is woken sees nothing."),
    Fault(
        "objective lowered",
        "observability/AvailabilityCritical*",
        reads('"Threshold": ', '"Threshold": 9'),
        "It rings when all is lost.",
        of=ALARM,
    ),
    Fault(
        "stack that may be deleted", "data/BackupVault", manifest("terminationProtection", to=False), "One click takes the data stack away."
    ),
    Fault("resource without owner", "data/AudioBucket", put("Tags", {"Key": "Owner"}, "Key", to="Owned"), "Nobody feels asked."),
    Fault("class of data untold", "data/CatalogueInstance", drop("Tags", {"Key": "DataClass"}), "It is treated as if it were public."),
)
