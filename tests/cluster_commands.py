"""kubectl and helm commands in documents, compared with the pinned programs and the deployed
objects.
"""

import re
import shlex
import subprocess
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache

from tests.documents import code
from tools.model.values import Json
from tools.supply_chain.kubectl_layer import program

GROUPS = {
    "kubectl": {"create", "rollout", "set", "config"},
    "helm": {"show", "get", "repo", "search"},
}
"""Commands with a subcommand as their first argument."""
KINDS = {
    alias: kind
    for kind, aliases in {
        "Pod": "pod pods po",
        "Deployment": "deploy deployment deployments",
        "StatefulSet": "statefulset statefulsets sts",
        "DaemonSet": "daemonset daemonsets ds",
        "Job": "job jobs",
        "CronJob": "cronjob cronjobs",
        "Service": "svc service services",
        "Secret": "secret secrets",
        "ConfigMap": "configmap configmaps cm",
        "PersistentVolumeClaim": "pvc persistentvolumeclaims",
        "PersistentVolume": "pv persistentvolumes",
        "Node": "node nodes",
        "Namespace": "namespace namespaces ns",
        "PodDisruptionBudget": "pdb poddisruptionbudgets",
        "ResourceQuota": "resourcequota resourcequotas quota",
        "Event": "event events",
        "NetworkPolicy": "networkpolicy networkpolicies netpol",
        "StorageClass": "storageclass storageclasses sc",
        "CustomResourceDefinition": "crd crds",
        "HorizontalPodAutoscaler": "hpa",
        "ValidatingWebhookConfiguration": "validatingwebhookconfigurations",
        "MutatingWebhookConfiguration": "mutatingwebhookconfigurations",
        "NodeClaim": "nodeclaim nodeclaims",
        "NodePool": "nodepool nodepools",
        "Certificate": "certificate certificates",
        "CertificateRequest": "certificaterequest certificaterequests",
        "ClusterIssuer": "clusterissuer clusterissuers",
        "ExternalSecret": "externalsecret externalsecrets",
        "PushSecret": "pushsecret pushsecrets",
        "Prometheus": "prometheus prometheuses",
        "Alertmanager": "alertmanager alertmanagers",
        "ServiceMonitor": "servicemonitor servicemonitors",
        "TargetGroupBinding": "targetgroupbinding targetgroupbindings",
        "RabbitmqCluster": "rabbitmqcluster rabbitmqclusters",
        # `bindings` alone is a kind of the core API that has no list verb.
        **{kind: f"{kind.lower()}s.rabbitmq.com" for kind in ("Binding",)},
        **{
            kind: f"{kind.lower()}s"
            for kind in ("Vhost", "Exchange", "Queue", "User", "Permission", "TopicPermission")
        },
        "Policy": "policies",
    }.items()
    for alias in aliases.split()
}
"""Kind by name, for the names in documents."""
TAKES_KINDS = {
    "get",
    "describe",
    "delete",
    "annotate",
    "label",
    "patch",
    "scale",
    "wait",
    "rollout restart",
    "rollout status",
    "rollout undo",
}
TAKES_POD = {"exec", "logs", "port-forward"}
_PLACEHOLDER = re.compile(r"<[a-z][^<>|]*>")
_UNKNOWN = "…"


@dataclass
class Cluster:
    """Names of objects in the cluster.

    Attributes:
        names: names by kind and namespace. A hash may follow the name of a job.
        containers: containers by namespace and pod, or workload as `Kind/name`.
        labelled: the same by label.
    """

    names: dict[tuple[str, str], set[str]] = field(default_factory=lambda: defaultdict(set))
    containers: dict[tuple[str, str], set[str]] = field(default_factory=dict)
    labelled: dict[tuple[str, str], set[str]] = field(default_factory=lambda: defaultdict(set))

    @property
    def namespaces(self) -> set[str]:
        return self.names["Namespace", ""]

    def add_pods(
        self,
        namespace: str,
        kind: str,
        name: str,
        *,
        containers: Iterable[str],
        labels: Mapping[str, str],
        replicas: int,
    ) -> None:
        """Add a workload with its pods. Only pods of a StatefulSet have predictable names."""
        every = set(containers)
        self.names[kind, namespace].add(name)
        self.containers[namespace, f"{kind}/{name}"] = every
        for label in labels.items():
            self.labelled[namespace, "=".join(label)] |= every
        if kind == "StatefulSet":
            for ordinal in range(replicas):
                self.names["Pod", namespace].add(f"{name}-{ordinal}")
                self.containers[namespace, f"Pod/{name}-{ordinal}"] = every


