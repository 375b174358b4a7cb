"""Promises: Brokers."""

import json
from collections.abc import Iterable, Iterator
from typing import Any

import yaml

from tests.charts import pods, transport
from tests.charts.connections import labels_of, selects
from tests.charts.references import pod_of
from tests.charts.validation import name_of
from tests.helm_values import leaves
from tests.properties.promise import Verdicts, judged, promise, rule
from tests.properties.test_eks import is_key_of_kubernetes, named
from tools.model.assembly import Assembly
from tools.model.cluster import RenderedCluster
from tools.model.values import Json, at

AUTHORITY = "spotmusic-internal-ca"
COPIES = 3
QUORUM = ("redpanda/redpanda", "rabbitmq/rabbitmq-server")
"""Workloads of which a majority must stay."""
LEAST = {
    "redpanda/redpanda": 3,
    "rabbitmq/rabbitmq-server": 3,
    "kong/kong": 3,
    "keycloak/keycloak": 2,
}
"""Replicas at the least."""
ON_THE_WAY = (
    "kong",
    "keycloakx",
    "redpanda",
    "rabbitmq",
    "cert-manager",
    "external-secrets",
    "reloader",
    "fluent-bit",
)
"""Charts that requests and deployments depend on, and charts of their companions."""
HOST = "kubernetes.io/hostname"
BLIND = ("insecureskipverify", "skip_tls_verify", "tls_skip_verify", "ssl_verify_none")
"""Settings that disable the verification of certificates."""
ENCRYPTED_NETWORK = "eks.amazonaws.com/instance-encryption-in-transit-supported"
WITHIN_A_POD = "monitoring: grafana.sidecar."
"""A sidecar calls Grafana on localhost, but the certificate has the name of the Service."""
NEW_TLS = "Name only TLS 1.2 and 1.3."
CLAIMS = ("storageClass", "storageClassName")


def values_of(cluster: RenderedCluster, chart: str) -> Json:
    """Values of the release of a chart."""
    return next(release.values for release in cluster.releases.values() if release.chart == chart)


def made(cluster: RenderedCluster, *kinds: str) -> list[Json]:
    return [manifest for _, manifest in cluster.of_kind(*kinds)]


def configuration(cluster: Json) -> dict[str, str]:
    """Return the configuration of RabbitMQ, by key."""
    lines = str(at(cluster, "spec.rabbitmq.additionalConfig")).splitlines()
    return {
        key.strip(): value.strip()
        for key, _, value in (line.partition("=") for line in lines if "=" in line)
    }


def hosts_apart(workload: Json) -> bool:
    """Return True if the scheduler keeps these pods on separate hosts or spreads them evenly."""
    pod, labels = pod_of(workload) or {}, labels_of(workload)
    evenly = [
        r
        for r in pod.get("topologySpreadConstraints") or []
        if r["whenUnsatisfiable"] == "DoNotSchedule" and r["maxSkew"] == 1
    ]
    rules = [*pods.apart_terms(pod), *evenly]
    return any(
        rule["topologyKey"] == HOST and selects(rule["labelSelector"], labels) for rule in rules
    )


@promise
def test_p103_quorum_and_copies_survive_a_zone(
    platform: Assembly, cluster: RenderedCluster
) -> Verdicts:
    """The loss of one zone or one node keeps the quorum: Redpanda runs three brokers with three
    replicas of each event, RabbitMQ three nodes with quorum queues, Kong three pods and Keycloak
    two. Pods run in different zones and on different hosts, and a disruption evicts one at a time.

    Kept by: `Redpanda`, `RabbitMQ`, `Kong`, `Keycloak`
    """
    here = {pods.where_of(workload): workload for workload in pods.running(cluster)}
    for name, least in LEAST.items():
        yield name, name in here, "The component is missing. Deploy it."
        if name in here:
            yield from stays(name, here[name], least, made(cluster, "PodDisruptionBudget"))
    yield from judged(
        here,
        pods.crowded(cluster),
        "Spread replicas over zones, and do not schedule what would not be.",
    )
    budgets = [
        f"{release}: {name_of(budget)}"
        for release, budget in cluster.of_kind("PodDisruptionBudget")
    ]
    yield from judged([*here, *budgets], pods.budgets(cluster), "Give it a budget of one.")
    for pool in made(cluster, "NodePool"):
        spare = "spot" in required(pool, "karpenter.sh/capacity-type")
        may = not platform.settings.production and pool["metadata"]["name"] == "general"
        yield (
            name_of(pool),
            may or not spare,
            "Use on-demand instances: AWS reclaims Spot instances within two minutes.",
        )
    yield from copies_of_events(cluster)
    yield from copies_of_tasks(cluster)


