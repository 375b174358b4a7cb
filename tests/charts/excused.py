"""Exceptions to the rules of pods: reason by beginning of a finding. An unused one fails."""

WRITABLE = {
    "redpanda/redpanda: redpanda": "Redpanda writes its configuration below /etc and its data beside",
    "keycloak/keycloak: keycloak": "Keycloak builds itself for its database when it starts",
    "rabbitmq/rabbitmq-server": "The operator mounts no folder for what Erlang writes beside its data",
}
UNPROBED = {
    "cert-manager/cert-manager: ": "A leader works and the other waits; the chart offers a liveness probe only",
    "cert-manager/cert-manager-cainjector: ": "A leader works and the other waits; nothing calls it",
    "external-secrets/external-secrets: ": "A leader works and the other waits; nothing calls it",
    "monitoring/grafana: grafana-sc-": "A sidecar that copies ConfigMaps; Grafana's own probe decides",
    "monitoring/grafana: signing-proxy": "Listens on the pod's loopback, which no probe reaches (ADR 9); Grafana serves without it",
    "redpanda/redpanda: redpanda": "The sidecar asks the broker and answers for the pod",
}
NEED_THE_API = {
    "cert-manager/": "Issues certificates from what the API server has",
    "external-secrets/": "Writes Secrets by the API server",
    "reloader/reloader": "Watches Secrets, and changes what must start again, by the API server",
    "rabbitmq/rabbitmq-operators": "Operators watch the API server",
    "rabbitmq/rabbitmq-server": "Nodes find each other by the API server (rabbitmq_peer_discovery_k8s)",
    "monitoring/grafana": "Its sidecars watch ConfigMaps",
    "monitoring/kube-state-metrics": "Counts what the API server has",
    "monitoring/monitoring-operator": "An operator watches the API server",
    "monitoring/prometheus-monitoring": "Finds what to scrape by the API server",
}
ON_THE_HOST = {
    "node-metrics/node-exporter": "Reads the processes, the network and the file systems of its node, which is what it is for",
    "pod-logs/fluent-bit": "Reads what pods write from the folders of its node, and keeps its place there",
}
UNRESTRICTED = {
    **{
        f"node-metrics/node-exporter: {what}": ON_THE_HOST["node-metrics/node-exporter"]
        for what in ("host", "volume")
    },
    "pod-logs/fluent-bit: volume": ON_THE_HOST["pod-logs/fluent-bit"],
    "pod-logs/fluent-bit: fluent-bit: run": "Only root may read the files of the kubelet; it has nothing else that root has",
}
"""Each runs alone in its namespace."""
WIDE = {
    "monitoring: ClusterRole monitoring-operator": (
        "Upstream's own: the operator makes StatefulSets, Secrets and ConfigMaps for what others "
        "declare, in any namespace"
    ),
}
"""Roles of upstream charts, checked with their archives only."""
