"""Objects that upstream charts create from our values, for checks without the charts' archives.

They are Services with their ports, service accounts, Secrets, workloads and disruption budgets.
Fields that our values omit are omitted here, so that the rules of pods find them. If the archives
exist, test_cluster.py compares every entry with the rendered chart. Objects of operators are
included, because no chart renders them.
"""

from collections.abc import Iterable, Iterator, Mapping

import yaml

from tools.model.values import Json, at

NAME, INSTANCE, COMPONENT = (
    f"app.kubernetes.io/{key}" for key in ("name", "instance", "component")
)
READY: Json = {"readinessProbe": {"by": "the chart"}}
"""Probe that the chart renders without our values."""
ENVSUBST = {key: {"cpu": "100m", "memory": "125Mi"} for key in ("requests", "limits")}
"""Resources of a Redpanda container that no value sets."""
HOST_FOLDERS = ("proc", "sys", "root")
"""Folders of the node that node-exporter reads."""
CONFINED = {
    "allowPrivilegeEscalation": False,
    "readOnlyRootFilesystem": True,
    "capabilities": {"drop": ["ALL"]},
}
"""Security context of containers that the Prometheus operator sets."""
OPERATED_PORTS = {"prometheus": 9090, "alertmanager": 9093}
"""Ports of the workloads of the Prometheus operator."""
CERTIFICATE_KEYS = ("tls.crt", "tls.key", "ca.crt")
"""Keys of the Secret of a cert-manager certificate."""


def of(chart: str, release: str, namespace: str, values: Json) -> list[Json]:
    """Return the objects of a release."""
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
    objects = list(make(release, namespace, values)) if make else []
    return [*objects, *_accounts(objects, values)]


def _accounts(objects: list[Json], values: Json) -> Iterator[Json]:
    """Service accounts of pods; Keycloak and Fluent Bit set `automountServiceAccountToken`."""
    automount = values.get("serviceAccount", {}).get("automountServiceAccountToken", True)
    for workload in objects:
        if account := at(workload, "spec.template.spec.serviceAccountName"):
            yield _account(account, workload["metadata"]["namespace"], automount=automount)


def _cert_manager(release: str, namespace: str, values: Json) -> Iterator[Json]:
    for component, name in (
        ("controller", release),
        ("webhook", f"{release}-webhook"),
        ("cainjector", f"{release}-cainjector"),
    ):
        part = values if component == "controller" else values[component]
        labels = {NAME: name.removeprefix(f"{release}-"), INSTANCE: release, COMPONENT: component}
        container = _container(
            f"{release}-{component}",
            part,
            part.get("containerSecurityContext"),
            ready=component == "webhook",
        )
        yield from _deployment(namespace, name, labels, container, part)
    check, name = values["startupapicheck"], f"{release}-startupapicheck"
    container = _container(name, check, check.get("containerSecurityContext"))
    pod = {
        "serviceAccountName": name,
        "automountServiceAccountToken": True,
        "containers": [container],
    }
    yield _workload("Job", name, namespace, {INSTANCE: release, COMPONENT: "startupapicheck"}, pod)


def _external_secrets(release: str, namespace: str, values: Json) -> Iterator[Json]:
    for container_name, name, part in (
        (release, release, values),
        ("webhook", f"{release}-webhook", values["webhook"]),
        ("cert-controller", f"{release}-cert-controller", values["certController"]),
    ):
        container = _container(
            container_name, part, part.get("securityContext"), ready=part is not values
        )
        labels = {NAME: name, INSTANCE: release}
        yield from _deployment(namespace, name, labels, container, part)


def _rabbitmq_operators(release: str, namespace: str, values: Json) -> Iterator[Json]:
    parts = {
        "rabbitmq-operator": "clusterOperator",
        "messaging-topology-operator": "msgTopologyOperator",
    }
    for component, key in parts.items():
        part, name = values[key], release if key == "clusterOperator" else f"{release}-{component}"
        labels = _labels("rabbitmq-cluster-operator", release, component)
        # The topology operator serves metrics on one port with TLS and on another without.
        secure = key != "clusterOperator" and part["metrics"].get("secure", True)
        port = 9782 if key == "clusterOperator" else 8443 if secure else 8080
        container = _container(
            "rabbitmq-cluster-operator",
            part,
            part.get("containerSecurityContext"),
            ready=True,
            ports=(port,),
        )
        limit = part.get("pdb", {}).get("maxUnavailable")
        budget = {"maxUnavailable": int(limit)} if limit else None
        limited = {**part, "podDisruptionBudget": budget}
        yield from _deployment(namespace, name, labels, container, limited)
        monitor = {"selector": {"matchLabels": labels}, "podMetricsEndpoints": [{"port": port}]}
        yield _manifest("monitoring.coreos.com/v1", "PodMonitor", name, namespace, monitor)


