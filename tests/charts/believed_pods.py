"""Pods that upstream charts create from our values: containers, rights, resources and placement.

The rules of pods are checked on these without the charts' archives. With the archives, test_closure.py
compares each field with the rendered chart. A field that our values omit is omitted here, so that the
rules find it.
"""

from collections.abc import Iterable, Iterator, Mapping

import yaml

from tests.model.values import Json

NAME, INSTANCE, COMPONENT = (f"app.kubernetes.io/{key}" for key in ("name", "instance", "component"))
READY: Json = {"readinessProbe": {"by": "the chart"}}
"""Probe that the chart writes without a value of ours."""
ENVSUBST = {"requests": {"cpu": "100m", "memory": "125Mi"}, "limits": {"cpu": "100m", "memory": "125Mi"}}
"""Resources of a container of Redpanda's chart that no value sets."""
HOST_FOLDERS = ("proc", "sys", "root")
"""Folders of its node that node-exporter reads."""


def of(chart: str, release: str, namespace: str, values: Json) -> list[Json]:
    """Return the workloads of a release and their PodDisruptionBudgets."""
    make = {
        "cert-manager": _cert_manager,
        "external-secrets": _external_secrets,
        "rabbitmq-cluster-operator": _rabbitmq_operators,
        "redpanda": _redpanda,
        "keycloakx": _keycloak,
        "kong": _kong,
        "kube-prometheus-stack": _monitoring,
        "reloader": _reloader,
        "fluent-bit": _fluent_bit,
    }.get(chart)
    return list(make(release, namespace, values)) if make else []


def _cert_manager(release: str, namespace: str, values: Json) -> Iterator[Json]:
    for component, name in (("controller", release), ("webhook", f"{release}-webhook"), ("cainjector", f"{release}-cainjector")):
        part = values if component == "controller" else values[component]
        labels = {NAME: name.removeprefix(f"{release}-"), INSTANCE: release, COMPONENT: component}
        container = _container(f"{release}-{component}", part, part.get("containerSecurityContext"), ready=component == "webhook")
        yield _workload("Deployment", (namespace, name), labels, [container], part, account=name, replicas=part.get("replicaCount"))
        yield from _budgets(name, namespace, labels, part.get("podDisruptionBudget"))
    check, name = values["startupapicheck"], f"{release}-startupapicheck"
    container = _container(name, check, check.get("containerSecurityContext"))
    yield _workload("Job", (namespace, name), {INSTANCE: release, COMPONENT: "startupapicheck"}, [container], {}, account=name)


def _external_secrets(release: str, namespace: str, values: Json) -> Iterator[Json]:
    parts = ((release, release, values), ("webhook", f"{release}-webhook", values["webhook"]))
    for container_name, name, part in (*parts, ("cert-controller", f"{release}-cert-controller", values["certController"])):
        labels = {NAME: name, INSTANCE: release}
        container = _container(container_name, part, part.get("securityContext"), ready=part is not values)
        yield _workload("Deployment", (namespace, name), labels, [container], part, account=name, replicas=part.get("replicaCount"))
        yield from _budgets(name, namespace, labels, part.get("podDisruptionBudget"))


def _rabbitmq_operators(release: str, namespace: str, values: Json) -> Iterator[Json]:
    parts = {"rabbitmq-operator": "clusterOperator", "messaging-topology-operator": "msgTopologyOperator"}
    for component, key in parts.items():
        part, name = values[key], release if key == "clusterOperator" else f"{release}-{component}"
        labels = {NAME: "rabbitmq-cluster-operator", INSTANCE: release, COMPONENT: component}
        container = _container("rabbitmq-cluster-operator", part, part.get("containerSecurityContext"), ready=True)
        yield _workload("Deployment", (namespace, name), labels, [container], part, account=name, replicas=part.get("replicaCount"))
        told = part.get("pdb", {}).get("maxUnavailable")
        yield from _budgets(name, namespace, labels, {"maxUnavailable": int(told)} if told else None)