def stays(name: str, workload: Json, least: int, budgets: list[Json]) -> Verdicts:
    """Require that most pods of a component survive a disruption."""
    replicas = workload["spec"].get("replicas", 1)
    yield name, replicas >= least, f"It has {replicas} pods. Set {least} or more."
    yield (
        name,
        name not in QUORUM or replicas % 2 == 1,
        "Use an odd number of nodes: an even one tolerates no more failures.",
    )
    yield (
        name,
        hosts_apart(workload),
        "Two of its pods may share a host: give it spotmusic_constructs.kubernetes.pod.apart.",
    )
    one = [budget["spec"].get("maxUnavailable") for budget in budgets if protects(budget, workload)]
    yield name, one == [1], "Set maxUnavailable: 1, so that a disruption evicts one pod at a time."


@rule
def test_broker_volumes_spread_over_zones(platform: Assembly, cluster: RenderedCluster) -> Verdicts:
    here, zones = (
        {pods.where_of(workload): workload for workload in pods.running(cluster)},
        len(platform.settings.zones),
    )
    for name in QUORUM:
        replicas = here[name]["spec"]["replicas"]
        for entry in (pod_of(here[name]) or {})["topologySpreadConstraints"]:
            yield (
                name,
                entry.get("minDomains") == min(replicas, zones),
                "Set minDomains: a volume stays in its zone.",
            )


@rule
def test_request_path_has_a_priority_class(
    platform: Assembly, cluster: RenderedCluster
) -> Verdicts:
    """Pods without a priority class must not displace these on a full node."""
    for chart in ON_THE_WAY:
        values = values_of(cluster, chart)
        classes = {
            str(value) for path, value in leaves(values) if path.endswith("priorityClassName")
        }
        yield (
            chart,
            any(name.startswith("spotmusic-") for name in classes),
            "Give its pods a class of charts/ground.",
        )


def protects(budget: Json, workload: Json) -> bool:
    same = budget["metadata"]["namespace"] == workload["metadata"]["namespace"]
    return same and selects(budget["spec"]["selector"], labels_of(workload))


def required(pool: Json, key: str) -> list[str]:
    """Return the required values of a key in a node pool."""
    asked = pool["spec"]["template"]["spec"]["requirements"]
    return [
        value
        for entry in asked
        if entry["key"] == key and entry["operator"] == "In"
        for value in entry["values"]
    ]


def copies_of_events(cluster: RenderedCluster) -> Verdicts:
    values, access = values_of(cluster, "redpanda"), values_of(cluster, "redpanda-access")
    settings = at(values, "config.cluster") or {}
    kept = {
        settings.get("default_topic_replications"),
        settings.get("minimum_topic_replications"),
        access["minimumReplication"],
    }
    yield (
        "redpanda topics",
        kept == {COPIES},
        f"Keep {COPIES} copies of every event, and refuse fewer.",
    )
    holds = settings.get("auto_create_topics_enabled") is False
    yield (
        "redpanda topics",
        holds,
        "Disable automatic creation of topics: a misspelt topic would accept events.",
    )
    holds = at(values, "rackAwareness.enabled") is True
    yield (
        "redpanda racks",
        holds,
        "Enable rackAwareness: replicas are placed without regard to zones otherwise.",
    )
    for name, topic in access["topics"].items():
        yield (
            f"topic {name}",
            topic["replication"] >= COPIES,
            f"The topic has {topic['replication']} replicas. Set three.",
        )


def copies_of_tasks(cluster: RenderedCluster) -> Verdicts:
    for node in made(cluster, "RabbitmqCluster"):
        kind = configuration(node).get("default_queue_type")
        yield (
            name_of(node),
            kind == "quorum",
            (
                "Set the default queue type to quorum: "
                "a queue of a client would exist on one node only."
            ),
        )
    for queue in made(cluster, "Queue"):
        yield name_of(queue), queue["spec"].get("type") == "quorum", "Make it a quorum queue."
    for policy in made(cluster, "Policy"):
        holds = "ha-mode" not in policy["spec"]["definition"]
        yield (
            name_of(policy),
            holds,
            "Remove mirroring policies: RabbitMQ 4 has quorum queues instead.",
        )


