"""Connections between Services, pods, target groups, host names, accounts and secrets."""

import json
import re
from collections.abc import Iterator
from typing import Any

from tests.charts.references import pod_of
from tests.charts.validation import name_of
from tests.properties.secret_table import line_of
from tools.checkout import settings_of
from tools.model.cluster import RenderedCluster
from tools.model.expected_objects import operated
from tools.model.values import Json, texts

READINESS_GATE = "eks.amazonaws.com/pod-readiness-gate-inject"
IN_CLUSTER = re.compile(
    r"\b((?:[a-z0-9-]+\.)?([a-z0-9-]+)\.([a-z0-9-]+)\.svc)(?:\.cluster\.local)?"
    r"(?::(\d+))?(?![\w.-])"
)
"""Names of Services, and of pods of a headless Service."""


def things(platform: RenderedCluster, *kinds: str) -> Iterator[tuple[str, Json]]:
    """Yield manifests of some kinds with their release, including those of operators."""
    for release, manifest in platform.everything():
        for thing in (manifest, *operated(manifest)):
            if thing["kind"] in kinds:
                yield release, thing


def workloads(platform: RenderedCluster) -> Iterator[tuple[str, Json]]:
    """Yield all workloads."""
    return things(platform, "Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob")


def labels_of(workload: Json) -> dict[str, str]:
    spec = (
        workload["spec"]["jobTemplate"]["spec"]
        if workload["kind"] == "CronJob"
        else workload["spec"]
    )
    labels = dict(spec["template"].get("metadata", {}).get("labels") or {})
    if workload["kind"] == "StatefulSet":
        # Kubernetes adds this label, for the Service of one pod.
        labels["statefulset.kubernetes.io/pod-name"] = f"{workload['metadata']['name']}-0"
    return labels


def selects(selector: Json, labels: dict[str, str]) -> bool:
    """Return whether a label selector matches labels."""
    wanted = selector.get("matchLabels", selector if "matchExpressions" not in selector else {})
    return all(_same(labels, key, value) for key, value in (wanted or {}).items()) and all(
        _expression(expression, labels) for expression in selector.get("matchExpressions") or []
    )


def _same(labels: dict[str, str], key: str, value: str) -> bool:
    if key == "statefulset.kubernetes.io/pod-name" and key in labels:
        return str(value).rpartition("-")[0] == labels[key].rpartition("-")[0]
    return labels.get(key) == str(value)


def _expression(expression: Json, labels: dict[str, str]) -> bool:
    value = labels.get(expression["key"])
    match expression["operator"]:
        case "In":
            return value in expression["values"]
        case "NotIn":
            return value not in expression["values"]
        case "Exists":
            return value is not None
    return value is None


def pods_behind(platform: RenderedCluster, namespace: str, selector: Json) -> list[Json]:
    """Return the workloads that a selector matches in a namespace."""
    if not selector:
        return []
    return [
        w
        for _, w in workloads(platform)
        if w["metadata"].get("namespace") == namespace and selects(selector, labels_of(w))
    ]


def container_ports(workload: Json) -> set[int | str]:
    spec = pod_of(workload) or {}
    ports = [
        port for container in spec.get("containers", []) for port in container.get("ports") or []
    ]
    return {port["containerPort"] for port in ports} | {
        port["name"] for port in ports if "name" in port
    }


def services(platform: RenderedCluster) -> dict[tuple[str, str], Json]:
    return {
        (s["metadata"]["namespace"], s["metadata"]["name"]): s
        for _, s in things(platform, "Service")
    }


