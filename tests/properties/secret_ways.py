"""Ways of a new secret value to its readers: requirements and duration."""

import ast
import json
import re
from collections.abc import Callable, Iterator
from functools import cache

from tools.checkout import ROOT
from tools.model.assembly import Assembly, Resource
from tools.model.cluster import RenderedCluster
from tools.model.holders import holders, roles_of
from tools.model.statements import statements_of
from tools.model.values import Json

ANNOTATION = "secret.reloader.stakater.com/auto"
LABEL = "rabbitmq.com/topology-operator"
DAY = 24 * 3600
UNITS = {"m": 60, "h": 3600, "minutes": 60, "hour": 3600, "days": DAY, "once": 0}
HANDLERS = sorted((ROOT / "constructs").rglob("*_handler/*.py"))


def seconds(text: str) -> int:
    """Parse `15m`, `9 days` and `at once` to seconds."""
    number, unit = re.fullmatch(r"(\d+|at) ?([a-z]+)", text).groups()  # type: ignore[union-attr]
    return (0 if number == "at" else int(number)) * UNITS[unit]


def restarted(platform: Assembly, service: Resource) -> Iterator[int]:
    """Yield the maximum delay, in seconds, of each schedule that redeploys a service."""
    for schedule in platform.users_of(service, "AWS::Scheduler::Schedule"):
        asked: Json = json.loads(schedule.text("Target.Input"))
        weekly = re.fullmatch(
            r"cron\(\d+ \d+ \? \* [A-Z]{3} \*\)", str(schedule["ScheduleExpression"])
        )
        rights = [
            s
            for s in statements_of(platform)
            if s.may("ecs:UpdateService") and schedule.target("Target.RoleArn") in [*roles_of(s)]
        ]
        cluster, name = service.text("Cluster"), f"${{{service.stack}/{service.id}.Name}}"
        allowed = any(
            arn.endswith(f":service/{cluster}/{name}") for right in rights for arn in right.texts()
        )
        on = schedule["State"] in (None, "ENABLED") and schedule["Target.Arn"].endswith(
            ":::aws-sdk:ecs:updateService"
        )
        there = service.target("Cluster") in schedule.mentions("Target.Input")
        if on and weekly and allowed and there and asked["ForceNewDeployment"] is True:
            again = schedule["Target.RetryPolicy.MaximumEventAgeInSeconds"]
            yield 7 * DAY + schedule["FlexibleTimeWindow.MaximumWindowInMinutes"] * 60 + again


def weekly_restart(platform: Assembly, _: RenderedCluster, reader: str) -> int | None:
    tasks = {
        platform.text(s.stack, s["TaskDefinition"]): s for s in platform.some("AWS::ECS::Service")
    }
    name = reader.removeprefix("tasks of ")
    known = holders(platform)
    for task in platform.some("AWS::ECS::TaskDefinition"):
        role = task.target("ExecutionRoleArn")
        if role and known[role].replace("-", "") == f"tasks of {name}".replace("-", ""):
            return min(restarted(platform, tasks[f"${{{task.stack}/{task.id}}}"]), default=None)
    return None


@cache
def handlers_that_keep_what_they_read() -> tuple[str, ...]:
    """Functions of the platform that read a secret at load time or cache it."""
    return tuple(str(path.name) for path in HANDLERS if any(_kept(ast.parse(path.read_text()))))


def _kept(module: ast.Module) -> Iterator[bool]:
    called = "get_secret_value"
    for node in module.body:
        reads = any(
            isinstance(part, ast.Attribute) and part.attr == called for part in ast.walk(node)
        )
        cached = isinstance(node, ast.FunctionDef) and any(
            "cache" in ast.unparse(d) for d in node.decorator_list
        )
        yield reads and (cached or not isinstance(node, ast.FunctionDef | ast.ClassDef))


def each_pull(platform: Assembly, _: RenderedCluster, __: str) -> int | None:
    """ECR keeps no copy: a pull-through cache rule names the secret."""
    return (
        0
        if any(rule["CredentialArn"] for rule in platform.all("AWS::ECR::PullThroughCacheRule"))
        else None
    )


