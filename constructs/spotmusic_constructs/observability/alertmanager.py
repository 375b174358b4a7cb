"""What Alertmanager is told: three replicas, and every alert to one SNS topic."""

from spotmusic_constructs.kubernetes.images import Image
from spotmusic_constructs.kubernetes.pod import resources, spread

SERVICE_ACCOUNT = "alertmanager"
REPLICAS = 3
SUBJECT = "{{ .Status | toUpper }} {{ .CommonLabels.severity }}: {{ .CommonLabels.alertname }}"
"""Line that names an alert in a mail; SNS takes 100 letters."""
MESSAGE = (
    "{{ range .Alerts }}{{ .Status }}: {{ .Annotations.summary }}\n{{ .Annotations.description }}\n"
    "Runbook: {{ .Annotations.runbook_url }}\nSince: {{ .StartsAt }}\nLabels: {{ .Labels }}\n\n{{ end }}"
)


def alertmanager_values(*, image: Image, topic_arn: str, region: str, storage_class: str) -> dict[str, object]:
    """Returns the values below `alertmanager`.

    Args:
        image: image of Alertmanager.
        topic_arn: SNS topic that tells the team.
        region: region of the topic.
        storage_class: class of the volumes that keep silences.
    """
    return {
        "serviceAccount": {"create": True, "name": SERVICE_ACCOUNT},
        # One may go. The chart's default is minAvailable, which cannot be taken back: a budget with both is refused.
        "podDisruptionBudget": {"enabled": True, "minAvailable": REPLICAS - 1},
        "config": _config(topic_arn, region),
        "alertmanagerSpec": {
            "image": image.parts,
            "replicas": REPLICAS,
            "retention": "120h",
            "podAntiAffinity": "hard",
            "topologySpreadConstraints": [spread({"app.kubernetes.io/name": "alertmanager"})],
            "resources": resources(cpu="50m", memory="128Mi", limit="256Mi"),
            "storage": volume(storage_class, gib=5),
            "automountServiceAccountToken": False,
        },
    }


def _config(topic_arn: str, region: str) -> dict[str, object]:
    sns = {"topic_arn": topic_arn, "sigv4": {"region": region}, "subject": SUBJECT, "message": MESSAGE, "send_resolved": True}
    return {
        "global": {"resolve_timeout": "5m"},
        "route": {
            "receiver": "team",
            "group_by": ["alertname", "namespace", "service"],
            "group_wait": "30s",
            "group_interval": "5m",
            "repeat_interval": "4h",
            # Watchdog fires always, to prove that alerts travel; it is not for a mailbox.
            "routes": [
                {"receiver": "nobody", "matchers": ['alertname = "Watchdog"']},
                {"receiver": "nobody", "matchers": ['severity = "info"']},
            ],
        },
        "inhibit_rules": [
            {
                "source_matchers": ['severity = "critical"'],
                "target_matchers": ['severity = "warning"'],
                "equal": ["alertname", "namespace", "service"],
            }
        ],
        "receivers": [{"name": "team", "sns_configs": [sns]}, {"name": "nobody"}],
    }


def volume(storage_class: str, *, gib: int) -> dict[str, object]:
    """Returns the claim of one volume for each replica."""
    claim = {"storageClassName": storage_class, "accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": f"{gib}Gi"}}}
    return {"volumeClaimTemplate": {"spec": claim}}