def service_findings(platform: RenderedCluster) -> list[str]:
    """Return Services without a pod, or with a port that no pod opens."""
    found = []
    for (namespace, name), service in services(platform).items():
        selector = service["spec"].get("selector") or {}
        # The Services of the API server and the kubelets have no selector. The Prometheus operator
        # writes their addresses.
        if not selector or namespace == "kube-system":
            continue
        pods = pods_behind(platform, namespace, selector)
        if not pods:
            found.append(
                f"Service {namespace}/{name} selects {selector}, which no pod of {namespace} has"
            )
        for port in service["spec"]["ports"] if pods else []:
            target = port.get("targetPort", port["port"])
            if not any(target in container_ports(pod) for pod in pods):
                found.append(
                    f"Service {namespace}/{name} leads to port {target}, which no container of "
                    f"{[name_of(p) for p in pods]} has"
                )
    return found


def monitor_findings(platform: RenderedCluster) -> list[str]:
    """Return monitors without a Service or a port. Expected upstream objects have no port names."""
    found = []
    for release, monitor in platform.of_kind("ServiceMonitor"):
        spec, namespace = monitor["spec"], monitor["metadata"]["namespace"]
        places = (spec.get("namespaceSelector") or {}).get("matchNames", [namespace])
        if "kube-system" in places or "default" in places:
            continue  # of Kubernetes itself
        candidates = [
            s for _, s in things(platform, "Service") if s["metadata"]["namespace"] in places
        ]
        chosen = [
            s
            for s in candidates
            if selects(spec["selector"], s["metadata"].get("labels") or _operated_labels(s))
        ]
        where = f"{name_of(monitor)} of release {release}"
        if not chosen:
            found.append(f"{where} selects {spec['selector']} in {places}, which no Service has")
        for endpoint in spec["endpoints"] if chosen else []:
            if not any(_scrapes(platform, endpoint, service) for service in chosen):
                found.append(
                    f"{where} scrapes {endpoint}, a port which none of "
                    f"{[name_of(s) for s in chosen]} has"
                )
    return found


def _scrapes(platform: RenderedCluster, endpoint: Json, service: Json) -> bool:
    """Return whether an endpoint exists. `port` is a port of the Service, `targetPort` a port of
    pods.
    """
    if "port" in endpoint:
        return endpoint["port"] in {entry.get("name") for entry in service["spec"]["ports"]}
    pods = pods_behind(
        platform, service["metadata"]["namespace"], service["spec"].get("selector") or {}
    )
    return any(endpoint["targetPort"] in container_ports(pod) for pod in pods)


def scraped_ports(platform: RenderedCluster) -> Iterator[tuple[str, int]]:
    """Yield namespace and number of each monitored port of pods."""
    for kind, key in (("ServiceMonitor", "endpoints"), ("PodMonitor", "podMetricsEndpoints")):
        for _, monitor in platform.of_kind(kind):
            namespace = monitor["metadata"]["namespace"]
            for place in (monitor["spec"].get("namespaceSelector") or {}).get(
                "matchNames", [namespace]
            ):
                for endpoint in monitor["spec"][key]:
                    yield from (
                        (place, port)
                        for port in _numbers(platform, place, monitor["spec"]["selector"], endpoint)
                    )


def _numbers(
    platform: RenderedCluster, namespace: str, selector: Json, endpoint: Json
) -> Iterator[int]:
    name = endpoint.get("port", endpoint.get("targetPort"))
    for (place, _), service in services(platform).items():
        if place == namespace and selects(
            selector, service["metadata"].get("labels") or _operated_labels(service)
        ):
            name = next(
                (
                    port.get("targetPort", port["port"])
                    for port in service["spec"]["ports"]
                    if port.get("name") == name
                ),
                name,
            )
    for _, workload in workloads(platform):
        if workload["metadata"].get("namespace") == namespace:
            for container in (pod_of(workload) or {})["containers"]:
                yield from (
                    p["containerPort"]
                    for p in container.get("ports") or []
                    if name in (p["containerPort"], p.get("name"))
                )


def _operated_labels(service: Json) -> dict[str, str]:
    """Labels of a Service of an operator, which equal those of its pods."""
    return dict(service["spec"].get("selector") or {})