def each_start(platform: Assembly, _: RenderedCluster, __: str) -> int | None:
    """Tasks outside of services read the secret when they start."""
    running = {service.target("TaskDefinition") for service in platform.some("AWS::ECS::Service")}
    tasks = platform.some("AWS::ECS::TaskDefinition", stack="ecs-services")
    return 0 if any(task not in running for task in tasks) else None


def each_run(platform: Assembly, _: RenderedCluster, reader: str) -> int | None:
    function = any(reader == resource.name for resource in platform.some("AWS::Lambda::Function"))
    return 0 if function and not handlers_that_keep_what_they_read() else None


def refresh(_: Assembly, deployed: RenderedCluster, __: str) -> int | None:
    asked = [
        external["spec"]["refreshInterval"] for _, external in deployed.of_kind("ExternalSecret")
    ]
    return max(map(seconds, asked), default=None)


def reloader(platform: Assembly, deployed: RenderedCluster, release: str) -> int | None:
    """Stakater Reloader watches the namespace, and each workload to restart has its annotation,
    from our manifests or from chart values.
    """
    watching = deployed.releases.get("reloader")
    installed = deployed.releases[release]
    if watching is None or installed.namespace not in watching.values["reloader"]["namespaces"]:
        return None
    manifests = [
        m
        for m in deployed.manifests[release]
        if m["kind"] in ("Deployment", "StatefulSet", "CronJob")
    ]
    said = any(
        (m["metadata"].get("annotations") or {}).get(ANNOTATION) == "true" for m in manifests
    )
    return refreshed(platform, deployed) if said or annotated(installed.values) else None


def annotated(values: Json) -> bool:
    """Return True if chart values annotate the workload, but not its pods, which change with each
    release.
    """
    return any(
        (
            key in ("deploymentAnnotations", "statefulsetAnnotations", "annotations")
            and item.get(ANNOTATION) == "true"
        )
        or annotated(item)
        for key, item in values.items()
        if isinstance(item, dict)
    )


def users_file(platform: Assembly, deployed: RenderedCluster, release: str) -> int | None:
    """Sidecar of Redpanda, which the chart enables by default."""
    values = deployed.releases[release].values
    sidecars: Json = values["statefulset"]["sideCars"]
    watched = (
        sidecars.get("configWatcher", {}).get("enabled", True)
        and values["auth"]["sasl"]["secretRef"] == "redpanda-users"
    )
    return refreshed(platform, deployed) if watched else None


def each_job(platform: Assembly, deployed: RenderedCluster, release: str) -> int | None:
    kinds = {manifest["kind"] for manifest in deployed.manifests[release]}
    return (
        refreshed(platform, deployed)
        if kinds & {"Job", "CronJob"} and not kinds & {"Deployment", "StatefulSet"}
        else None
    )


def label(platform: Assembly, deployed: RenderedCluster, release: str) -> int | None:
    """Each user's Secret has the label that the operator requires."""
    imported = {
        m["spec"]["importCredentialsSecret"]["name"]
        for m in deployed.manifests[release]
        if m["kind"] == "User"
    }
    labels = {
        external["metadata"]["name"]: external["spec"]["target"]
        .get("template", {})
        .get("metadata", {})
        .get("labels", {})
        for _, external in deployed.of_kind("ExternalSecret")
    }
    seen = all(labels.get(name, {}).get(LABEL) == "true" for name in imported)
    return refreshed(platform, deployed) if imported and seen else None


def refreshed(platform: Assembly, deployed: RenderedCluster) -> int | None:
    """External Secrets refreshes a copy in the cluster at its interval; the update of workloads
    takes minutes.
    """
    asked = refresh(platform, deployed, "")
    return None if asked is None else asked + 30 * 60


WAYS: dict[str, Callable[[Assembly, RenderedCluster, str], int | None]] = {
    "weekly restart": weekly_restart,
    "each run": each_run,
    "each start": each_start,
    "each pull": each_pull,
    "refresh": refresh,
    "Reloader": reloader,
    "users file": users_file,
    "each job": each_job,
    "label": label,
}
"""Functions by way. They return the delay of a new value in seconds, or None if the way is
broken."""
