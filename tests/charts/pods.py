"""Rules of pods: Pod Security, host access, API tokens, resources, probes, images and spread.

Each check yields findings `where: what`. excused.py lists intended findings with their reasons; an
exception without a finding is a finding.
"""

import re
from collections.abc import Iterable, Iterator, Mapping

from tests.charts.connections import labels_of, pods_behind, selects, things, workloads
from tests.charts.references import pod_of
from tools.model.cluster import RenderedCluster
from tools.model.values import Json

RESTRICTED_VOLUMES = {
    "configMap",
    "csi",
    "downwardAPI",
    "emptyDir",
    "ephemeral",
    "persistentVolumeClaim",
    "projected",
    "secret",
}
"""Kinds of volumes that Pod Security `restricted` allows."""
HOST = ("hostNetwork", "hostPID", "hostIPC")
EVERYBODY = {
    "system:anonymous",
    "system:authenticated",
    "system:masters",
    "system:serviceaccounts",
    "system:unauthenticated",
    "default",
}
"""Subjects that include the accounts of several pods."""

Containers = Iterator[tuple[str, Json, Json]]


def where_of(workload: Json) -> str:
    """Return namespace and name of a workload, without the hash at the end of a job's name."""
    name = (
        re.sub(r"-[0-9a-f]{8}$", "", workload["metadata"]["name"])
        if workload["kind"] == "Job"
        else workload["metadata"]["name"]
    )
    return f"{workload['metadata'].get('namespace')}/{name}"


def running(platform: RenderedCluster) -> Iterator[Json]:
    """Yield all workloads."""
    return (workload for _, workload in workloads(platform))


def containers(platform: RenderedCluster) -> Containers:
    """Yield `namespace/workload: container`, the pod and the container."""
    for workload in running(platform):
        pod = pod_of(workload) or {}
        for container in [*pod["containers"], *(pod.get("initContainers") or [])]:
            yield f"{where_of(workload)}: {container['name']}", pod, container


def unrestricted(platform: RenderedCluster) -> Iterator[str]:
    """Yield violations of the Pod Security standard `restricted`, in every namespace."""
    for workload in running(platform):
        pod = pod_of(workload) or {}
        yield from (f"{where_of(workload)}: {problem}" for problem in _pod_problems(pod))
        for container in [*pod["containers"], *(pod.get("initContainers") or [])]:
            yield from (
                f"{where_of(workload)}: {container['name']}: {problem}"
                for problem in _container_problems(pod, container)
            )


def _pod_problems(pod: Json) -> Iterator[str]:
    yield from (key for key in HOST if pod.get(key))
    for volume in pod.get("volumes") or []:
        yield from (
            f"volume {volume['name']} is {kind}"
            for kind in volume
            if kind not in {"name", *RESTRICTED_VOLUMES}
        )


def _container_problems(pod: Json, container: Json) -> Iterator[str]:
    whole, own = pod.get("securityContext") or {}, container.get("securityContext") or {}
    both = {**whole, **own}
    capabilities = own.get("capabilities") or {}
    rules = {
        "runs privileged": not own.get("privileged"),
        "runAsNonRoot is not true": both.get("runAsNonRoot") is True,
        "runs as user 0": both.get("runAsUser") != 0,
        "allowPrivilegeEscalation is not false": own.get("allowPrivilegeEscalation") is False,
        "does not drop ALL capabilities": capabilities.get("drop") == ["ALL"]
        and set(capabilities.get("add") or []) <= {"NET_BIND_SERVICE"},
        "has no seccompProfile": (both.get("seccompProfile") or {}).get("type")
        in {"RuntimeDefault", "Localhost"},
        "opens a port of the host": not any(
            port.get("hostPort") for port in container.get("ports") or []
        ),
    }
    yield from (problem for problem, kept in rules.items() if not kept)


def writable(platform: RenderedCluster) -> Iterator[str]:
    for where, _, container in containers(platform):
        if not (container.get("securityContext") or {}).get("readOnlyRootFilesystem"):
            yield where


def unlimited(platform: RenderedCluster) -> Iterator[str]:
    """Yield containers without requests, or without a memory limit."""
    for where, _, container in containers(platform):
        resources = container.get("resources") or {}
        requests, limits = resources.get("requests") or {}, resources.get("limits") or {}
        if not {"cpu", "memory"} <= requests.keys() or "memory" not in limits:
            yield f"{where}: resources are {resources}"