def target_group_findings(platform: RenderedCluster) -> list[str]:
    """Return bindings with a missing target, and target groups without a binding."""
    groups = {
        platform.value(stack, {"Ref": id_}): (id_, resource["Properties"])
        for stack, id_, resource in platform.resources("AWS::ElasticLoadBalancingV2::TargetGroup")
        if stack in {"eks-platform", "network"} and resource["Properties"]["TargetType"] == "ip"
    }
    found, bound = [], []
    for release, binding in platform.of_kind("TargetGroupBinding"):
        spec, where = binding["spec"], f"{name_of(binding)} of release {release}"
        bound.append(spec["targetGroupARN"])
        if spec["targetGroupARN"] not in groups:
            found.append(
                f"{where} names {spec['targetGroupARN']}, which is no target group of pods in "
                "eks-platform or network"
            )
            continue
        found += [
            f"{where} {problem}"
            for problem in _binding_problems(platform, binding, groups[spec["targetGroupARN"]])
        ]
    found += [
        f"target group {id_} has no TargetGroupBinding: no pod will ever join it"
        for arn, (id_, _) in groups.items()
        if arn not in bound
    ]
    return found + [
        f"two bindings share {arn}: each would remove the other's pods"
        for arn in set(bound)
        if bound.count(arn) > 1
    ]


def _binding_problems(
    platform: RenderedCluster, binding: Json, group: tuple[str, Json]
) -> Iterator[str]:
    id_, properties = group
    namespace, reference = binding["metadata"]["namespace"], binding["spec"]["serviceRef"]
    service = services(platform).get((namespace, reference["name"]))
    if service is None:
        yield f"names Service {namespace}/{reference['name']}, which nothing makes"
        return
    (labels,) = (
        made["metadata"]["labels"]
        for _, made in platform.of_kind("Namespace")
        if made["metadata"]["name"] == namespace
    )
    if labels.get(READINESS_GATE) != "enabled":
        yield (
            f"is in namespace {namespace}, where rolling updates do not wait for it: "
            "set behind_load_balancer"
        )
    if reference["port"] not in {port["port"] for port in service["spec"]["ports"]}:
        bound = f"{namespace}/{reference['name']}"
        yield f"names port {reference['port']}, which Service {bound} does not have"
    if properties["Port"] != reference["port"]:
        yield (
            f"hands port {reference['port']} to target group {id_}, which is for "
            f"{properties['Port']}"
        )
    health = properties.get("HealthCheckPort", "traffic-port")
    pods = pods_behind(platform, namespace, service["spec"]["selector"])
    if health != "traffic-port" and not any(int(health) in container_ports(pod) for pod in pods):
        yield (
            f"joins target group {id_} with a health check of port {health}, which no container "
            f"of {[name_of(p) for p in pods]} has"
        )


def host_findings(platform: RenderedCluster) -> list[str]:
    """Return host names in charts, pods and tasks that do not resolve."""
    zone = next(
        str(r["Properties"]["Name"]).rstrip(".")
        for _, _, r in platform.resources("AWS::Route53::HostedZone")
    )
    known, there = set(_names(platform)), services(platform)
    found = set()
    for user, text in _texts(platform):
        for name, service, namespace, port in IN_CLUSTER.findall(text):
            where = there.get((namespace, service))
            if where is None:
                found.add(f"{user} names {name}, but no Service {namespace}/{service} is made")
            elif port and int(port) not in {entry["port"] for entry in where["spec"]["ports"]}:
                found.add(
                    f"{user} names {name}:{port}, but Service {namespace}/{service} has not that "
                    "port"
                )
        for name in re.findall(rf"[a-z0-9-]+(?:\.svc)?\.{re.escape(zone)}", text):
            if name not in known:
                found.add(
                    f"{user} names {name}, but neither Route 53 nor Cloud Map has it (known: "
                    f"{sorted(known)})"
                )
    return sorted(found)