@promise
def test_p104_broker_clients_verify_tls(platform: Assembly, cluster: RenderedCluster) -> Verdicts:
    """Clients of brokers and databases use TLS 1.2 or later, authenticate, and verify the server's
    certificate. Traffic between cluster members stays on instances with encryption in transit by
    AWS.

    Kept by: `SecretsAndCertificates`, the platform's own authority
    """
    yield from tls_of_redpanda(values_of(cluster, "redpanda"))
    for node in made(cluster, "RabbitmqCluster"):
        yield from tls_of_rabbitmq(node)
    yield from tls_of_kong(values_of(cluster, "kong"))
    yield from tls_of_keycloak(platform, values_of(cluster, "keycloakx"))
    for pool in made(cluster, "NodePool"):
        encrypted = required(pool, ENCRYPTED_NETWORK) == ["true"]
        yield (
            name_of(pool),
            encrypted,
            (
                "Use instance types with encryption in transit: "
                "cluster members exchange data without TLS."
            ),
        )
    certificates = made(cluster, "Certificate")
    yield "certificates", bool(certificates), "Add certificates: no component could serve TLS."
    yield from judged(
        map(name_of, certificates),
        transport.findings(cluster),
        "A client would refuse its server, or wait for ever.",
    )
    for certificate in certificates:
        issuer, name = certificate["spec"]["issuerRef"]["name"], certificate["metadata"]["name"]
        yield (
            name_of(certificate),
            AUTHORITY in (issuer, name),
            f"{issuer} is not the internal authority. Use the internal one.",
        )
    for name, release in cluster.releases.items():
        blind = [
            path
            for path, value in leaves(release.values)
            if any(word in path.lower() for word in BLIND) and is_true(value)
        ]
        left = [path for path in blind if not f"{name}: {path}".startswith(WITHIN_A_POD)]
        yield (
            str(release),
            not left,
            f"{', '.join(left)} trusts whatever answers: give it the authority.",
        )


def is_true(value: Any) -> bool:
    return str(value).lower() == "true"


def tls_of_redpanda(values: Json) -> Verdicts:
    asked = at(values, "tls.enabled") is at(values, "auth.sasl.enabled") is True
    yield "redpanda", asked, "Require TLS and SASL for all clients of the brokers."
    for name, listener in values["listeners"].items():
        if listener.get("enabled", True):
            method = listener.get("authenticationMethod")
            yield (
                f"redpanda {name}",
                name == "admin" or method in {"sasl", "http_basic"},
                "Require authentication on this listener.",
            )
            yield (
                f"redpanda {name}",
                listener.get("tls", {}).get("enabled", True) is True,
                "Listen over TLS only.",
            )
        for place, outside in listener["external"].items():
            if outside.get("enabled", True):
                same = outside.get("authenticationMethod") == listener.get("authenticationMethod")
                secure = at(outside, "tls.enabled") is True and same
                yield (
                    f"redpanda {name} {place}",
                    secure,
                    "Require TLS and SASL on external listeners too.",
                )
    yield (
        "redpanda http",
        at(values, "listeners.http.enabled") is False,
        "Disable the HTTP proxy: no service uses it.",
    )


def tls_of_rabbitmq(node: Json) -> Verdicts:
    subject, said = name_of(node), configuration(node)
    alone = at(node, "spec.tls.disableNonTLSListeners") is True and bool(
        at(node, "spec.tls.secretName")
    )
    yield subject, alone, "Turn listeners without TLS off."
    inside = at(node, "spec.service.type") == "ClusterIP"
    yield subject, inside, "Use a ClusterIP Service: management must not be public."
    for listener in ("ssl_options", "management.ssl"):
        yield (
            f"{subject} {listener}",
            is_new(value for key, value in said.items() if key.startswith(f"{listener}.versions")),
            NEW_TLS,
        )
    guests = (
        said.get("loopback_users.guest", "true") == "true"
        and said.get("auth_backends.1", "internal") == "internal"
    )
    yield subject, guests, "Restrict the user guest to the loopback interface."


def is_new(versions: Iterable[str]) -> bool:
    named = {version.strip().lower() for version in versions}
    return bool(named) and named <= {"tlsv1.2", "tlsv1.3"}


def tls_of_kong(values: Json) -> Verdicts:
    alone = at(values, "proxy.tls.enabled") is True and at(values, "proxy.http.enabled") is False
    yield "kong", alone, "Serve TLS only."
    yield (
        "kong",
        at(values, "proxy.type") == "ClusterIP",
        "Use a ClusterIP Service: only the internal load balancer reaches it.",
    )
    for door in ("admin", "manager", "ingressController"):
        yield (
            f"kong {door}",
            at(values, f"{door}.enabled") is False,
            "Disable it: the configuration is declarative.",
        )
    yield "kong", is_new(str(at(values, "env.ssl_protocols")).split()), NEW_TLS
    for service in json.loads(values["dblessConfig"]["config"])["services"]:
        checked = service["url"].startswith("https:") and service.get("tls_verify") is True
        yield (
            f"kong service {service['name']}",
            checked,
            "Call the service over TLS (requires `domain`) and verify its certificate.",
        )