def cluster_of(manifests: Iterable[Json]) -> Cluster:
    """Return the names of objects from releases, and of objects that operators create from them."""
    cluster = Cluster()
    for manifest in manifests:
        kind, name, namespace = (
            manifest["kind"],
            manifest["metadata"]["name"],
            manifest["metadata"].get("namespace", ""),
        )
        spec = manifest.get("spec", {})
        if kind in ("Namespace", "ClusterIssuer", "StorageClass"):
            namespace = ""
        cluster.names[kind, namespace].add(name)
        if kind in ("Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob"):
            template = (spec["jobTemplate"]["spec"] if kind == "CronJob" else spec)["template"]
            pod, labels = template["spec"], template.get("metadata", {}).get("labels", {})
            containers = [
                c["name"] for key in ("containers", "initContainers") for c in pod.get(key, [])
            ]
            cluster.add_pods(
                namespace,
                kind,
                name,
                containers=containers,
                labels=labels,
                replicas=spec.get("replicas") or 1,
            )
            _add_claims(cluster, namespace, kind, name, spec)
        elif kind == "RabbitmqCluster":
            # RabbitMQ cluster operator: a set `<name>-server`, and a Service of clients with the
            # name of the cluster.
            labels = {"app.kubernetes.io/name": name}
            cluster.add_pods(
                namespace,
                "StatefulSet",
                f"{name}-server",
                containers=["rabbitmq"],
                labels=labels,
                replicas=spec["replicas"],
            )
            cluster.names["PersistentVolumeClaim", namespace] |= {
                f"persistence-{name}-server-{n}" for n in range(spec["replicas"])
            }
            cluster.names["Service", namespace].add(name)
        elif kind in ("ExternalSecret", "Certificate"):
            cluster.names["Secret", namespace].add(
                spec.get("secretName") or spec.get("target", {}).get("name") or name
            )
    return cluster


def _add_claims(cluster: Cluster, namespace: str, kind: str, name: str, spec: Json) -> None:
    if kind != "StatefulSet":
        return
    if name == "redpanda":  # Redpanda's chart has one template of claims, `datadir`.
        cluster.names["PersistentVolumeClaim", namespace] |= {
            f"datadir-{name}-{ordinal}" for ordinal in range(spec.get("replicas") or 1)
        }
    for made in (
        "prometheus",
        "alertmanager",
    ):  # Prometheus operator: a set `prometheus-<name>` for each Prometheus.
        if name.startswith(f"{made}-"):
            cluster.names[made.capitalize(), namespace].add(name.removeprefix(f"{made}-"))


def commands(text: str, program: str) -> Iterator[list[str]]:
    """Yield the words of each command of a program in the code of a document, after shell
    splitting.
    """
    for line in code(text):
        known = re.sub(
            r"\$\((?!kubectl|helm)[^()]*\)|\$\w+|\$\{\w+\}",
            _UNKNOWN,
            _PLACEHOLDER.sub(_UNKNOWN, line),
        )
        for found in re.finditer(rf"(?:^|[\s(;]){program} (?=\S)", known):
            yield _words(known[found.end() :])


def _words(rest: str) -> list[str]:
    """Words up to the end of the command. Quotes that begin before it are unchanged."""
    lexer = shlex.shlex(rest, posix=True, punctuation_chars="|&;<>()")
    lexer.whitespace_split = True
    lexer.commenters = "#"
    words: list[str] = []
    try:
        for word in lexer:
            if word and set(word) <= set("|&;<>()"):
                break
            words.append(word)
    except ValueError:  # a quote that ends elsewhere
        return words
    return words


@cache
def options(name: str, command: str) -> dict[str, bool] | None:
    """Options of a command and whether each takes a value; none for an unknown command."""
    helped = subprocess.run(
        [program(name), *command.split(), "--help"], capture_output=True, text=True, check=False
    )
    said = helped.stdout
    if helped.returncode or (name == "helm" and f"helm {command}" not in said):
        return None
    if name == "kubectl":
        said += options_of_all_commands()
        found = re.findall(r"^ +(?:(-\w), )?(--[\w-]+)=([^\n]*):$", said, flags=re.MULTILINE)
        return {
            option: default not in ("true", "false")
            for short, long, default in found
            for option in (short, long)
            if option
        }
    listed = re.findall(r"^ +(?:(-\w), )?(--[\w-]+)(?: (\w+))? {2,}", said, flags=re.MULTILINE)
    return {
        option: bool(value) for short, long, value in listed for option in (short, long) if option
    }


@cache
def options_of_all_commands() -> str:
    """Help of the options of all kubectl commands."""
    return subprocess.run(
        [program("kubectl"), "options"], capture_output=True, text=True, check=True
    ).stdout


def wrong(text: str, cluster: Cluster, names_of_releases: Iterable[str]) -> Iterator[str]:
    """Yield the errors of each command."""
    for words in commands(text, "kubectl"):
        yield from _wrong_kubectl(words, cluster)
    for words in commands(text, "helm"):
        command, given, arguments, unknown = parsed("helm", words)
        yield from unknown
        release = {"history": 0, "rollback": 0, "get": 0, "status": 0}.get(
            command.split()[0] if command else ""
        )
        if not unknown and release is not None and len(arguments) > release:
            name = arguments[release]
            yield from (
                ()
                if _UNKNOWN in name or name in names_of_releases
                else (f"helm {command}: no release {name}",)
            )
        namespace = given.get("-n") or given.get("--namespace")
        yield from _wrong_namespace(namespace, cluster)


