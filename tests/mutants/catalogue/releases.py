"""Faults of what runs in the cluster: Helm releases, their values, and our own charts."""

from tests.mutants.changes import RANDOM, both, chart, drop, first, no_value, put, value, value_reads
from tests.mutants.fault import Fault

HELM = "Custom::AWSCDK-EKS-HelmChart"
REDPANDA, RABBITMQ, TOPOLOGY = (f"eks-platform/{name}ReleaseChart" for name in ("Redpanda", "RabbitMQ", "TaskTopology"))
KONG, KEYCLOAK, TRUST, BINDINGS = (f"eks-platform/{name}ReleaseChart" for name in ("Kong", "Keycloak", "Trust", "Bindings"))
CERT_MANAGER, SECRETS = (f"eks-platform/{name}ReleaseChart" for name in ("CertManager", "ExternalSecrets"))
MONITORING = "observability/MonitoringReleaseChart"

FAULTS = (
    Fault(
        "chart of any version",
        "*/*Release*Chart",
        drop("Version"),
        "The next deployment brings another major version.",
        of=HELM,
        has="Version",
    ),
    Fault(
        "brokers rolled back by Helm",
        REDPANDA,
        both(put("Atomic", to=True), put("Wait", to=True)),
        "A late pod makes Helm take the brokers back.",
    ),
    Fault("release longer than its function", REDPANDA, put("Timeout", to="1800s"), "The function ends first, and the release hangs."),
    Fault("release in the default namespace", KONG, put("Namespace", to="default"), "It stands where no policy holds."),
    Fault("release before its secrets", KONG, first, "It waits for what comes after it, until it is taken back."),
    Fault("two brokers", REDPANDA, value("statefulset", "replicas", to=2), "The loss of one node stops every event."),
    Fault(
        "brokers in one zone",
        REDPANDA,
        value("statefulset", "podTemplate", "spec", "topologySpreadConstraints", to=[]),
        "The loss of a zone stops every event.",
    ),
    Fault(
        "brokers on one host", REDPANDA, no_value("statefulset", "podTemplate", "spec", "affinity"), "The loss of a host stops every event."
    ),
    Fault(
        "all brokers may go at once",
        REDPANDA,
        value("statefulset", "budget", "maxUnavailable", to=3),
        "An upgrade of nodes stops every event.",
    ),
    Fault("events kept once", REDPANDA, value("config", "cluster", "default_topic_replications", to=1), "Plays are lost with a disk."),
    Fault("brokers without logins", REDPANDA, value("auth", "sasl", "enabled", to=False), "Whoever reaches them reads all plays."),
    Fault("brokers in clear", REDPANDA, value("tls", "enabled", to=False), "Plays can be read on the wire."),
    Fault(
        "listener of brokers in clear",
        REDPANDA,
        value("listeners", "kafka", "external", "default", "tls", "enabled", to=False),
        "Passwords travel in clear.",
    ),
    Fault(
        "brokers with the disk of the node",
        REDPANDA,
        value("storage", "persistentVolume", "enabled", to=False),
        "A node that goes takes the plays along.",
    ),
    Fault(
        "topics by accident",
        REDPANDA,
        value("config", "cluster", "auto_create_topics_enabled", to=True),
        "A misspelt topic swallows plays.",
    ),
    Fault("image of brokers latest", REDPANDA, value("image", "tag", to="latest"), "Nobody knows what runs."),
    Fault(
        "image of brokers from upstream",
        REDPANDA,
        value("image", "repository", to="docker.io/redpandadata/redpanda"),
        "Their outage becomes ours.",
    ),
    Fault("one node of RabbitMQ", RABBITMQ, value("replicas", to=1), "Tasks stop with a node."),
    Fault(
        "RabbitMQ without TLS only",
        RABBITMQ,
        chart("templates/cluster.yaml", "disableNonTLSListeners: true", "disableNonTLSListeners: false"),
        "Passwords travel in clear.",
    ),
    Fault(
        "queues of one node",
        RABBITMQ,
        chart("templates/cluster.yaml", "default_queue_type = quorum", "default_queue_type = classic"),
        "Tasks are lost with a node.",
    ),
    Fault(
        "RabbitMQ without budget",
        RABBITMQ,
        chart("templates/cluster.yaml", "kind: PodDisruptionBudget", "kind: PodDisruptionBudgets"),
        "An upgrade of nodes stops tasks.",
    ),
    Fault(
        "RabbitMQ as root",
        RABBITMQ,
        chart("templates/cluster.yaml", "runAsUser: 999", "runAsUser: 0"),
        "A hole in it is a hole in the node.",
    ),
    Fault(
        "RabbitMQ for the Internet",
        RABBITMQ,
        chart("templates/cluster.yaml", "type: ClusterIP", "type: LoadBalancer"),
        "Kubernetes makes a load balancer that nobody planned.",
    ),
    Fault(
        "dead letters gone",
        TOPOLOGY,
        no_value("queues", "notifications", "policy", "dead-letter-exchange"),
        "A message that cannot be handled is thrown away.",
    ),
    Fault(
        "messages tried for ever",
        TOPOLOGY,
        value("queues", "notifications", "policy", "delivery-limit", to=-1),
        "One bad message stops a queue.",
    ),
    Fault("queue without end", TOPOLOGY, no_value("queues", "notifications", "policy", "max-length"), "A queue fills the disk of all."),
    Fault(
        "user of tasks who may do all", TOPOLOGY, value("users", "web-api", "write", to=".*"), "One service writes into the queues of all."
    ),
    Fault("one gateway", KONG, value_reads('"minReplicas": 3', '"minReplicas": 1'), "A crash, and no request gets in."),
    Fault("gateway without budget", KONG, no_value("podDisruptionBudget"), "An upgrade of nodes stops all requests."),
    Fault("gateway's admin API open", KONG, value("admin", "enabled", to=True), "Whoever reaches it routes requests elsewhere."),
    Fault(
        "route without token",
        KONG,
        value_reads('\\"name\\": \\"realm-token\\"', '\\"name\\": \\"correlation-id\\"'),
        "Anybody calls the Web API.",
    ),
    Fault(
        "gateway that trusts any certificate",
        KONG,
        value_reads('\\"tls_verify\\": true', '\\"tls_verify\\": false'),
        "Who stands between reads every request.",
    ),
    Fault(
        "gateway without rate limits",
        KONG,
        value_reads('\\"name\\": \\"rate-limiting\\"', '\\"name\\": \\"correlation-id\\"'),
        "One client takes the capacity of all.",
    ),
    Fault(
        "gateway that asks twice",
        KONG,
        value_reads('\\"retries\\": 0', '\\"retries\\": 1'),
        "A slow write is done twice.",
    ),
    Fault("gateway's log with queries", KONG, value_reads("$uri", "$request_uri"), "Whoever reads logs sets a listener's password."),
    Fault(
        "gateway that gives up last",
        KONG,
        value_reads('\\"read_timeout\\": 20000', '\\"read_timeout\\": 60000'),
        "CloudFront answers for it, and nobody learns why.",
    ),
    Fault("one Keycloak", KEYCLOAK, value("replicas", to=1), "A crash, and nobody logs in."),
    Fault("Keycloak without budget", KEYCLOAK, no_value("podDisruptionBudget"), "An upgrade of nodes stops logins."),
    Fault(
        "Keycloak of any name",
        KEYCLOAK,
        value_reads('KC_HOSTNAME_STRICT\\", \\"value\\": \\"true', 'KC_HOSTNAME_STRICT\\", \\"value\\": \\"false'),
        "Tokens are made for an attacker's host.",
    ),
    Fault(
        "Keycloak's console for everybody",
        KEYCLOAK,
        value_reads("https://localhost:8443/auth", "https://spotmusic.example/auth"),
        "The administrator's password is tried from anywhere.",
    ),
    Fault(
        "Keycloak's database in clear",
        KEYCLOAK,
        value_reads("?sslMode=VERIFY_IDENTITY&", "?sslMode=DISABLED&"),
        "Password hashes travel in clear.",
    ),
    Fault(
        "Keycloak may escalate",
        KEYCLOAK,
        value("securityContext", "allowPrivilegeEscalation", to=True),
        "A hole in it is a hole in the node.",
    ),
    Fault("certificate gone", TRUST, value("certificates", to=[]), "Nothing speaks TLS any more."),
    Fault(
        "secret that comes from nowhere",
        TRUST,
        value_reads('"name": "kong-redis"', '"name": "kong-cache"'),
        "The gateway waits for a secret for ever.",
    ),
    Fault(
        "binding to another port",
        BINDINGS,
        value("bindings", {"name": "kong"}, "port", to=8444),
        "The load balancer finds no healthy gateway.",
    ),
    Fault("binding gone", BINDINGS, value("bindings", to=[]), "No load balancer has a target."),
    Fault(
        "one Prometheus",
        MONITORING,
        value("prometheus", "prometheusSpec", "replicas", to=1),
        "Nobody is told what happens while it is down.",
    ),
    Fault("Prometheus forgets", MONITORING, no_value("prometheus", "prometheusSpec", "remoteWrite"), "A lost volume takes the past along."),
    Fault(
        "one Alertmanager",
        MONITORING,
        value("alertmanager", "alertmanagerSpec", "replicas", to=1),
        "The alert of its own loss is not sent.",
    ),
    Fault("alerts to nobody", MONITORING, value("alertmanager", "config", "route", "receiver", to="nobody"), "Nobody is told."),
    Fault(
        "Grafana for everybody",
        MONITORING,
        value("grafana", "grafana.ini", "auth.anonymous", "enabled", to=True),
        "Anybody sees what listeners do.",
    ),
    Fault(
        "Grafana's password written down",
        MONITORING,
        value("grafana", "adminPassword", to=RANDOM),
        "It stands in every copy of the template.",
    ),
    Fault(
        "alert rule gone",
        "observability/MonitoringRulesReleaseChart",
        chart("rules/redpanda.yaml", "alert:", "record:"),
        "Lost replicas of plays are noticed by listeners.",
    ),
    Fault("External Secrets alone", SECRETS, value("replicaCount", to=1), "New passwords come late."),
    Fault("webhook of certificates alone", CERT_MANAGER, value("webhook", "replicaCount", to=1), "No deployment while it restarts."),
)
