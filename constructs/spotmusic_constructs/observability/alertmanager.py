"""Values of Alertmanager: three replicas, which publish alerts to the SNS topics of alarms."""

from collections.abc import Mapping

from spotmusic_constructs.kubernetes.images import Image
from spotmusic_constructs.kubernetes.pod import PLATFORM_PRIORITY, POD_SECURITY, resources, spread
from spotmusic_constructs.observability.alarm import Recipients, Severity

SERVICE_ACCOUNT = "alertmanager"
REPLICAS = 3
GOSSIP_PORT = 9094
"""Port of TCP and UDP by which replicas find and inform each other (Alertmanager, README, High
availability)."""
SUBJECT_LETTERS = 99
"""SNS refuses a subject of 100 letters or more."""
_SUBJECTS = (
    "service",
    "persistentvolumeclaim",
    "poddisruptionbudget",
    "queue",
    "node",
    "pod",
    "name",
    "slo",
    "exported_namespace",
    "namespace",
)
"""Labels of the subject of an alert, in order. The first label that all alerts of a message share
is in the subject of the message."""
MESSAGE = (
    "{{ range .Alerts }}{{ .Status }}: {{ .Annotations.summary }}\n"
    "{{ .Annotations.description }}\n"
    "Runbook: {{ .Annotations.runbook_url }}\n"
    "Since: {{ .StartsAt }}\n"
    "Labels: {{ .Labels }}\n\n"
    "{{ end }}"
)


def subject(environment: str) -> str:
    """Return the template of a message's subject: environment, state, severity, name, label."""
    place = f"[{environment}] " if environment else ""
    named = " ".join(f".CommonLabels.{label}" for label in _SUBJECTS)
    line = (
        f'printf "{place}%s %s: %s %s" (.Status | toUpper) .CommonLabels.severity'
        f" .CommonLabels.alertname (or {named})"
    )
    return f'{{{{ $line := {line} }}}}{{{{ printf "%.{SUBJECT_LETTERS}s" $line }}}}'


def alertmanager_values(
    *,
    image: Image,
    recipients: Recipients,
    heartbeat_arn: str,
    region: str,
    storage_class: str,
    zones: int,
) -> dict[str, object]:
    """Return the values below `alertmanager`.

    Args:
        image: image of Alertmanager.
        recipients: topics of alerts.
        heartbeat_arn: SNS topic of the heartbeat; its silence causes an alarm.
        region: region of the topics.
        storage_class: class of the volumes that keep silences.
        zones: availability zones of the cluster.
    """
    return {
        "serviceAccount": {"create": True, "name": SERVICE_ACCOUNT},
        # One pod may be evicted. The chart sets minAvailable by default and cannot unset it, and
        # Kubernetes rejects a budget with both fields.
        "podDisruptionBudget": {"enabled": True, "minAvailable": REPLICAS - 1},
        "config": _config(recipients, heartbeat_arn, region),
        "alertmanagerSpec": {
            "image": image.parts,
            "replicas": REPLICAS,
            "priorityClassName": PLATFORM_PRIORITY,
            "retention": "120h",
            "podAntiAffinity": "hard",
            "topologySpreadConstraints": [
                spread({"app.kubernetes.io/name": "alertmanager"}, zones=min(REPLICAS, zones))
            ],
            "resources": resources(cpu="50m", memory="128Mi", limit="256Mi"),
            # Of the pod; the operator sets the security context of the containers.
            "securityContext": POD_SECURITY,
            "storage": volume(storage_class, gib=5),
            "automountServiceAccountToken": False,
        },
    }


INTERVALS: Mapping[Severity, tuple[str, str]] = {
    "critical": ("10s", "1h"),
    "warning": ("2m", "12h"),
}
"""Time in which alerts are collected before a message, and time until it is repeated, by
severity."""
HEARTBEAT = ("1m", "4m")
"""`group_interval` and `repeat_interval` of Watchdog. Alertmanager repeats at the first group
interval after the repeat interval: at least once in five minutes, the period of the alarm
(`heartbeat.PERIOD_SECONDS`)."""
ONE_CAUSE = "redpanda|rabbitmq|keycloak|alertmanager"
"""Components with a critical alert that explains their warnings: a lost quorum has many
symptoms."""
SAME = (
    "alertname",
    "namespace",
    "service",
    "slo",
    "exported_namespace",
    "name",
    "pod",
    "persistentvolumeclaim",
    "poddisruptionbudget",
)
"""Labels that identify the subject in two severities of one alert."""


def _config(recipients: Recipients, heartbeat_arn: str, region: str) -> dict[str, object]:
    def receiver(severity: Severity) -> dict[str, object]:
        sns = {
            "sigv4": {"region": region},
            "subject": subject(recipients.environment_name),
            "message": MESSAGE,
            "send_resolved": True,
        }
        sends = [
            {"topic_arn": topic, **sns, "attributes": {"severity": severity}}
            for topic in recipients.topics(severity)
        ]
        return {"name": severity, "sns_configs": sends}

    beat = {
        "topic_arn": heartbeat_arn,
        "sigv4": {"region": region},
        "subject": "Watchdog",
        "message": "Watchdog",
        "send_resolved": False,
    }
    return {
        "global": {"resolve_timeout": "5m"},
        "route": {
            # Alerts of another severity, or of none, are warnings.
            "receiver": "warning",
            "group_by": ["alertname", "namespace", "service"],
            "group_wait": INTERVALS["warning"][0],
            "group_interval": "5m",
            "repeat_interval": INTERVALS["warning"][1],
            "routes": [
                # Watchdog always fires; a CloudWatch alarm fires when it does not arrive.
                {
                    "receiver": "heartbeat",
                    "matchers": ['alertname = "Watchdog"'],
                    "group_wait": "0s",
                    "group_interval": HEARTBEAT[0],
                    "repeat_interval": HEARTBEAT[1],
                },
                # Grafana shows information.
                {"receiver": "nobody", "matchers": ['severity =~ "none|info"']},
                {
                    "receiver": "critical",
                    "matchers": ['severity = "critical"'],
                    "group_wait": INTERVALS["critical"][0],
                    "repeat_interval": INTERVALS["critical"][1],
                },
            ],
        },
        "inhibit_rules": [
            {
                "source_matchers": ['severity = "critical"'],
                "target_matchers": ['severity = "warning"'],
                "equal": list(SAME),
            },
            {
                "source_matchers": ['severity = "critical"', f'component =~ "{ONE_CAUSE}"'],
                "target_matchers": ['severity = "warning"', f'component =~ "{ONE_CAUSE}"'],
                "equal": ["component"],
            },
        ],
        "receivers": [
            *(receiver(severity) for severity in INTERVALS),
            {"name": "heartbeat", "sns_configs": [beat]},
            {"name": "nobody"},
        ],
    }


def volume(storage_class: str, *, gib: int) -> dict[str, object]:
    """Return the claim of one volume for each replica."""
    claim = {
        "storageClassName": storage_class,
        "accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": f"{gib}Gi"}},
    }
    return {"volumeClaimTemplate": {"spec": claim}}