def parsed(program: str, words: list[str]) -> tuple[str, dict[str, str], list[str], list[str]]:
    """Command, options with values, arguments, and errors."""
    before, given = list(words), dict[str, str]()
    arguments, problems = list[str](), list[str]()
    command, taken = "", {"-n": True, "--namespace": True}
    while before and (word := before.pop(0)) != "--":
        if word.startswith("-") and word != "-":
            option, value = _option(word, before, taken)
            given[option] = value
            problems += [f"{program} {command} {option}"] if option not in taken else []
        elif command and command not in GROUPS[program]:
            arguments.append(word)
        else:
            command = f"{command} {word}".strip()
            found = taken if command in GROUPS[program] else options(program, command)
            if found is None:
                return command, given, arguments, [*problems, f"{program} {command}"]
            taken = found
    return command, given, arguments, problems


def _option(word: str, before: list[str], taken: Mapping[str, bool]) -> tuple[str, str]:
    """Option with its value, which may be the next word."""
    option, equals, value = word.partition("=")
    if taken.get(option) and not equals and before:
        value = before.pop(0)
    return option, value


def _wrong_namespace(namespace: str | None, cluster: Cluster) -> Iterator[str]:
    if namespace and _UNKNOWN not in namespace and namespace not in cluster.namespaces:
        yield f"no namespace {namespace}"


def _wrong_kubectl(words: list[str], cluster: Cluster) -> Iterator[str]:
    command, given, arguments, problems = parsed("kubectl", words)
    yield from problems
    if problems:
        return
    namespace = given.get("-n") or given.get("--namespace") or ""
    yield from _wrong_namespace(namespace, cluster)
    label = given.get("-l") or given.get("--selector")
    if (
        label
        and namespace
        and _UNKNOWN not in namespace + label
        and label not in {known for place, known in cluster.labelled if place == namespace}
    ):
        yield f"no pod in {namespace} has the label {label}"
    if command == "logs" and label and "--tail" not in given:
        yield "kubectl logs -l shows ten lines of each pod without --tail"
    if command == "scale":
        yield from _undone(arguments, namespace, cluster)
    if command in TAKES_KINDS:
        yield from _wrong_objects(arguments, namespace, cluster)
    elif command in TAKES_POD and arguments:
        kind, name = _reference(arguments[0], "Pod")
        yield from _missing(kind, name, namespace, cluster)
        yield from _wrong_container(
            given.get("-c") or given.get("--container"), f"{kind}/{name}", namespace, cluster
        )
    elif command == "create job" and "--from" in given:
        yield from _missing(*_reference(given["--from"], "CronJob"), namespace, cluster)


def _undone(arguments: list[str], namespace: str, cluster: Cluster) -> Iterator[str]:
    """Yield the sets with replicas that an operator resets to those of its object."""
    for name in (argument.rpartition("/")[2] for argument in arguments):
        owners = {
            "RabbitmqCluster": name.removesuffix("-server"),
            "Prometheus": name.removeprefix("prometheus-"),
            "Alertmanager": name.removeprefix("alertmanager-"),
        }
        for kind, owner in owners.items():
            if owner != name and owner in cluster.names[kind, namespace]:
                yield f"an operator resets the replicas of {name}: change {kind}/{owner}"


def _wrong_container(
    container: str | None, pod: str, namespace: str, cluster: Cluster
) -> Iterator[str]:
    known = cluster.containers.get((namespace, pod))
    if container and known and container not in known:
        yield f"{pod} in {namespace} has no container {container}, but {', '.join(sorted(known))}"


def _wrong_objects(arguments: list[str], namespace: str, cluster: Cluster) -> Iterator[str]:
    if not arguments:
        return
    first, *names = arguments
    if "/" in first:
        for argument in arguments:
            yield from (
                _missing(*_reference(argument, ""), namespace, cluster) if "/" in argument else ()
            )
        return
    for word in first.split(","):
        if _UNKNOWN not in word and word not in KINDS:
            yield f"kubectl knows no kind {word} that can be listed"
    kind = KINDS.get(first, "")
    for name in names:
        if "=" not in name:  # annotations and labels that are set
            yield from _missing(kind, name, namespace, cluster)


def _reference(word: str, otherwise: str) -> tuple[str, str]:
    kind, slash, name = word.partition("/")
    return (KINDS.get(kind, kind), name) if slash else (otherwise, word)


def _missing(kind: str, name: str, namespace: str, cluster: Cluster) -> Iterator[str]:
    """Named objects that no manifest and no command of the same document creates."""
    everywhere = kind in ("ClusterIssuer", "StorageClass", "Namespace")
    if (
        _UNKNOWN in name + namespace
        or kind in ("Node", "CustomResourceDefinition", "")
        or (not namespace and not everywhere)
    ):
        return
    known = cluster.names.get((kind, "" if everywhere else namespace), set())
    if name not in known and not (kind == "Job" and any(name.startswith(job) for job in known)):
        yield f"no {kind} {name} in {namespace or 'the cluster'}"
