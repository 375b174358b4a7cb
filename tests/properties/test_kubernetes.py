"""Promises: Namespaces, policies and pods."""

from collections.abc import Iterator

import yaml

from spotmusic_cdk import flows
from spotmusic_cdk.namespaces import namespaces
from tests.charts import excused, pods, policies, quantities, validation
from tests.charts.connections import things
from tests.helm_values import leaves
from tests.properties.promise import Verdicts, judged, promise, rule
from tests.properties.releases import releases_of
from tools.model.assembly import Assembly
from tools.model.cluster import RenderedCluster
from tools.model.statements import statements_of
from tools.model.values import ACCOUNT, Json

STANDARD = "pod-security.kubernetes.io"
EXCEPTIONS = {"node-metrics": "privileged", "pod-logs": "privileged"}
"""Namespaces that do not enforce `restricted`, and their standard. `spotmusic_cdk/namespaces.py`
has the reasons."""
PLACES_OF_EKS = {"kube-system"}
"""Namespaces of EKS. They contain the pods of EKS, which reverts Pod Security labels of others."""
LOOK_UPS: Json = {"ports": [{"protocol": "UDP", "port": 53}, {"protocol": "TCP", "port": 53}]}
COUNTED = ("pods", "requests.cpu", "requests.memory")
DOORS = ("LoadBalancer", "NodePort")
STATEFUL = {"alertmanager", "keycloakx", "prometheus", "rabbitmq", "redpanda"}
"""Names in labels of pods of StatefulSets."""


def ours(cluster: RenderedCluster) -> list[Json]:
    """Manifests of own charts."""
    return [
        m
        for release in cluster.releases.values()
        if release.folder
        for m in cluster.manifests[release.name]
    ]


def of_namespace(cluster: RenderedCluster, kind: str) -> dict[str, Json]:
    """Manifest of a kind that each namespace must have exactly once, by namespace."""
    return {
        manifest["metadata"]["namespace"]: manifest["spec"] for _, manifest in cluster.of_kind(kind)
    }


def workloads(cluster: RenderedCluster) -> list[str]:
    return [pods.where_of(workload) for workload in pods.running(cluster)]


def containers(cluster: RenderedCluster) -> list[str]:
    return [where for where, _, _ in pods.containers(cluster)]


def services(cluster: RenderedCluster) -> list[str]:
    return [
        f"{release}: Service {service['metadata']['name']}"
        for release, service in things(cluster, "Service")
    ]


def roles(cluster: RenderedCluster) -> Iterator[str]:
    for release, role in cluster.of_kind("ClusterRole", "Role"):
        yield f"{release}: {role['kind']} {role['metadata']['name']}"
    for release, binding in cluster.of_kind("ClusterRoleBinding", "RoleBinding"):
        yield f"{release}: {binding['metadata']['name']}"


@promise
def test_p096_api_server_accepts_every_manifest(
    platform: Assembly, cluster: RenderedCluster
) -> Verdicts:
    """The API server of the cluster's Kubernetes version accepts every manifest without unknown
    fields, and operators serve every custom resource.

    Kept by: kubernetes-validate, `tests/charts/validation.py`
    """
    version = platform.settings.kubernetes.version
    manifests = ours(cluster)
    findings = [
        *validation.errors(manifests, version),
        *validation.doubles(manifests),
        *validation.unserved(manifests),
    ]
    fix = f"Kubernetes {version} rejects it. Correct the manifest."
    yield from judged(map(validation.name_of, manifests), findings, fix)