def _texts(platform: RenderedCluster) -> Iterator[tuple[str, str]]:
    for release in platform.releases.values():
        yield from ((f"values of {release}", text) for text in texts(release.values))
    for release_name, manifest in platform.everything():
        yield from (
            (f"{name_of(manifest)} of release {release_name}", text)
            for text in texts(manifest.get("spec") or manifest.get("data"))
        )
    for stack, id_, task in platform.resources("AWS::ECS::TaskDefinition"):
        yield from (
            (f"task definition {id_}", text)
            for text in texts(platform.value(stack, task["Properties"]["ContainerDefinitions"]))
        )
    for stack, id_, parameter in platform.resources("AWS::SSM::Parameter"):
        yield f"parameter {id_}", str(platform.value(stack, parameter["Properties"]["Value"]))


def _names(platform: RenderedCluster) -> Iterator[str]:
    for stack, _, record in platform.resources("AWS::Route53::RecordSet"):
        yield str(platform.value(stack, record["Properties"]["Name"])).rstrip(".")
    for _, _, service in platform.resources("AWS::ECS::Service"):
        for configured in (service["Properties"].get("ServiceConnectConfiguration") or {}).get(
            "Services"
        ) or []:
            yield from (
                str(alias["DnsName"])
                for alias in configured.get("ClientAliases") or []
                if "DnsName" in alias
            )
    for stack, _, service in platform.resources("AWS::ServiceDiscovery::Service"):
        namespace = (
            service["Properties"].get("NamespaceId")
            or service["Properties"]["DnsConfig"]["NamespaceId"]
        )
        id_ = namespace["Fn::GetAtt"][0]
        parent = platform.templates[stack]["Resources"][id_]["Properties"]["Name"]
        yield f"{platform.value(stack, service['Properties']['Name'])}.{parent}"


def identity_findings(platform: RenderedCluster) -> list[str]:
    """Return Pod Identity associations without an account or a pod, or created after its pods."""
    accounts = {
        (a["metadata"]["namespace"], a["metadata"]["name"]): release
        for release, a in things(platform, "ServiceAccount")
    }
    found = []
    for stack, id_, association in platform.resources("AWS::EKS::PodIdentityAssociation"):
        properties = association["Properties"]
        subject = properties["Namespace"], properties["ServiceAccount"]
        if subject not in accounts:
            found.append(
                f"{id_} gives rights to service account {'/'.join(subject)}, which no chart makes"
            )
            continue
        release = platform.releases[accounts[subject]]
        if release.stack == stack and id_ not in release.resource.get("DependsOn", []):
            found.append(
                f"{release} makes {'/'.join(subject)} but does not wait for {id_}: "
                "its first pods would have no credentials"
            )
        if not any(_runs_as(workload, subject) for _, workload in workloads(platform)):
            found.append(f"{id_} gives rights to {'/'.join(subject)}, as which no pod runs")
    return found


def _runs_as(workload: Json, subject: tuple[str, str]) -> bool:
    return (
        workload["metadata"].get("namespace"),
        (pod_of(workload) or {}).get("serviceAccountName"),
    ) == subject


def secret_fields(platform: RenderedCluster) -> dict[str, set[str] | None]:
    """Return the fields of each secret in Secrets Manager by its ARN; None for unknown fields."""
    found: dict[str, set[str] | None] = {}
    for stack, id_, secret in platform.resources("AWS::SecretsManager::Secret"):
        generated = secret["Properties"].get("GenerateSecretString")
        fields = None
        if generated and "SecretStringTemplate" in generated:
            fields = {
                *json.loads(platform.value(stack, generated["SecretStringTemplate"])),
                generated["GenerateStringKey"],
            }
        found[platform.value(stack, {"Ref": id_})] = fields
    made_by_hand = settings_of(platform.environment).named_secrets
    return found | {arn: set(line_of(key).fields) for key, arn in made_by_hand.items()}


