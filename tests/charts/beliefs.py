"""Objects that upstream charts create from our values, for checks without the charts' archives.

Only objects that others refer to are listed: Services with their ports, service accounts, Secrets and
pods (`believed_pods.py`). With the archives, test_closure.py compares every entry with the rendered
chart. Objects that operators create are listed too: no chart renders them.
"""

from collections.abc import Iterator

from tests.charts import believed_pods
from tests.model.values import Json

CERTIFICATE_KEYS = ("tls.crt", "tls.key", "ca.crt")
"""Keys of the Secret of a cert-manager certificate."""
KINDS_OF = {
    "monitoring.coreos.com": "prometheus-operator-crds",
    "cert-manager.io": "cert-manager",
    "external-secrets.io": "external-secrets",
    "rabbitmq.com": "rabbitmq-cluster-operator",
}
"""Chart that installs the kinds of an API group. EKS Auto Mode installs `eks.amazonaws.com` and `karpenter.sh`."""


def of(chart: str, release: str, namespace: str, values: Json) -> list[Json]:
    """Return Services, Secrets, pods and service accounts of a release."""
    make = {"kong": _kong, "keycloakx": _keycloak, "redpanda": _redpanda, "kube-prometheus-stack": _monitoring, "fluent-bit": _fluent_bit}
    pods = believed_pods.of(chart, release, namespace, values)
    return [*(make[chart](release, namespace, values) if chart in make else ()), *_accounts(pods, values), *pods]


def _accounts(pods: list[Json], values: Json) -> Iterator[Json]:
    """Service accounts of pods. Keycloak and Fluent Bit set `automountServiceAccountToken` on theirs."""
    automount = values.get("serviceAccount", {}).get("automountServiceAccountToken", True)
    for pod in pods:
        if spec := pod["spec"].get("template", {}).get("spec"):
            yield _account(spec["serviceAccountName"], pod["metadata"]["namespace"], automount=automount)


def _kong(release: str, namespace: str, values: Json) -> Iterator[Json]:
    yield _service("kong-proxy", namespace, _labels("kong", release, "app"), values["proxy"]["tls"]["servicePort"])


def _keycloak(release: str, namespace: str, _: Json) -> Iterator[Json]:
    yield _service(f"{release}-http", namespace, _labels("keycloakx", release), 8443, 9000)


def _redpanda(release: str, namespace: str, values: Json) -> Iterator[Json]:
    yield _service(release, namespace, _labels("redpanda", release, "redpanda-statefulset"), 9644, 9093, 8081, 33145)
    for name, certificate in values["tls"]["certs"].items():
        if "secretRef" not in certificate and certificate.get("enabled", True):
            yield _secret(f"{release}-{name}-cert", namespace, *CERTIFICATE_KEYS)


def _monitoring(release: str, namespace: str, values: Json) -> Iterator[Json]:
    for name, port in (("prometheus", 9090), ("alertmanager", 9093)):
        yield _service(f"{release}-{name}", namespace, {"app.kubernetes.io/name": name}, port)
    yield _service("grafana", namespace, _labels("grafana", release), values["grafana"]["service"]["port"], target=3000)