@promise
def test_p097_namespaces_enforce_restricted_pods(
    platform: Assembly, cluster: RenderedCluster
) -> Verdicts:
    """Each namespace enforces the Pod Security standard `restricted` of the cluster's version. The
    exceptions are `node-metrics` and `pod-logs`, because node-exporter and Fluent Bit read files of
    their node.

    Kept by: [`namespaces.py`](../spotmusic_cdk/namespaces.py), chart `ground`
    """
    declared, version = namespaces(platform.settings), f"v{platform.settings.kubernetes.version}"
    made = pods.namespaces(cluster)
    for name in sorted({*declared, *made}):
        subject, labels = f"namespace {name}", made.get(name, {})
        wanted = EXCEPTIONS.get(name, "restricted")
        yield (
            subject,
            labels.get(f"{STANDARD}/enforce") == wanted,
            f"Enforce {wanted}; an exception belongs into EXCEPTIONS of this test.",
        )
        pinned = {
            labels.get(f"{STANDARD}/{mode}-version") for mode in ("enforce", "audit", "warn")
        } == {version}
        yield (
            subject,
            pinned,
            f"Pin the standard to {version}: the newest would refuse pods after an upgrade.",
        )
        audited = labels.get(f"{STANDARD}/audit") == labels.get(f"{STANDARD}/warn") == "restricted"
        yield subject, audited, "Set audit and warn to restricted."
        because = name not in EXCEPTIONS or len(declared[name].because) >= 30
        yield subject, because, "State the reason of the exception in spotmusic_cdk/namespaces.py."
    for release, manifest in cluster.everything():
        place = manifest["metadata"].get("namespace", cluster.releases[release].namespace)
        subject = f"{release}: {validation.name_of(manifest)}"
        yield (
            subject,
            place in {*made, *PLACES_OF_EKS},
            "Put it into a namespace that the cluster base creates.",
        )
    for workload in pods.running(cluster):
        holds = workload["metadata"]["namespace"] in made
        yield (
            pods.where_of(workload),
            holds,
            "Use a namespace of the cluster base: it has Pod Security labels.",
        )


@promise
def test_p098_pod_traffic_matches_flows(platform: Assembly, cluster: RenderedCluster) -> Verdicts:
    """Pods can reach DNS and the destinations in the table of flows, and no others. NetworkPolicies
    equal the table for ingress and egress.

    Kept by: [table of flows](../spotmusic_cdk/flows.py), `network_policies`
    """
    shut = {
        m["metadata"]["namespace"]: m["spec"]
        for _, m in cluster.of_kind("NetworkPolicy")
        if m["metadata"]["name"] == "default-deny"
    }
    for name in pods.namespaces(cluster):
        closed = {"podSelector": {}, "policyTypes": ["Ingress", "Egress"], "egress": [LOOK_UPS]}
        yield (
            f"namespace {name}",
            shut.get(name) == closed,
            "Deny ingress and egress of every pod, except DNS.",
        )
    findings = policies.findings(cluster, platform.settings)
    yield (
        "spotmusic_cdk/flows.py",
        not findings,
        f"Policies and table differ: {'; '.join(findings)}.",
    )
    makers = {release for release, _ in cluster.of_kind("NetworkPolicy")}
    yield (
        "NetworkPolicies",
        makers == {"ground"},
        f"{sorted(makers - {'ground'})} make policies of their own: turn them off.",
    )
    table = policies.expected(platform.settings)
    yield (
        "spotmusic_cdk/flows.py",
        len(table) >= len(flows.METRICS),
        "No flow is between pods: the search for them finds none.",
    )


@promise
def test_p099_namespaces_have_quotas_and_limits(
    platform: Assembly, cluster: RenderedCluster
) -> Verdicts:
    """Each namespace has a resource quota with room for all its pods and one more of each.
    Containers without requests and limits get defaults.

    Kept by: ResourceQuota and LimitRange of the chart `ground`
    """
    quotas, ranges = of_namespace(cluster, "ResourceQuota"), of_namespace(cluster, "LimitRange")
    for name in namespaces(platform.settings):
        subject, hard = f"namespace {name}", quotas.get(name, {}).get("hard", {})
        yield (
            subject,
            {*COUNTED, "persistentvolumeclaims"} <= hard.keys(),
            "Limit its pods, cores, memory and volumes.",
        )
        limits = [
            limit
            for limit in ranges.get(name, {}).get("limits", [])
            if limit["type"] == "Container"
        ]
        defaults: Json = limits[0].get("defaultRequest", {}) if limits else {}
        whole = {"cpu", "memory"} <= defaults.keys() and "memory" in limits[0].get("default", {})
        yield (
            subject,
            whole,
            "Set default requests and a memory limit: the quota refuses containers without them.",
        )
        for what, most in quantities.needed(cluster, name, defaults).items():
            fits = most <= quantities.number(hard.get(what, 0))
            yield (
                f"{subject} {what}",
                fits,
                (
                    f"Its pods, and one more of each, need {most:g} of {hard.get(what)}: "
                    "raise its quota."
                ),
            )