def external_secret_findings(platform: RenderedCluster) -> list[str]:
    """Return ExternalSecrets with an unknown secret or field, or without the right to read it."""
    secrets, readable = (
        secret_fields(platform),
        set(_resources(platform, "secretsmanager:GetSecretValue")),
    )
    found = []
    for release, external in platform.of_kind("ExternalSecret"):
        for entry in external["spec"].get("data", []):
            arn, field = entry["remoteRef"]["key"], entry["remoteRef"].get("property")
            where = f"{name_of(external)} of release {release}"
            if arn not in secrets:
                found.append(f"{where} reads {arn}, which is no secret of the platform")
            elif (fields := secrets[arn]) is not None and field not in fields:
                found.append(f"{where} reads field {field} of {arn}, which has {sorted(fields)}")
            if arn not in readable:
                found.append(
                    f"{where} reads {arn}, which the role of external-secrets may not "
                    "(`synced_secrets` of the EKS platform)"
                )
    return found


def unread_secret_findings(platform: RenderedCluster) -> list[str]:
    """Return rights of the operator on secrets and parameters that no resource of it uses."""
    read = {
        entry["remoteRef"]["key"]
        for _, external in platform.of_kind("ExternalSecret")
        for entry in external["spec"].get("data", [])
    }
    written = {
        entry["match"]["remoteRef"]["remoteKey"]
        for _, push in platform.of_kind("PushSecret")
        for entry in push["spec"]["data"]
    }
    readable = set(_resources(platform, "secretsmanager:GetSecretValue"))
    writable = {arn.partition(":parameter")[2] for arn in _resources(platform, "ssm:PutParameter")}
    return [
        *(
            f"the role of external-secrets may read {arn}, which no ExternalSecret copies"
            for arn in sorted(readable - read)
        ),
        *(
            f"the role of external-secrets may write {name}, which no PushSecret does"
            for name in sorted(writable - written)
        ),
        *(
            f"a PushSecret writes {name}, which the role of external-secrets may not"
            for name in sorted(written - writable)
        ),
    ]


def _resources(platform: RenderedCluster, action: str) -> Iterator[str]:
    """Resources on which the role of External Secrets allows an action."""
    for stack, id_, policy in platform.resources("AWS::IAM::ManagedPolicy"):
        if id_.startswith("ExternalSecrets"):
            for statement in policy["Properties"]["PolicyDocument"]["Statement"]:
                if action not in statement["Action"]:
                    continue
                resources: Any = platform.value(stack, statement["Resource"])
                yield from [resources] if isinstance(resources, str) else resources


def task_findings(platform: RenderedCluster) -> list[str]:
    """Return sources of task definitions that neither Secrets Manager nor Parameter Store has."""
    secrets = secret_fields(platform)
    parameters = {
        str(platform.value(stack, p["Properties"].get("Name")))
        for stack, _, p in platform.resources("AWS::SSM::Parameter")
    }
    found = []
    for stack, id_, task in platform.resources("AWS::ECS::TaskDefinition"):
        for container in platform.value(stack, task["Properties"]["ContainerDefinitions"]):
            for entry in container.get("Secrets", []):
                found += [
                    f"task definition {id_}: {entry['Name']} {problem}"
                    for problem in _source(entry["ValueFrom"], secrets, parameters)
                ]
            for entry in container.get("Environment", []):
                arn = str(entry["Value"])
                if arn.startswith("arn:aws:secretsmanager") and arn not in secrets:
                    found.append(
                        f"task definition {id_}: {entry['Name']} is {arn}, which is no secret of "
                        "the platform"
                    )
    return found


def _source(value: str, secrets: dict[str, set[str] | None], parameters: set[str]) -> Iterator[str]:
    if ":secretsmanager:" in value:
        arn, field = (*value.split(":")[:7], ""), (value.split(":") + [""] * 3)[7]
        known = secrets.get(":".join(arn[:7]), set())
        if ":".join(arn[:7]) not in secrets:
            yield f"reads {value}, which is no secret of the platform"
        elif field and known is not None and field not in known:
            yield f"reads field {field} of {value}, which has {sorted(known)}"
    elif ":ssm:" in value and "/" + value.partition(":parameter/")[2] not in parameters:
        yield f"reads {value}, which is no parameter of the platform"