def unprobed(platform: RenderedCluster) -> Iterator[str]:
    """Yield containers of services without a readiness probe."""
    for workload in running(platform):
        if workload["kind"] not in {"Deployment", "StatefulSet", "DaemonSet"}:
            continue
        for container in (pod_of(workload) or {})["containers"]:
            if not container.get("readinessProbe"):
                yield f"{where_of(workload)}: {container['name']}"


def yielding(platform: RenderedCluster) -> Iterator[str]:
    """Yield DaemonSets without a priority class: on a full node their pods stay pending, for which
    Karpenter creates no node.
    """
    for workload in running(platform):
        if workload["kind"] == "DaemonSet" and not (pod_of(workload) or {}).get(
            "priorityClassName"
        ):
            yield where_of(workload)


def hasty(platform: RenderedCluster) -> Iterator[str]:
    """Yield startup probes of a path that includes readiness: the kubelet would kill a container
    that prepares its database for longer than the probe waits.
    """
    for where, _, container in containers(platform):
        startup, ready = (
            ((container.get(probe) or {}).get("httpGet") or {}).get("path")
            for probe in ("startupProbe", "readinessProbe")
        )
        if startup and ready and ready.startswith(startup):
            yield f"{where}: {startup} includes {ready}"


def is_exact(image: str) -> bool:
    """Return whether a name identifies one image. Bitnami no longer publishes versions."""
    name, _, tag = image.partition("@")[0].rpartition(":")
    return (
        bool(name)
        and tag != "latest"
        and bool(re.search(r"\d", tag))
        and tag.count("-distroless") <= 1
        and "bitnami" not in image
    )


def on_the_host(platform: RenderedCluster) -> Iterator[str]:
    """Yield pods with access to their node: network, processes, folders, ports or all rights."""
    for workload in running(platform):
        pod = pod_of(workload) or {}
        seen = [key for key in HOST if pod.get(key)]
        seen += [
            f"folder {volume['hostPath']['path']}"
            for volume in pod.get("volumes") or []
            if "hostPath" in volume
        ]
        for container in [*pod["containers"], *(pod.get("initContainers") or [])]:
            seen += (
                ["every right"]
                if (container.get("securityContext") or {}).get("privileged")
                else []
            )
            seen += [
                f"port {port['hostPort']}"
                for port in container.get("ports") or []
                if port.get("hostPort")
            ]
        if seen:
            yield f"{where_of(workload)}: {', '.join(seen)}"


def tokens(platform: RenderedCluster) -> Iterator[str]:
    """Yield pods with a token of the Kubernetes API, and pods of the default account."""
    known = accounts(platform)
    for workload in running(platform):
        if holds_a_token(workload, known):
            default = (pod_of(workload) or {}).get("serviceAccountName", "default") == "default"
            yield f"{where_of(workload)}" + (": the default account" if default else "")


def accounts(platform: RenderedCluster) -> dict[tuple[str | None, str], Json]:
    """Service accounts by namespace and name."""
    return {
        (a["metadata"].get("namespace"), a["metadata"]["name"]): a
        for _, a in things(platform, "ServiceAccount")
    }


def holds_a_token(workload: Json, known: Mapping[tuple[str | None, str], Json]) -> bool:
    """Return whether pods have an API token. The pod overrides its account. The default is true."""
    pod = pod_of(workload) or {}
    account = known.get(
        (workload["metadata"].get("namespace"), pod.get("serviceAccountName", "default")), {}
    )
    return (
        pod.get("automountServiceAccountToken", account.get("automountServiceAccountToken", True))
        is not False
    )


def wide_rights(platform: RenderedCluster) -> Iterator[str]:
    """Yield roles with a `*`, and bindings to the roles of administrators."""
    for release, role in platform.of_kind("ClusterRole", "Role"):
        for rule in role.get("rules") or []:
            stars = [
                key for key in ("apiGroups", "resources", "verbs") if "*" in (rule.get(key) or [])
            ]
            if stars:
                what = (
                    f"{', '.join(rule.get('apiGroups') or [])} "
                    f"{', '.join(rule.get('resources') or [])}"
                ).strip()
                yield (
                    f"{release}: {role['kind']} {role['metadata']['name']}: "
                    f"* in {' and '.join(stars)} of {what or 'core'}"
                )
    for release, binding in platform.of_kind("ClusterRoleBinding", "RoleBinding"):
        where = f"{release}: {binding['metadata']['name']}"
        if binding["roleRef"]["name"] in {"cluster-admin", "admin", "edit"}:
            yield f"{where} binds {binding['roleRef']['name']}"
        everybody = [
            subject["name"]
            for subject in binding.get("subjects") or []
            if subject["name"] in EVERYBODY
        ]
        yield from (f"{where} is for {name}" for name in everybody)


