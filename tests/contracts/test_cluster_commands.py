"""Cluster commands in documents use existing names and options of the pinned programs."""

import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest

from tests.cluster_commands import Cluster, cluster_of, wrong
from tests.documents import blocks, code, findings
from tools.checkout import ROOT

if TYPE_CHECKING:
    from tools.model.cluster import RenderedCluster

DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
MADE_OTHERWISE = {
    ("Pod", "keycloak"): {"rescue", "erasing"},  # commands of the documents create them
    ("ExternalSecret", "redpanda"): {
        "redpanda-license"
    },  # only if the file has the secret of a licence
    ("Secret", "redpanda"): {"redpanda-license"},
}
"""Names in documents that production's manifests do not have."""

VHOST = "-p spotmusic"
TOOLS = {
    "rabbitmqctl": {
        "list_queues": VHOST,
        "delete_queue": VHOST,
        "purge_queue": VHOST,
        "change_password": "",
        "forget_cluster_node": "",
        "await_startup": "",
        "stop_app": "",
        "join_cluster": "",
        "start_app": "",
        "set_vm_memory_high_watermark": "",
        "authenticate_user": "",
        "list_feature_flags": "",
        "enable_feature_flag": "",
    },
    "rabbitmq-queues": {"grow": "", "quorum_status": VHOST, "rebalance": ""},
    "rabbitmq-diagnostics": {
        "cluster_status": "",
        "check_if_node_is_quorum_critical": "",
        "memory_breakdown": "",
        "alarms": "",
    },
    "rpk": {
        **dict.fromkeys(
            (
                "cluster brokers decommission",
                "cluster brokers decommission-status",
                "cluster config set",
                "cluster health",
                "cluster info",
                "cluster logdirs describe",
                "cluster license info",
                "cluster license set",
            ),
            "",
        ),
        **dict.fromkeys(
            (
                "group describe",
                "topic list",
                "topic describe",
                "topic delete",
                "topic consume",
                "topic alter-config",
            ),
            "",
        ),
        **dict.fromkeys(("security user update", "security user delete", "security acl list"), ""),
        "security acl delete": "--no-confirm",
        # A number without unit is a time, which moves all partitions.
        "group seek": "--to-file",
        # The partition of a key depends on the client: Redpanda's rpk hashes as Java does, and
        # librdkafka by CRC32 (its setting `partitioner`).
        "topic produce": "--tombstone --partition",
    },
    "kcadm.sh": {
        "config credentials": "--client",
        **dict.fromkeys(("get", "create", "update", "delete", "set-password"), ""),
    },
    "redis-cli": {"INFO": "--tls", "--bigkeys": "--tls", "SLOWLOG GET": "--tls"},
    "amtool": dict.fromkeys(("alert add", "alert query", "silence add"), "--alertmanager.url"),
}
"""Commands of tools in containers that documents may use, with required options: without `-p`,
RabbitMQ uses the vhost `/`, which is empty; the realm rejects `kcadm.sh --user`. Sources: RabbitMQ
4.3.5 (`scopes` and `switches` of its CLI commands), rpk 26.2 (`cmd/rpk`), Keycloak 26 (Server
administration guide, Admin CLI), Alertmanager 0.29 (`cmd/amtool`)."""


STATEMENTS = {
    *("START TRANSACTION READ ONLY", "SHOW PROCESSLIST", "SHOW FULL PROCESSLIST"),
    # RDS grants users no privilege for KILL (Amazon RDS user guide, ending a session or query).
    *("CALL mysql.rds_kill(<id>)", "CALL mysql.rds_kill_query(<id>)"),
}
"""SQL statements that documents may use in MySQL on RDS."""
_STATEMENT = re.compile(r"^(?:CALL|SHOW|START TRANSACTION|SELECT|ALTER|DROP|KILL|SET GLOBAL) .+$")


def wrong_tools(text: str) -> Iterator[str]:
    """Yield commands of tools in containers that are unknown or lack required options."""
    for line in code(text):
        for tool, known in TOOLS.items():
            for rest in re.findall(
                rf"(?<![\w/-]){re.escape(tool)} (?!-)((?:(?!`| && |; |\| ).)+)",
                line.replace("./", ""),
            ):
                said = next((command for command in known if f" {command} " in f" {rest} "), None)
                if said is None or not rest.replace(known[said], "").lstrip().startswith(
                    said.split()[0]
                ):
                    yield f"{tool} {rest}"
                elif known[said] not in rest:
                    yield f"{tool} {said} without {known[said]}"