def _fluent_bit(release: str, namespace: str, _: Json) -> Iterator[Json]:
    yield _service(release, namespace, _labels("fluent-bit", release), 2020)


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
    """Objects of the RabbitMQ cluster operator (source: its `internal/resource`)."""
    name, namespace, spec = manifest["metadata"]["name"], manifest["metadata"]["namespace"], manifest["spec"]
    labels = {"app.kubernetes.io/name": name, "app.kubernetes.io/component": "rabbitmq", "app.kubernetes.io/part-of": "rabbitmq"}
    names = {5671: "amqps", 15671: "management-tls", 15691: "prometheus-tls"}
    if not spec.get("tls", {}).get("disableNonTLSListeners"):
        names |= {5672: "amqp", 15672: "management", 15692: "prometheus"}
    ports = tuple(names)
    service = _service(name, namespace, labels, *ports)
    for port in service["spec"]["ports"]:
        port["name"] = names[port["port"]]
    yield service
    yield _service(f"{name}-nodes", namespace, labels, 4369, 25672)
    within = (4369, 25672)
    yield _account(f"{name}-server", namespace)
    pod = spec["override"]["statefulSet"]["spec"]["template"]["spec"]
    pod = {"serviceAccountName": f"{name}-server", "affinity": spec.get("affinity"), "tolerations": spec.get("tolerations"), **pod}
    extra = {"image": spec["image"], "resources": spec["resources"], "readinessProbe": {"tcpSocket": {"port": "amqps"}}}
    small = {"requests": {"cpu": "100m", "memory": "500Mi"}, "limits": {"cpu": "100m", "memory": "500Mi"}}
    pod["containers"] = [
        {
            **container,
            **(extra if container["name"] == "rabbitmq" else {}),
            "ports": [{"containerPort": port} for port in (*ports, *within)],
        }
        for container in pod["containers"]
    ]
    pod["initContainers"] = [{"image": spec["image"], "resources": small, **container} for container in pod.get("initContainers", [])]
    template = {"metadata": {"labels": labels}, "spec": pod}
    yield _manifest("apps/v1", "StatefulSet", f"{name}-server", namespace, {"replicas": spec["replicas"], "template": template})


def _prometheus(manifest: Json) -> Iterator[Json]:
    """StatefulSet of the Prometheus operator, which sets the security context of containers."""
    kind, metadata, spec = manifest["kind"].lower(), manifest["metadata"], manifest["spec"]
    labels = {"app.kubernetes.io/name": kind, "app.kubernetes.io/instance": metadata["name"], kind: metadata["name"]}
    labels["operator.prometheus.io/name"] = metadata["name"]
    port = 9090 if kind == "prometheus" else 9093
    container = {
        "name": kind,
        "image": spec["image"],
        "resources": spec.get("resources", {}),
        "ports": [{"name": "http-web", "containerPort": port}, {"name": "reloader-web", "containerPort": 8080}],
        "readinessProbe": {"httpGet": {"path": "/-/ready", "port": "http-web"}},
        "securityContext": {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}},
    }
    pod = {
        "serviceAccountName": spec["serviceAccountName"],
        "securityContext": spec.get("securityContext"),
        "containers": [container],
        **{key: spec[key] for key in ("affinity", "topologySpreadConstraints", "automountServiceAccountToken") if key in spec},
    }
    content = {"replicas": spec["replicas"], "template": {"metadata": {"labels": labels}, "spec": pod}}
    yield _manifest("apps/v1", "StatefulSet", f"{kind}-{metadata['name']}", metadata["namespace"], content)


def _certificate(manifest: Json) -> Iterator[Json]:
    yield _secret(manifest["spec"]["secretName"], manifest["metadata"]["namespace"], *CERTIFICATE_KEYS)


def _external_secret(manifest: Json) -> Iterator[Json]:
    spec = manifest["spec"]
    template = spec["target"].get("template", {}).get("data")
    keys = template or [entry["secretKey"] for entry in spec.get("data", [])]
    yield _secret(spec["target"].get("name", manifest["metadata"]["name"]), manifest["metadata"]["namespace"], *keys)


def _labels(name: str, instance: str, component: str | None = None) -> dict[str, str]:
    labels = {"app.kubernetes.io/name": name, "app.kubernetes.io/instance": instance}
    return labels | ({"app.kubernetes.io/component": component} if component else {})


def _manifest(api: str, kind: str, name: str, namespace: str, spec: Json) -> Json:
    return {"apiVersion": api, "kind": kind, "metadata": {"name": name, "namespace": namespace}, "spec": spec}


def _service(name: str, namespace: str, selector: dict[str, str], *ports: int, target: int | None = None) -> Json:
    spec = {"type": "ClusterIP", "selector": selector, "ports": [{"port": port, "targetPort": target or port} for port in ports]}
    return _manifest("v1", "Service", name, namespace, spec)


def _account(name: str, namespace: str, *, automount: bool = True) -> Json:
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name, "namespace": namespace}}
    return {**account, "automountServiceAccountToken": automount}


def _secret(name: str, namespace: str, *keys: str) -> Json:
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name, "namespace": namespace}, "data": dict.fromkeys(keys, "")}
