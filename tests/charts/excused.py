"""Exceptions to the rules of pods: reason by beginning of a finding. An unused exception fails."""

WRITABLE = {
    "redpanda/redpanda: redpanda": "Redpanda writes its configuration to /etc",
    "keycloak/keycloak: keycloak": "Keycloak builds itself for its database when it starts",
    "rabbitmq/rabbitmq-server": "The operator mounts no folder for files of Erlang",
}
UNPROBED = {
    "cert-manager/cert-manager: ": "One replica leads; the chart offers a liveness probe only",
    "cert-manager/cert-manager-cainjector: ": "One replica leads; it has no clients",
    "external-secrets/external-secrets: ": "One replica leads; it has no clients",
    "monitoring/grafana: grafana-sc-": "A sidecar that copies ConfigMaps; Grafana has a probe",
    "monitoring/grafana: signing-proxy": (
        "Listens on the pod's loopback, which no probe reaches (ADR 9); Grafana serves without it"
    ),
    "redpanda/redpanda: redpanda": "The sidecar asks the broker and answers for the pod",
}
NEED_THE_API = {
    "cert-manager/": "Issues certificates for resources in the API server",
    "external-secrets/": "Writes Secrets by the API server",
    "reloader/reloader": "Watches Secrets, and restarts workloads",
    "rabbitmq/rabbitmq-operators": "Operators watch the API server",
    "rabbitmq/rabbitmq-server": "Peer discovery of nodes (rabbitmq_peer_discovery_k8s)",
    "monitoring/grafana": "Its sidecars watch ConfigMaps",
    "monitoring/kube-state-metrics": "Counts objects in the API server",
    "monitoring/monitoring-operator": "An operator watches the API server",
    "monitoring/prometheus-monitoring": "Finds its targets in the API server",
}
ON_THE_HOST = {
    "node-metrics/node-exporter": "Reads processes, network and file systems of its node",
    "pod-logs/fluent-bit": "Reads logs of pods from folders of its node, and stores its position",
}
UNRESTRICTED = {
    **{
        f"node-metrics/node-exporter: {what}": ON_THE_HOST["node-metrics/node-exporter"]
        for what in ("host", "volume")
    },
    "pod-logs/fluent-bit: volume": ON_THE_HOST["pod-logs/fluent-bit"],
    "pod-logs/fluent-bit: fluent-bit: run": (
        "Only root may read the files of the kubelet; it has no other rights of root"
    ),
}
"""Workloads that are alone in their namespace."""
WIDE = {
    "monitoring: ClusterRole monitoring-operator": (
        "Upstream's own: the operator makes StatefulSets, Secrets and ConfigMaps for what others "
        "declare, in any namespace"
    ),
}
"""Roles of upstream charts, checked with their archives only."""