@promise
def test_p100_pods_are_unprivileged_with_requests(
    platform: Assembly, cluster: RenderedCluster
) -> Verdicts:
    """Containers run as a non-root user, without capabilities, from exact images of our registry.
    They have resource requests and readiness probes, and write to volumes only.
    `tests/charts/excused.py` lists the exceptions with their reasons.

    Kept by: [`pod.py`](../constructs/spotmusic_constructs/kubernetes/pod.py)
    """
    fix = "Give it what spotmusic_constructs/kubernetes/pod.py has."
    yield from judged(
        workloads(cluster), pods.unrestricted(cluster), fix, excused=excused.UNRESTRICTED
    )
    here = containers(cluster)
    yield from judged(
        here,
        pods.writable(cluster),
        "Mount a volume where it writes, and the rest read-only.",
        excused=excused.WRITABLE,
    )
    yield from judged(here, pods.unlimited(cluster), "Set requests, and a limit of memory.")
    yield from judged(
        here,
        pods.unprobed(cluster),
        "Set a readiness probe.",
        excused=excused.UNPROBED,
    )
    registry = f"{ACCOUNT}.dkr.ecr.{platform.settings.region}.amazonaws.com"
    for where, _, container in pods.containers(cluster):
        image = container["image"]
        yield (
            f"{where} {image}",
            pods.is_exact(image),
            "Name a digest, or a tag that means one image.",
        )
        yield (
            f"{where} {image}",
            image.startswith(f"{registry}/"),
            "Pull it through our registry, where no tag moves (property 22).",
        )


@promise
def test_p101_pods_reach_no_node(platform: Assembly, cluster: RenderedCluster) -> Verdicts:
    """Only node-exporter and Fluent Bit access their node. No Service bypasses the load balancers,
    because quotas reject such Services.

    Kept by: Services are bound to target groups
    """
    fix = "Remove its access to network, processes, folders and ports of its node."
    yield from judged(
        workloads(cluster), pods.on_the_host(cluster), fix, excused=excused.ON_THE_HOST
    )
    yield from judged(
        services(cluster),
        pods.open_services(cluster),
        "Make it a ClusterIP, and bind it to a target group.",
    )
    quotas = of_namespace(cluster, "ResourceQuota")
    for name in namespaces(platform.settings):
        doors = {
            quotas.get(name, {}).get("hard", {}).get(f"services.{door}")
            for door in ("loadbalancers", "nodeports")
        }
        yield (
            f"namespace {name}",
            doors == {"0"},
            "Set its quota for load balancers and node ports to zero.",
        )
    for release in cluster.releases.values():
        asked = [
            path
            for path, leaf in leaves(release.values)
            if leaf in DOORS or (path.endswith(("hostNetwork", "privileged")) and leaf)
        ]
        yield (
            str(release),
            not asked,
            f"{', '.join(asked)} bypasses the load balancers or enters the node.",
        )


@promise
def test_p102_api_tokens_are_minimal(platform: Assembly, cluster: RenderedCluster) -> Verdicts:
    """Only pods that call the Kubernetes API have a token, never of the default service account. No
    role of ours grants every right. tests/charts checks the roles of third-party charts, where
    these charts are available.

    Kept by: accounts of each chart, `tests/charts/excused.py`
    """
    fix = (
        "Set automountServiceAccountToken: false. "
        "A pod that calls the API server needs its own account, and an entry in excused.py."
    )
    yield from judged(workloads(cluster), pods.tokens(cluster), fix, excused=excused.NEED_THE_API)
    yield from judged(
        roles(cluster),
        pods.wide_rights(cluster),
        "Name groups, resources and verbs; administrators are no pods.",
    )
    for statement in statements_of(platform):
        if (
            statement.kind == "trust"
            and ("Service", "pods.eks.amazonaws.com") in statement.principals
        ):
            entries = platform.users_of(statement.resource, "AWS::EKS::AccessEntry")
            yield (
                statement.resource,
                not entries,
                "Remove the access entry: the pod would have rights in the cluster through AWS.",
            )


@rule
def test_rolling_updates_keep_pods_spread(platform: Assembly) -> Verdicts:
    """New pods of a Deployment spread among themselves. Pods of a StatefulSet keep their places."""
    for name, release in releases_of(platform).items():
        for path, leaf in leaves(release.values):
            if not path.endswith("topologySpreadConstraints"):
                continue
            for constraint in yaml.safe_load(leaf) if isinstance(leaf, str) else leaf:
                stateful = bool({*constraint["labelSelector"]["matchLabels"].values()} & STATEFUL)
                correct = constraint.get("matchLabelKeys", []) == (
                    [] if stateful else ["pod-template-hash"]
                )
                yield (
                    f"{name}: {path}",
                    correct,
                    "Set each_revision for the pods of a Deployment, and for no others.",
                )