def wrong_statements(text: str) -> Iterator[str]:
    """Yield SQL statements that RDS rejects."""
    inline = re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", text, flags=re.DOTALL))
    yield from (said for said in inline if _STATEMENT.match(said) and said not in STATEMENTS)


def wrong_in_documents(errors: Callable[[str], Iterator[str]]) -> dict[str, list[str]]:
    """Errors by document."""
    return findings(DOCUMENTS, lambda document: errors(document.read_text()))


@pytest.fixture(scope="session")
def platform(deployed: Callable[[str], "RenderedCluster"]) -> "RenderedCluster":
    return deployed("prod")


@pytest.fixture(scope="session")
def cluster(platform: "RenderedCluster", deployed: Callable[[str], "RenderedCluster"]) -> Cluster:
    """Names of the clusters of production and of dev, which has no domain."""
    cluster = cluster_of(
        manifest for each in (platform, deployed("dev")) for _, manifest in each.everything()
    )
    for place, names in MADE_OTHERWISE.items():
        cluster.names[place] |= names
    return cluster


def test_cluster_commands_suit_programs_and_manifests(
    cluster: Cluster, platform: "RenderedCluster"
) -> None:
    assert wrong_in_documents(lambda text: wrong(text, cluster, platform.releases)) == {}


def test_tools_in_containers_have_commands() -> None:
    assert wrong_in_documents(wrong_tools) == {}


def test_first_node_of_rabbitmq_joins_others_with_an_empty_volume() -> None:
    """It begins another cluster (RabbitMQ 4.3.5, rabbit_peer_discovery_k8s.erl)."""
    runbook = (ROOT / "docs" / "runbooks" / "lost-broker.md").read_text()
    (block,) = (block for block in blocks(runbook) if any("join_cluster" in line for line in block))
    steps = [line for line in block if re.search("(stop|start)_app|join_cluster", line)]
    assert all(" exec -n rabbitmq rabbitmq-server-0 " in step for step in steps)
    assert [step.partition("rabbitmqctl ")[2] for step in steps] == [
        "stop_app",
        "join_cluster rabbit@rabbitmq-server-1.rabbitmq-nodes.rabbitmq",
        "start_app",
    ]


def test_statements_run_on_rds() -> None:
    assert wrong_in_documents(wrong_statements) == {}


def test_wrong_cluster_commands_are_noticed(cluster: Cluster, platform: "RenderedCluster") -> None:
    page = """```
helm list -A --all
helm -n kong rollback kon 3
kubectl logs -n monitoring alertmanager-monitoring-alertmanager-0 -c alertmanager
kubectl logs -n keycloak keycloak-0 -c kcadm
kubectl logs -n kong -l app.kubernetes.io/name=kong -c proxy --since=15m | grep error
kubectl -n rabbitmq get vhosts,bindings
kubectl exec -n redpanda redpanda-9 -c redpanda -- rpk cluster health
kubectl get pods -n kongs --since=5m
kubectl restart pods
kubectl get secret -n kong nothing
kubectl get pods -n keycloak -l app=keycloak
kubectl scale statefulset -n rabbitmq rabbitmq-server --replicas=0
```"""
    assert [*wrong(page, cluster, platform.releases)] == [
        "no Pod alertmanager-monitoring-alertmanager-0 in monitoring",
        "Pod/keycloak-0 in keycloak has no container kcadm, but keycloak",
        "kubectl logs -l shows ten lines of each pod without --tail",
        "kubectl knows no kind bindings that can be listed",
        "no Pod redpanda-9 in redpanda",
        "kubectl get --since",
        "kubectl restart",
        "no Secret nothing in kong",
        "no pod in keycloak has the label app=keycloak",
        "an operator resets the replicas of rabbitmq-server: change RabbitmqCluster/rabbitmq",
        "helm list --all",
        "helm rollback: no release kon",
    ]