def _redpanda(release: str, namespace: str, values: Json) -> Iterator[Json]:
    stateful, listeners = values["statefulset"], values["listeners"]
    labels = _labels("redpanda", release, "redpanda-statefulset")
    external = [
        listeners[listener]["external"]["default"]["port"]
        for listener in ("kafka", "schemaRegistry")
    ]
    broker, sidecar = _image(values["image"]), _image(stateful["sideCars"]["image"])
    by_chart = {
        "redpanda": {
            "image": broker,
            "resources": values.get("resources"),
            "ports": _ports(9644, 9093, 8081, 33145, *external),
        },
        "sidecar": {"image": sidecar, **READY},
        "redpanda-configurator": {"image": broker},
        "bootstrap-yaml-envsubst": {"image": sidecar, "resources": ENVSUBST},
        # With tiered storage only.
        "set-tiered-storage-cache-dir-ownership": {"image": _image(stateful["initContainerImage"])},
        "post-install": {"image": sidecar},
    }
    account = values.get("serviceAccount", {}).get("name", release)

    def pod(part: Json) -> Json:
        spec = part["podTemplate"]["spec"]
        containers = {
            key: [{**by_chart[container["name"]], **container} for container in spec[key]]
            for key in ("containers", "initContainers")
        }
        named = {"serviceAccountName": account, "automountServiceAccountToken": False}
        return {**spec, **named, **containers}

    replicas = stateful.get("replicas")
    yield _workload("StatefulSet", release, namespace, labels, pod(stateful), replicas=replicas)
    job, alone = pod(values["post_install_job"]), {INSTANCE: release}
    yield _workload("Job", f"{release}-configuration", namespace, alone, job)
    yield from _budgets(release, namespace, labels, stateful.get("budget"))
    yield _service(release, namespace, labels, 9644, 9093, 8081, 33145)
    for name, certificate in values["tls"]["certs"].items():
        if "secretRef" not in certificate and certificate.get("enabled", True):
            yield _secret(f"{release}-{name}-cert", namespace, *CERTIFICATE_KEYS)


def _keycloak(release: str, namespace: str, values: Json) -> Iterator[Json]:
    labels = _labels("keycloakx", release)
    container = _container(
        "keycloak", values, values.get("securityContext"), ready=True, ports=(8443, 9000)
    )
    pod = {
        "serviceAccountName": release,
        "securityContext": values.get("podSecurityContext"),
        "containers": [container],
        **{
            key: yaml.safe_load(values.get(key, ""))
            for key in ("affinity", "topologySpreadConstraints")
        },
    }
    yield _workload("StatefulSet", release, namespace, labels, pod, replicas=values.get("replicas"))
    yield from _budgets(release, namespace, labels, values.get("podDisruptionBudget"))
    yield _service(f"{release}-http", namespace, labels, 8443, 9000)


def _kong(release: str, namespace: str, values: Json) -> Iterator[Json]:
    labels = _labels("kong", release, "app")
    security = values.get("containerSecurityContext")
    initial = {**values, "resources": values.get("initContainerResources")}
    ports = (values["proxy"]["tls"]["containerPort"], values["status"]["http"]["containerPort"])
    pod = {
        "serviceAccountName": release,
        "automountServiceAccountToken": False,
        "securityContext": values.get("securityContext"),
        "topologySpreadConstraints": values.get("topologySpreadConstraints"),
        "containers": [_container("proxy", values, security, ready=True, ports=ports)],
        "initContainers": [_container("clear-stale-pid", initial, security)],
    }
    replicas = values["autoscaling"]["minReplicas"]
    yield _workload("Deployment", "kong", namespace, labels, pod, replicas=replicas)
    yield from _budgets("kong", namespace, labels, values.get("podDisruptionBudget"))
    yield _service("kong-proxy", namespace, labels, values["proxy"]["tls"]["servicePort"])