def tls_of_keycloak(platform: Assembly, values: Json) -> Verdicts:
    said = {
        variable["name"]: variable.get("value", "")
        for variable in yaml.safe_load(values["extraEnv"])
    }
    alone = at(values, "http.internalScheme") == "HTTPS" and "KC_HTTPS_CERTIFICATE_FILE" in said
    yield "keycloak", alone, "Serve TLS."
    yield "keycloak", is_new(said.get("KC_HTTPS_PROTOCOLS", "").split(",")), NEW_TLS
    proven = "sslMode=VERIFY_IDENTITY" in said.get("KC_DB_URL_PROPERTIES", "") and bool(
        said.get("KC_TRUSTSTORE_PATHS")
    )
    yield (
        "keycloak database",
        proven,
        (
            "Check the name in the database's certificate: "
            "sslMode=VERIFY_IDENTITY, and RDS's authorities."
        ),
    )
    strict = (
        said.get("KC_HOSTNAME_STRICT") == "true"
        and said.get("KC_HOSTNAME") == f"{platform.settings.public_url}/auth"
    )
    yield (
        "keycloak host name",
        strict,
        "Set one strict host name: links and tokens would contain that of the request.",
    )
    inside = said.get("KC_HOSTNAME_ADMIN", "").startswith("https://localhost")
    yield (
        "keycloak administration",
        inside,
        "Serve the administration on localhost only: administrators use a tunnel.",
    )


@promise
def test_p105_volumes_are_encrypted_retained_zonal(
    platform: Assembly, cluster: RenderedCluster
) -> Verdicts:
    """Volumes of pods are gp3, encrypted with the key of Kubernetes, created in the zone of their
    pod, expandable, and retained when their claim is deleted.

    Kept by: StorageClass of the chart `ground`
    """
    classes = {found["metadata"]["name"]: found for found in made(cluster, "StorageClass")}
    for found in classes.values():
        subject = name_of(found)
        kind = at(found, "parameters.type"), at(found, "parameters.encrypted")
        yield subject, kind == ("gp3", "true"), "Use encrypted gp3 volumes."
        ours = is_key_of_kubernetes(named(platform, str(at(found, "parameters.kmsKeyId"))))
        yield subject, ours, "Encrypt volumes with keys.kubernetes, not with AWS's own key."
        bound = found.get("volumeBindingMode") == "WaitForFirstConsumer"
        yield (
            subject,
            bound,
            "Set WaitForFirstConsumer: a volume could be in another zone than its pod.",
        )
        yield (
            subject,
            found.get("allowVolumeExpansion") is True,
            "Allow volume expansion: a full volume would force its broker to move.",
        )
        yield (
            subject,
            found.get("reclaimPolicy") == "Retain",
            "Retain volumes: events would be deleted with the claim of a broker.",
        )
        yield (
            subject,
            found.get("provisioner") == "ebs.csi.eks.amazonaws.com",
            "Keep the provisioner: volumes cannot move to another one.",
        )
    for where, name in claims(cluster):
        yield where, name in classes, f"{name} is an unknown storage class. Use one of ours."
    data = {where.partition(" ")[0] for where, _ in claims(cluster)}
    yield (
        "claims",
        data >= {"redpanda", "rabbitmq", "monitoring"},
        f"Only {sorted(data)} have volume claims. Add the missing ones.",
    )
    on_disk = at(values_of(cluster, "redpanda"), "storage.persistentVolume.enabled") is True
    yield (
        "redpanda storage",
        on_disk,
        "Store events on persistent volumes: the loss of a node would lose them otherwise.",
    )


def claims(cluster: RenderedCluster) -> Iterator[tuple[str, str]]:
    """Yield volume claims with their storage class."""
    for name, release in cluster.releases.items():
        yield from (
            (f"{name} {path}", str(value))
            for path, value in leaves(release.values)
            if path.rpartition(".")[2] in CLAIMS
        )
    for release_name, manifest in cluster.everything():
        found = leaves(manifest.get("spec") or {})
        yield from (
            (f"{release_name} {name_of(manifest)}", str(value))
            for path, value in found
            if path.rpartition(".")[2] in CLAIMS
        )


NODES = {
    "karpenter.sh/capacity-type",
    "kubernetes.io/arch",
    "eks.amazonaws.com/instance-category",
    "eks.amazonaws.com/instance-generation",
    "eks.amazonaws.com/instance-encryption-in-transit-supported",
}
"""Labels by which EKS Auto Mode selects machines (Amazon EKS user guide, supported labels)."""


@rule
def test_node_pools_ask_for_known_labels(platform: Assembly, cluster: RenderedCluster) -> Verdicts:
    for _, pool in cluster.of_kind("NodePool"):
        asked = {entry["key"] for entry in pool["spec"]["template"]["spec"]["requirements"]}
        yield (
            name_of(pool),
            asked <= NODES,
            f"No machine has {sorted(asked - NODES)}: no node is ever made.",
        )