def _redpanda(release: str, namespace: str, values: Json) -> Iterator[Json]:
    stateful, listeners = values["statefulset"], values["listeners"]
    labels = {NAME: "redpanda", INSTANCE: release, COMPONENT: "redpanda-statefulset"}
    external = [listeners[listener]["external"]["default"]["port"] for listener in ("kafka", "schemaRegistry")]
    broker, sidecar = _image(values["image"]), _image(stateful["sideCars"]["image"])
    by_chart = {
        "redpanda": {"image": broker, "resources": values.get("resources"), "ports": _ports(9644, 9093, 8081, 33145, *external)},
        "sidecar": {"image": sidecar, **READY},
        "redpanda-configurator": {"image": broker},
        "bootstrap-yaml-envsubst": {"image": sidecar, "resources": ENVSUBST},
        # With tiered storage only.
        "set-tiered-storage-cache-dir-ownership": {"image": _image(stateful["initContainerImage"])},
        "post-install": {"image": sidecar},
    }
    account = values.get("serviceAccount", {}).get("name", release)
    for kind, name, told in (
        ("StatefulSet", release, stateful["podTemplate"]["spec"]),
        ("Job", f"{release}-configuration", values["post_install_job"]["podTemplate"]["spec"]),
    ):
        pod = {**told, "serviceAccountName": account, "automountServiceAccountToken": False}
        for key in ("containers", "initContainers"):
            pod[key] = [{**by_chart[container["name"]], **container} for container in told[key]]
        labelled = labels if kind == "StatefulSet" else {INSTANCE: release}
        yield _manifest(kind, (namespace, name), labelled, pod, stateful.get("replicas") if kind == "StatefulSet" else None)
    yield from _budgets(release, namespace, labels, stateful.get("budget"))


def _keycloak(release: str, namespace: str, values: Json) -> Iterator[Json]:
    labels = {NAME: "keycloakx", INSTANCE: release}
    container = _container("keycloak", values, values.get("securityContext"), ready=True, ports=(8443, 9000))
    pod = {
        "serviceAccountName": release,
        "securityContext": values.get("podSecurityContext"),
        "containers": [container],
        **{key: yaml.safe_load(values.get(key, "")) for key in ("affinity", "topologySpreadConstraints")},
    }
    yield _manifest("StatefulSet", (namespace, release), labels, pod, values.get("replicas"))
    yield from _budgets(release, namespace, labels, values.get("podDisruptionBudget"))


def _kong(release: str, namespace: str, values: Json) -> Iterator[Json]:
    labels = {NAME: "kong", INSTANCE: release, COMPONENT: "app"}
    security = values.get("containerSecurityContext")
    ports = (values["proxy"]["tls"]["containerPort"], values["status"]["http"]["containerPort"])
    pod = {
        "serviceAccountName": release,
        "automountServiceAccountToken": False,
        "securityContext": values.get("securityContext"),
        "topologySpreadConstraints": values.get("topologySpreadConstraints"),
        "containers": [_container("proxy", values, security, ready=True, ports=ports)],
        "initContainers": [_container("clear-stale-pid", {**values, "resources": values.get("initContainerResources")}, security)],
    }
    yield _manifest("Deployment", (namespace, "kong"), labels, pod, values["autoscaling"]["minReplicas"])
    yield from _budgets("kong", namespace, labels, values.get("podDisruptionBudget"))


def _monitoring(release: str, namespace: str, values: Json) -> Iterator[Json]:
    yield from _grafana(release, namespace, values["grafana"])
    yield from _of_the_operator(release, namespace, values)
    yield from _node_exporter(release, values)
    for name, container_name, key in (
        (f"{release}-operator", "kube-prometheus-stack", "prometheusOperator"),
        ("kube-state-metrics", "kube-state-metrics", "kube-state-metrics"),
    ):
        part, labels = values[key], {INSTANCE: release, COMPONENT: "prometheus-operator" if name.endswith("operator") else "metrics"}
        container = _container(container_name, part, part.get("containerSecurityContext"), ready=True)
        yield _workload("Deployment", (namespace, name), labels, [container], {}, account=name, replicas=1)


def _grafana(release: str, namespace: str, values: Json) -> Iterator[Json]:
    labels, sidecar = {NAME: "grafana", INSTANCE: release}, values["sidecar"]
    containers = [
        *(_container(f"grafana-sc-{what}", sidecar, sidecar.get("securityContext")) for what in ("dashboard", "datasources")),
        _container("grafana", values, values.get("containerSecurityContext"), ready=True, ports=(3000,)),
        *(yaml.safe_load(values.get("extraContainers", "")) or []),
    ]
    account = values["serviceAccount"]["name"]
    yield _workload("Deployment", (namespace, "grafana"), labels, containers, values, account=account, replicas=values.get("replicas"))
    yield from _budgets("grafana", namespace, labels, values.get("podDisruptionBudget"))