def open_services(platform: RenderedCluster) -> Iterator[str]:
    for release, service in things(platform, "Service"):
        if service["spec"].get("type", "ClusterIP") not in {"ClusterIP", "ExternalName"}:
            yield f"{release}: Service {service['metadata']['name']} is a {service['spec']['type']}"


def budgets(platform: RenderedCluster) -> Iterator[str]:
    """Yield budgets that select no pod or allow not exactly one, and replicas without a budget."""
    protected = []
    for release, budget in platform.of_kind("PodDisruptionBudget"):
        spec, namespace = budget["spec"], budget["metadata"]["namespace"]
        where = f"{release}: PodDisruptionBudget {namespace}/{budget['metadata']['name']}"
        chosen = [
            w
            for w in pods_behind(platform, namespace, spec.get("selector") or {})
            if w["kind"] in {"Deployment", "StatefulSet"}
        ]
        protected += [where_of(workload) for workload in chosen]
        if not chosen:
            yield (
                f"{where} selects {spec.get('selector')}, which no pod of {namespace} has: "
                "it protects nothing"
            )
        if ("minAvailable" in spec) == ("maxUnavailable" in spec):
            yield f"{where} needs one of minAvailable and maxUnavailable, and no more"
        for workload in chosen:
            replicas = workload["spec"].get("replicas") or 2
            if spec.get("maxUnavailable", replicas - int(spec.get("minAvailable") or 0)) != 1:
                yield f"{where} lets {spec} of {replicas} go, not one"
    for workload in running(platform):
        if (
            workload["kind"] in {"Deployment", "StatefulSet"}
            and workload["spec"].get("replicas", 2) > 1
            and where_of(workload) not in protected
        ):
            yield (
                f"{where_of(workload)} has {workload['spec'].get('replicas')} replicas and no "
                "PodDisruptionBudget"
            )


def crowded(platform: RenderedCluster) -> Iterator[str]:
    """Yield replicas that may share a zone or a host, and spread rules for other pods."""
    for workload in running(platform):
        pod, labels = pod_of(workload) or {}, labels_of(workload)
        if (
            workload["kind"] not in {"Deployment", "StatefulSet"}
            or workload["spec"].get("replicas", 2) < 2
        ):
            continue
        rules = [
            rule
            for rule in pod.get("topologySpreadConstraints") or []
            if rule["whenUnsatisfiable"] == "DoNotSchedule"
        ]
        if "topology.kubernetes.io/zone" not in {rule["topologyKey"] for rule in rules}:
            yield f"{where_of(workload)}: no rule spreads its replicas over zones"
        # Kubernetes counts zones with a node. Without this, all replicas start in the first zone
        # that has a node.
        if any(
            rule["topologyKey"] == "topology.kubernetes.io/zone" and rule.get("minDomains", 1) < 2
            for rule in rules
        ):
            yield f"{where_of(workload)}: its rule over zones has no minDomains"
        if any(not selects(rule["labelSelector"], labels) for rule in rules):
            yield f"{where_of(workload)}: a rule that spreads it counts pods with other labels"
        apart = any(
            term["topologyKey"] == "kubernetes.io/hostname"
            and selects(term["labelSelector"], labels)
            for term in apart_terms(pod)
        )
        if workload["kind"] == "StatefulSet" and not apart:
            yield f"{where_of(workload)}: two of its replicas may share a host"


def apart_terms(pod: Json) -> list[Json]:
    """Return the required anti-affinity terms of a pod."""
    affinity = (pod.get("affinity") or {}).get("podAntiAffinity") or {}
    return affinity.get("requiredDuringSchedulingIgnoredDuringExecution") or []


def namespaces(platform: RenderedCluster) -> dict[str, dict[str, str]]:
    """Return the labels of each namespace of the project."""
    return {
        manifest["metadata"]["name"]: manifest["metadata"].get("labels") or {}
        for _, manifest in platform.of_kind("Namespace")
    }


def unexcused(findings: Iterable[str], exceptions: Mapping[str, str]) -> list[str]:
    """Return findings without an exception, and exceptions without a finding.

    Args:
        findings: violations.
        exceptions: reason by beginning of a finding.
    """
    findings = list(findings)
    left = [finding for finding in findings if not finding.startswith(tuple(exceptions))]
    idle = [e for e in exceptions if not any(finding.startswith(e) for finding in findings)]
    return left + [
        f"exception {exception!r} excuses nothing any more: take it away" for exception in idle
    ]
