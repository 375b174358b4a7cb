"""Reviewed findings of checkov, each with the reason. `make checkov` fails for an unused exception."""

from tools.opinions.opinion import Exceptions, Reviewed

NO_LIMIT_OF_CPU = (
    "A limit of CPU slows a pod down while the node is idle. Each pod asks for its share, memory has a limit, and each namespace a quota."
)
TAGS_NEVER_MOVE = (
    "Our registry's tags are immutable (P-16), so what a node has is what it would pull; and a pod starts when the registry is away."
)
KNOWN_BY_TAG = "Images come through our registry by an exact tag, which there means one image for ever (P-16, P-22)."
USERS_OF_IMAGES = (
    "It is the user that the image is built for, and never root. Nodes of EKS Auto Mode have no users of their own to collide with."
)
READS_ITS_ENVIRONMENT = (
    "The program takes them from its environment only. External Secrets keeps them in step, and what reads them starts anew."
)

OWN: Exceptions = {
    "CKV_K8S_11": (Reviewed(places=("*",), reason=NO_LIMIT_OF_CPU),),
    "CKV_K8S_15": (Reviewed(places=("*",), reason=TAGS_NEVER_MOVE),),
    "CKV_K8S_35": (
        Reviewed(
            places=("CronJob keycloak/realm-import", "CronJob keycloak/realm-keys", "Job keycloak/realm", "Job redpanda/redpanda-access"),
            reason=READS_ITS_ENVIRONMENT,
        ),
    ),
    "CKV_K8S_40": (
        Reviewed(
            places=(
                "CronJob keycloak/realm-import",
                "CronJob keycloak/realm-keys",
                "Job keycloak/realm",
                "Job rabbitmq/rabbitmq-ready",
                "Job redpanda/redpanda-access",
            ),
            reason=USERS_OF_IMAGES,
        ),
    ),
    "CKV_K8S_43": (Reviewed(places=("*",), reason=KNOWN_BY_TAG),),
}
"""Findings in this project's charts, which are always rendered."""

NEEDS_THE_API = "It works by the API server: an operator, a controller, or a sidecar that watches ConfigMaps (tests/charts/test_pods.py)."
ALIVE_BY_ITS_LEASE = "A leader works and the other waits; one that hangs loses its lease, and nothing calls it (tests/charts/test_pods.py)."
ONE_ANSWERS = "Its sidecar asks the broker and answers for the pod, or is asked by nobody; the main container has its own probes."
MEASURES_THE_NODE = "It measures the node, and so must see it; its namespace alone is not `restricted`, and nothing else runs there."
READS_THE_NODE = "Only root may read the files of the kubelet; it has no other right of root, and nothing else runs in its namespace."

UPSTREAM: Exceptions = {
    "CKV_K8S_8": (
        Reviewed(
            places=(
                "Deployment cert-manager/cert-manager-cainjector",
                "Deployment external-secrets/external-secrets",
                "Deployment external-secrets/external-secrets-cert-controller",
                "Deployment external-secrets/external-secrets-webhook",
            ),
            reason=ALIVE_BY_ITS_LEASE,
        ),
        Reviewed(places=("Deployment monitoring/grafana", "StatefulSet redpanda/redpanda"), reason=ONE_ANSWERS),
    ),
    "CKV_K8S_9": (
        Reviewed(
            places=(
                "Deployment cert-manager/cert-manager",
                "Deployment cert-manager/cert-manager-cainjector",
                "Deployment external-secrets/external-secrets",
            ),
            reason=ALIVE_BY_ITS_LEASE,
        ),
        Reviewed(places=("Deployment monitoring/grafana", "StatefulSet redpanda/redpanda"), reason=ONE_ANSWERS),
    ),
    "CKV_K8S_17": (Reviewed(places=("DaemonSet node-metrics/node-exporter",), reason=MEASURES_THE_NODE),),
    "CKV_K8S_19": (Reviewed(places=("DaemonSet node-metrics/node-exporter",), reason=MEASURES_THE_NODE),),
    "CKV_K8S_22": (
        Reviewed(
            places=("StatefulSet keycloak/keycloak", "StatefulSet redpanda/redpanda"),
            reason="Keycloak builds itself for its database when it starts, and Redpanda writes its configuration below /etc.",
        ),
    ),
    "CKV_K8S_23": (Reviewed(places=("DaemonSet pod-logs/fluent-bit",), reason=READS_THE_NODE),),
    "CKV_K8S_29": (
        Reviewed(
            places=("Deployment external-secrets/*",), reason="Each of its containers has all of it; the pod's own would say it twice."
        ),
    ),
    "CKV_K8S_35": (
        Reviewed(
            places=(
                "Deployment kong/kong",
                "Deployment monitoring/grafana",
                "Job redpanda/redpanda-configuration",
                "StatefulSet keycloak/keycloak",
                "StatefulSet redpanda/redpanda",
            ),
            reason=READS_ITS_ENVIRONMENT,
        ),
    ),
    "CKV_K8S_38": (
        Reviewed(
            places=(
                "Deployment cert-manager/*",
                "Deployment external-secrets/*",
                "Deployment monitoring/*",
                "Deployment rabbitmq/*",
                "Deployment reloader/reloader",
                "Job cert-manager/cert-manager-startupapicheck",
            ),
            reason=NEEDS_THE_API,
        ),
        Reviewed(
            places=("StatefulSet keycloak/keycloak",),
            reason="Its service account says that no token is mounted, which the rule does not look at.",
        ),
    ),
    "CKV_K8S_40": (
        Reviewed(
            places=(
                "Deployment cert-manager/*",
                "Deployment external-secrets/*",
                "Deployment kong/kong",
                "Deployment monitoring/grafana",
                "Deployment rabbitmq/*",
                "Job cert-manager/cert-manager-startupapicheck",
                "Job redpanda/redpanda-configuration",
                "StatefulSet keycloak/keycloak",
                "StatefulSet redpanda/redpanda",
            ),
            reason=USERS_OF_IMAGES,
        ),
        Reviewed(places=("DaemonSet pod-logs/fluent-bit",), reason=READS_THE_NODE),
    ),
    "CKV_K8S_49": (
        Reviewed(
            places=("ClusterRole monitoring/monitoring-operator",),
            reason="Upstream's own: the operator makes StatefulSets, Secrets and ConfigMaps for what others declare, in any namespace.",
        ),
    ),
    "CKV_K8S_155": (
        Reviewed(
            places=("ClusterRole cert-manager/cert-manager-cainjector", "ClusterRole external-secrets/external-secrets-cert-controller"),
            reason="Writing the authority into webhooks' configurations is what it is for; without it nobody could call them over TLS.",
        ),
    ),
}
"""Findings in charts of repositories, which are rendered if available."""


def exceptions(*, whole: bool) -> Exceptions:
    """Returns the exceptions that must be used.

    Args:
        whole: True if every chart was rendered; otherwise exceptions for charts of repositories are
            omitted.
    """
    if not whole:
        return OWN
    return {rule: (*OWN.get(rule, ()), *UPSTREAM.get(rule, ())) for rule in OWN.keys() | UPSTREAM.keys()}