def _of_the_operator(release: str, namespace: str, values: Json) -> Iterator[Json]:
    """Prometheus and Alertmanager, which the operator creates with a security context of its own."""
    confined = {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}}
    for name, port in (("prometheus", 9090), ("alertmanager", 9093)):
        spec, labels = values[name][f"{name}Spec"], {NAME: name, INSTANCE: release, "operator.prometheus.io/name": release}
        term = {"topologyKey": "kubernetes.io/hostname", "labelSelector": {"matchLabels": {NAME: name}}}
        pod = {
            "serviceAccountName": values[name]["serviceAccount"]["name"],
            "automountServiceAccountToken": spec.get("automountServiceAccountToken", True),
            "securityContext": spec.get("securityContext"),
            "topologySpreadConstraints": spec.get("topologySpreadConstraints"),
            "containers": [_container(name, spec, confined, ready=True, ports=(port,))],
        }
        if spec.get("podAntiAffinity") == "hard":
            pod["affinity"] = {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}
        yield _manifest("StatefulSet", (namespace, f"{name}-{release}"), labels, pod, spec.get("replicas"))
        yield from _budgets(f"{release}-{name}", namespace, {NAME: name}, values[name].get("podDisruptionBudget"))


def _node_exporter(release: str, values: Json) -> Iterator[Json]:
    if not values["nodeExporter"]["enabled"]:
        return
    told = values["prometheus-node-exporter"]
    pod = {
        "serviceAccountName": "node-exporter",
        "automountServiceAccountToken": False,
        "hostNetwork": True,
        "hostPID": True,
        "volumes": [{"name": folder, "hostPath": {"path": folder}} for folder in HOST_FOLDERS],
        "containers": [_container("node-exporter", told, told.get("containerSecurityContext"), ready=True, ports=(9100,))],
    }
    yield _manifest("DaemonSet", (told["namespaceOverride"], "node-exporter"), {INSTANCE: release, COMPONENT: "metrics"}, pod)


def _reloader(release: str, namespace: str, values: Json) -> Iterator[Json]:
    labels, told = {NAME: "reloader", INSTANCE: release}, values["reloader"]
    deployment = told["deployment"]
    security = {**deployment.get("containerSecurityContext", {}), "readOnlyRootFilesystem": told.get("readOnlyRootFileSystem")}
    container = _container(release, {**deployment, "image": values["image"]}, security, ready=True, ports=(9090,))
    replicas = deployment.get("replicas")
    yield _workload("Deployment", (namespace, release), labels, [container], deployment, account=release, replicas=replicas)
    yield from _budgets(release, namespace, labels, told.get("podDisruptionBudget"))


def _fluent_bit(release: str, namespace: str, values: Json) -> Iterator[Json]:
    labels = {NAME: "fluent-bit", INSTANCE: release}
    pod = {
        "serviceAccountName": values["serviceAccount"]["name"],
        "automountServiceAccountToken": values["serviceAccount"]["automountServiceAccountToken"],
        "securityContext": values.get("podSecurityContext"),
        "volumes": values["daemonSetVolumes"],
        "containers": [_container("fluent-bit", values, values.get("securityContext"), ready=True, ports=(2020,))],
    }
    yield _manifest("DaemonSet", (namespace, release), labels, pod)


def _container(name: str, told: Json, security: Json | None, *, ready: bool = False, ports: Iterable[int] = ()) -> Json:
    container = {"name": name, "image": _image(told["image"]), "resources": told.get("resources"), "securityContext": security}
    return {**container, "ports": _ports(*ports), **(READY if ready else {})}


def _ports(*numbers: int) -> list[Json]:
    return [{"containerPort": number} for number in numbers]


def _image(parts: Mapping[str, str]) -> str:
    return "/".join(filter(None, (parts.get("registry"), parts["repository"]))) + f":{parts['tag']}"


def _workload(
    kind: str, where: tuple[str, str], labels: Json, containers: list[Json], told: Json, *, account: str, replicas: int | None = None
) -> Json:
    """Workload with a token of the API server, spread by our values."""
    pod = {"serviceAccountName": account, "automountServiceAccountToken": True, "containers": containers}
    if "topologySpreadConstraints" in told:
        pod["topologySpreadConstraints"] = told["topologySpreadConstraints"]
    return _manifest(kind, where, labels, pod, replicas)


def _manifest(kind: str, where: tuple[str, str], labels: Json, pod: Json, replicas: int | None = None) -> Json:
    namespace, name = where
    spec = {"template": {"metadata": {"labels": labels}, "spec": pod}, **({"replicas": replicas} if replicas else {})}
    group = "batch/v1" if kind == "Job" else "apps/v1"
    return {"apiVersion": group, "kind": kind, "metadata": {"name": name, "namespace": namespace}, "spec": spec}


def _budgets(name: str, namespace: str, labels: Json, told: Json | None) -> Iterator[Json]:
    """Yield the budget that values ask for. An empty text removes a default of the chart."""
    if not told or told.get("enabled") is False:
        return
    said = {key: told[key] for key in ("minAvailable", "maxUnavailable") if told.get(key) not in (None, "")}
    spec = {**said, "selector": {"matchLabels": labels}}
    yield {"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": name, "namespace": namespace}, "spec": spec}