def _monitoring(release: str, namespace: str, values: Json) -> Iterator[Json]:
    yield from _grafana(release, namespace, values["grafana"])
    yield from _of_the_operator(release, namespace, values)
    yield from _node_exporter(release, values)
    for name, container_name, key in (
        (f"{release}-operator", "kube-prometheus-stack", "prometheusOperator"),
        ("kube-state-metrics", "kube-state-metrics", "kube-state-metrics"),
    ):
        part = values[key]
        labels = {
            INSTANCE: release,
            COMPONENT: "prometheus-operator" if name.endswith("operator") else "metrics",
        }
        container = _container(
            container_name, part, part.get("containerSecurityContext"), ready=True
        )
        yield from _deployment(namespace, name, labels, container, {"replicaCount": 1})
    for name, port in OPERATED_PORTS.items():
        yield _service(f"{release}-{name}", namespace, {NAME: name}, port)
    port = values["grafana"]["service"]["port"]
    yield _service("grafana", namespace, _labels("grafana", release), port, target=3000)


def _grafana(release: str, namespace: str, values: Json) -> Iterator[Json]:
    labels, sidecar = _labels("grafana", release), values["sidecar"]
    containers = [
        *(
            _container(f"grafana-sc-{what}", sidecar, sidecar.get("securityContext"))
            for what in ("dashboard", "datasources")
        ),
        _container(
            "grafana", values, values.get("containerSecurityContext"), ready=True, ports=(3000,)
        ),
        *(yaml.safe_load(values.get("extraContainers", "")) or []),
    ]
    pod = {
        "serviceAccountName": values["serviceAccount"]["name"],
        "automountServiceAccountToken": True,
        "topologySpreadConstraints": values.get("topologySpreadConstraints"),
        "containers": containers,
    }
    yield _workload(
        "Deployment", "grafana", namespace, labels, pod, replicas=values.get("replicas")
    )
    yield from _budgets("grafana", namespace, labels, values.get("podDisruptionBudget"))


def _of_the_operator(release: str, namespace: str, values: Json) -> Iterator[Json]:
    """Prometheus and Alertmanager, for which the operator sets security contexts."""
    for name, port in OPERATED_PORTS.items():
        spec = values[name][f"{name}Spec"]
        labels = {NAME: name, INSTANCE: release, "operator.prometheus.io/name": release}
        term = {
            "topologyKey": "kubernetes.io/hostname",
            "labelSelector": {"matchLabels": {NAME: name}},
        }
        pod = {
            "serviceAccountName": values[name]["serviceAccount"]["name"],
            "automountServiceAccountToken": spec.get("automountServiceAccountToken", True),
            "securityContext": spec.get("securityContext"),
            "topologySpreadConstraints": spec.get("topologySpreadConstraints"),
            "containers": [_container(name, spec, CONFINED, ready=True, ports=(port,))],
        }
        if spec.get("podAntiAffinity") == "hard":
            pod["affinity"] = {
                "podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}
            }
        workload, replicas = f"{name}-{release}", spec.get("replicas")
        yield _workload("StatefulSet", workload, namespace, labels, pod, replicas=replicas)
        yield from _budgets(
            f"{release}-{name}", namespace, {NAME: name}, values[name].get("podDisruptionBudget")
        )


def _node_exporter(release: str, values: Json) -> Iterator[Json]:
    if not values["nodeExporter"]["enabled"]:
        return
    part = values["prometheus-node-exporter"]
    security = part.get("containerSecurityContext")
    pod = {
        "serviceAccountName": "node-exporter",
        "automountServiceAccountToken": False,
        "hostNetwork": True,
        "hostPID": True,
        "volumes": [{"name": folder, "hostPath": {"path": folder}} for folder in HOST_FOLDERS],
        "containers": [_container("node-exporter", part, security, ready=True, ports=(9100,))],
    }
    labels = {INSTANCE: release, COMPONENT: "metrics"}
    yield _workload("DaemonSet", "node-exporter", part["namespaceOverride"], labels, pod)


def _reloader(release: str, namespace: str, values: Json) -> Iterator[Json]:
    reloader = values["reloader"]
    part = reloader["deployment"]
    security = {
        **part.get("containerSecurityContext", {}),
        "readOnlyRootFilesystem": reloader.get("readOnlyRootFileSystem"),
    }
    container = _container(
        release, {**part, "image": values["image"]}, security, ready=True, ports=(9090,)
    )
    part = {
        **part,
        "replicaCount": part.get("replicas"),
        "podDisruptionBudget": reloader.get("podDisruptionBudget"),
    }
    yield from _deployment(namespace, release, _labels("reloader", release), container, part)


def _fluent_bit(release: str, namespace: str, values: Json) -> Iterator[Json]:
    labels, account = _labels("fluent-bit", release), values["serviceAccount"]
    security = values.get("securityContext")
    pod = {
        "serviceAccountName": account["name"],
        "automountServiceAccountToken": account["automountServiceAccountToken"],
        "securityContext": values.get("podSecurityContext"),
        "volumes": values["daemonSetVolumes"],
        "containers": [_container("fluent-bit", values, security, ready=True, ports=(2020,))],
    }
    yield _workload("DaemonSet", release, namespace, labels, pod)
    yield _service(release, namespace, labels, 2020)


def _deployment(
    namespace: str, name: str, labels: Json, container: Json, part: Json
) -> Iterator[Json]:
    """Yield a Deployment with a token of the API server, and its disruption budget."""
    pod = {
        "serviceAccountName": name,
        "automountServiceAccountToken": True,
        "containers": [container],
    }
    if "topologySpreadConstraints" in part:
        pod["topologySpreadConstraints"] = part["topologySpreadConstraints"]
    yield _workload("Deployment", name, namespace, labels, pod, replicas=part.get("replicaCount"))
    yield from _budgets(name, namespace, labels, part.get("podDisruptionBudget"))


def _container(
    name: str, part: Json, security: Json | None, *, ready: bool = False, ports: Iterable[int] = ()
) -> Json:
    container = {
        "name": name,
        "image": _image(part["image"]),
        "resources": part.get("resources"),
        "securityContext": security,
    }
    return {**container, "ports": _ports(*ports), **(READY if ready else {})}


def _ports(*numbers: int) -> list[Json]:
    return [{"containerPort": number} for number in numbers]


def _image(parts: Mapping[str, str]) -> str:
    return "/".join(filter(None, (parts.get("registry"), parts["repository"]))) + f":{parts['tag']}"


def _workload(
    kind: str, name: str, namespace: str, labels: Json, pod: Json, *, replicas: int | None = None
) -> Json:
    spec: Json = {"template": {"metadata": {"labels": labels}, "spec": pod}}
    if replicas:
        spec["replicas"] = replicas
    return _manifest("batch/v1" if kind == "Job" else "apps/v1", kind, name, namespace, spec)


def _budgets(name: str, namespace: str, labels: Json, budget: Json | None) -> Iterator[Json]:
    """Yield the disruption budget in the values; an empty text removes a default of the chart."""
    if not budget or budget.get("enabled") is False:
        return
    keys = ("minAvailable", "maxUnavailable")
    limits = {key: budget[key] for key in keys if budget.get(key) not in (None, "")}
    spec = {**limits, "selector": {"matchLabels": labels}}
    yield _manifest("policy/v1", "PodDisruptionBudget", name, namespace, spec)


def operated(manifest: Json) -> Iterator[Json]:
    """Yield the objects that an operator creates for a custom resource."""
    make = {
        "RabbitmqCluster": _rabbitmq_cluster,
        "Certificate": _certificate,
        "ExternalSecret": _external_secret,
        "Prometheus": _prometheus,
        "Alertmanager": _prometheus,
    }.get(manifest["kind"])
    if make:
        yield from make(manifest)


def _rabbitmq_cluster(manifest: Json) -> Iterator[Json]:
    """Objects of the RabbitMQ cluster operator (source: `internal/resource` of the operator)."""
    name = manifest["metadata"]["name"]
    namespace = manifest["metadata"]["namespace"]
    spec = manifest["spec"]
    labels = {NAME: name, COMPONENT: "rabbitmq", "app.kubernetes.io/part-of": "rabbitmq"}
    names = {5671: "amqps", 15671: "management-tls", 15691: "prometheus-tls"}
    if not spec.get("tls", {}).get("disableNonTLSListeners"):
        names |= {5672: "amqp", 15672: "management", 15692: "prometheus"}
    service = _service(name, namespace, labels, *names)
    for port in service["spec"]["ports"]:
        port["name"] = names[port["port"]]
    yield service
    within = (4369, 25672)
    yield _service(f"{name}-nodes", namespace, labels, *within)
    yield _account(f"{name}-server", namespace)
    pod = {
        "serviceAccountName": f"{name}-server",
        "affinity": spec.get("affinity"),
        "tolerations": spec.get("tolerations"),
        **spec["override"]["statefulSet"]["spec"]["template"]["spec"],
    }
    extra = {
        "image": spec["image"],
        "resources": spec["resources"],
        "readinessProbe": {"tcpSocket": {"port": "amqps"}},
    }
    small = {key: {"cpu": "100m", "memory": "500Mi"} for key in ("requests", "limits")}
    pod["containers"] = [
        {
            **container,
            **(extra if container["name"] == "rabbitmq" else {}),
            "ports": _ports(*names, *within),
        }
        for container in pod["containers"]
    ]
    pod["initContainers"] = [
        {"image": spec["image"], "resources": small, **container}
        for container in pod.get("initContainers", [])
    ]
    yield _workload(
        "StatefulSet", f"{name}-server", namespace, labels, pod, replicas=spec["replicas"]
    )


def _prometheus(manifest: Json) -> Iterator[Json]:
    """StatefulSet of the Prometheus operator, which sets the security context of containers."""
    kind, metadata, spec = manifest["kind"].lower(), manifest["metadata"], manifest["spec"]
    labels = {
        NAME: kind,
        INSTANCE: metadata["name"],
        kind: metadata["name"],
        "operator.prometheus.io/name": metadata["name"],
    }
    container = {
        "name": kind,
        "image": spec["image"],
        "resources": spec.get("resources", {}),
        "ports": [
            {"name": "http-web", "containerPort": OPERATED_PORTS[kind]},
            {"name": "reloader-web", "containerPort": 8080},
        ],
        "readinessProbe": {"httpGet": {"path": "/-/ready", "port": "http-web"}},
        "securityContext": CONFINED,
    }
    pod = {
        "serviceAccountName": spec["serviceAccountName"],
        "securityContext": spec.get("securityContext"),
        "containers": [container],
        **{
            key: spec[key]
            for key in ("affinity", "topologySpreadConstraints", "automountServiceAccountToken")
            if key in spec
        },
    }
    workload, namespace = f"{kind}-{metadata['name']}", metadata["namespace"]
    yield _workload("StatefulSet", workload, namespace, labels, pod, replicas=spec["replicas"])


def _certificate(manifest: Json) -> Iterator[Json]:
    namespace = manifest["metadata"]["namespace"]
    yield _secret(manifest["spec"]["secretName"], namespace, *CERTIFICATE_KEYS)


def _external_secret(manifest: Json) -> Iterator[Json]:
    spec, metadata = manifest["spec"], manifest["metadata"]
    template = spec["target"].get("template", {}).get("data")
    keys = template or [entry["secretKey"] for entry in spec.get("data", [])]
    yield _secret(spec["target"].get("name", metadata["name"]), metadata["namespace"], *keys)


def _labels(name: str, instance: str, component: str | None = None) -> dict[str, str]:
    return {NAME: name, INSTANCE: instance} | ({COMPONENT: component} if component else {})


def _manifest(api: str, kind: str, name: str, namespace: str, spec: Json) -> Json:
    return {
        "apiVersion": api,
        "kind": kind,
        "metadata": {"name": name, "namespace": namespace},
        "spec": spec,
    }


def _service(
    name: str, namespace: str, selector: dict[str, str], *ports: int, target: int | None = None
) -> Json:
    spec = {
        "type": "ClusterIP",
        "selector": selector,
        "ports": [{"port": port, "targetPort": target or port} for port in ports],
    }
    return _manifest("v1", "Service", name, namespace, spec)


def _account(name: str, namespace: str, *, automount: bool = True) -> Json:
    return {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": {"name": name, "namespace": namespace},
        "automountServiceAccountToken": automount,
    }


def _secret(name: str, namespace: str, *keys: str) -> Json:
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": name, "namespace": namespace},
        "data": dict.fromkeys(keys, ""),
    }
