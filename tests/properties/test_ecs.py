"""Promises: Services on ECS."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from tests.properties.balancers import attributes
from tests.properties.literals import suspicious
from tests.properties.promise import Verdicts, promise
from tests.properties.reviewed import HOLD_SESSIONS
from tests.properties.scaling import (
    TRACKING,
    counts_messages,
    counts_requests,
    on_cpu,
    policies,
    scaled,
)
from tests.properties.services import TASK, Service, containers, environment_of, services_of
from tests.properties.task_rights import allowed, needed_at_start, needed_while_running
from tools.checkout import ROOT
from tools.model.assembly import Assembly, Resource, intrinsics
from tools.model.values import Json, at

FARGATE_STOPS_AFTER = 120
"""Maximum seconds between SIGTERM and SIGKILL on Fargate (Amazon ECS developer guide,
stopTimeout)."""
PROXY_MIB = 64
"""Memory that the Service Connect proxy needs (Amazon ECS developer guide, Service Connect)."""
LONGEST_REQUEST = 20
"""Seconds after which the gateway gives a request up."""
CALL_TIMEOUTS = {"PerRequestTimeoutSeconds": 10, "IdleTimeoutSeconds": 60}
BAKED_MINUTES = 5
ACCESS_RECORD_DAYS = 184
_SECRET = re.compile(
    r"(PASSWORD|PASSWD|PASSPHRASE|SECRET|TOKEN|KEY|CREDENTIAL)S?$", flags=re.IGNORECASE
)
"""Pattern of variables that hold a secret."""


def zones(subnets: list[Resource]) -> set[str]:
    return {subnet.text("AvailabilityZone") for subnet in subnets}


@promise
def test_p071_failed_deployments_roll_back(platform: Assembly) -> Verdicts:
    """A deployment rolls back when its tasks do not become healthy. A blue/green deployment also
    rolls back when requests fail in the minutes after the traffic shift.

    Kept by: `FargateService`, alarm of `ServiceIngress`
    """
    for service in services_of(platform):
        deployment = service.resource["DeploymentConfiguration"] or {}
        breaker = deployment.get("DeploymentCircuitBreaker") == {"Enable": True, "Rollback": True}
        yield service.resource, breaker, "Set circuit_breaker with rollback."
        spare = (deployment.get("MinimumHealthyPercent"), deployment.get("MaximumPercent")) == (
            100,
            200,
        )
        yield (
            service.resource,
            spare,
            "Set a minimum of 100% and a maximum of 200% healthy tasks during deployments.",
        )
        shifts = service.settings.deployment == "blue_green" and service.settings.route is not None
        strategy = deployment.get("Strategy", "ROLLING")
        holds = strategy == ("BLUE_GREEN" if shifts else "ROLLING")
        yield (
            service.resource,
            holds,
            f"The strategy is {strategy}. Use that of the environment file.",
        )
        if strategy != "ROLLING":
            yield from shifted(service, deployment)


def shifted(service: Service, deployment: Json) -> Verdicts:
    """Require what a rollback of blue/green needs: two target groups, their rule, and an alarm on
    both.
    """
    resource, groups, bake = (
        service.resource,
        service.target_groups,
        deployment.get("BakeTimeInMinutes") or 0,
    )
    yield resource, len(set(groups)) == 2, "Give it an alternate target group."
    rule = resource.target("LoadBalancers.0.AdvancedConfiguration.ProductionListenerRule")
    yield (
        resource,
        rule is not None and set(groups) <= rule.mentions("Actions"),
        "Name the rule that leads to both.",
    )
    yield (
        resource,
        resource.target("LoadBalancers.0.AdvancedConfiguration.RoleArn") is not None,
        "Give ECS a role that shifts the rule.",
    )
    watched = {key: deployment.get("Alarms", {}).get(key) for key in ("Enable", "Rollback")}
    yield (
        resource,
        watched == {"Enable": True, "Rollback": True},
        "Add an alarm that rolls the deployment back.",
    )
    yield (
        resource,
        bake >= BAKED_MINUTES,
        f"Watch the new version for {BAKED_MINUTES} minutes before the old one stops.",
    )
    alarms = resource.targets("DeploymentConfiguration.Alarms.AlarmNames")
    yield resource, bool(alarms), "Name an alarm."
    for alarm in alarms:
        periods = [
            metric["MetricStat"]["Period"]
            for metric in alarm["Metrics"] or []
            if "MetricStat" in metric
        ]
        failures = {
            metric["MetricStat"]["Metric"]["MetricName"]
            for metric in alarm["Metrics"] or []
            if "MetricStat" in metric
        }
        yield (
            alarm,
            "HTTPCode_Target_5XX_Count" in failures and alarm.mentions("Metrics") >= set(groups),
            "Watch failures of both groups.",
        )
        in_time = bool(periods) and max(periods) * alarm["EvaluationPeriods"] <= bake * 60
        yield alarm, in_time, "Make the alarm fire within the bake time."


@promise
def test_p072_lost_zone_leaves_two_thirds(platform: Assembly) -> Verdicts:
    """Each service runs at least three tasks across three zones and rebalances after the loss of a
    zone. Auto scaling holds the minimum: no template sets the number of tasks, because each
    deployment would reset it.

    Kept by: `services.<name>.scaling.min`
    """
    for service in services_of(platform):
        yield (
            service.resource,
            service.resource["DesiredCount"] is None,
            "Remove DesiredCount: each deployment would reset it.",
        )
        least = min((target["MinCapacity"] for target in scaled(service)), default=0)
        yield (
            f"{service.resource.name} minimum",
            least >= 3,
            f"{least} tasks are too few for three zones. Set scaling.min.",
        )
        yield service.resource, len(zones(service.subnets)) == 3, "Run it in three zones."
        balanced = service.resource["AvailabilityZoneRebalancing"] == "ENABLED"
        yield (
            service.resource,
            balanced,
            "Enable rebalancing: ECS does not move tasks back after the loss of a zone otherwise.",
        )


@promise
def test_p073_no_task_has_a_public_address(platform: Assembly) -> Verdicts:
    """Tasks have no public IP addresses.

    Kept by: `FargateService`
    """
    for service in services_of(platform):
        address = service.resource["NetworkConfiguration.AwsvpcConfiguration.AssignPublicIp"]
        yield service.resource, address == "DISABLED", "Set assign_public_ip=False."
        tiers = {subnet.tags["aws-cdk:subnet-name"] for subnet in service.subnets}
        yield service.resource, tiers == {"application"}, "Run it in the application subnets."


@promise
def test_p074_containers_have_read_only_root(platform: Assembly) -> Verdicts:
    """Containers have a read-only root file system and 64 MiB of memory at /tmp that forbids
    execution. The exception is the container for tunnels, because its SSM agent writes to its
    image.

    Kept by: `ServiceTaskDefinition`
    """
    for definition, container in containers(platform):
        if definition.name in HOLD_SESSIONS:
            holds = not definition["Volumes"] and not at(container, "LinuxParameters.Tmpfs")
            yield definition, holds, "Remove the volumes of the container."
            continue
        yield (
            definition,
            container.get("ReadonlyRootFilesystem") is True,
            "Set readonly_root_filesystem=True.",
        )
        temporary = {
            mount["ContainerPath"]: set(mount["MountOptions"])
            for mount in at(container, "LinuxParameters.Tmpfs") or []
        }
        yield definition, set(temporary) == {"/tmp"}, "Mount only /tmp, in memory."  # noqa: S108
        for path, options in temporary.items():
            yield definition, options >= {"noexec", "nosuid", "nodev"}, f"Mount {path} with noexec."
        yield (
            definition,
            not definition["Volumes"] and not container.get("MountPoints"),
            "Remove the volumes: tasks are stateless.",
        )


@promise
def test_p075_containers_drop_capabilities(platform: Assembly) -> Verdicts:
    """Containers run as a numbered user, drop all capabilities and share no namespace with their
    host. The exception is the container for tunnels.

    Kept by: `ServiceTaskDefinition`
    """
    for definition, container in containers(platform):
        user = str(container.get("User", "")).partition(":")[0]
        yield (
            definition,
            user.isdigit() and int(user) > 0,
            "Run it as a numbered user other than 0: a name may be root in another image.",
        )
        yield definition, container.get("Privileged") is not True, "Remove Privileged."
        capabilities = at(container, "LinuxParameters.Capabilities") or {}
        dropped = capabilities.get("Drop") == ["ALL"] and not capabilities.get("Add")
        yield (
            definition,
            dropped or (definition.name in HOLD_SESSIONS and not capabilities),
            "Drop all capabilities, and add none.",
        )
        shared = [name for name in ("PidMode", "IpcMode") if definition[name] is not None]
        yield (
            definition,
            not shared and definition["NetworkMode"] == "awsvpc",
            "Share no namespace with the host or other containers.",
        )


@promise
def test_p076_task_definitions_contain_no_secrets(platform: Assembly) -> Verdicts:
    """Task definitions contain no secrets. Tasks read them from Secrets Manager when they start.

    Kept by: `Access`
    """
    for definition, container in containers(platform):
        for name, value in environment_of(definition, container).items():
            subject = f"{definition.name} {name}"
            yield (
                subject,
                not _SECRET.search(name),
                "The name suggests a secret: pass it by reference (`secrets`).",
            )
            holds = "{{resolve:" not in value and not any(suspicious(value))
            yield (
                subject,
                holds,
                "The value is readable in the task definition. Reference a secret instead.",
            )
        for entry in container.get("Secrets", []):
            if _SECRET.search(entry["Name"]):
                kinds = {target.type for target in referred(definition, entry["ValueFrom"])}
                subject = f"{definition.name} {entry['Name']}"
                named = entry["ValueFrom"] in platform.settings.named_secrets.values()
                ours = kinds == {"AWS::SecretsManager::Secret"}
                yield (
                    subject,
                    named or ours,
                    "Store it in Secrets Manager: parameters hold configuration.",
                )


def referred(definition: Resource, value: object) -> Iterator[Resource]:
    found = (
        definition.platform.target(definition.stack, function) for function in intrinsics(value)
    )
    return (target for target in found if target)


@promise
def test_p077_task_logs_are_kept_without_blocking(platform: Assembly) -> Verdicts:
    """Logs of tasks and of their proxies are encrypted and retained for at least 184 days. A
    failure to log never blocks a task.

    Kept by: `non_blocking_log`, `observability.access_log_days`
    """
    for subject, place in (
        *((service.resource, "ServiceConnectConfiguration") for service in services_of(platform)),
        *(
            (definition, f"ContainerDefinitions.{number}")
            for definition in platform.some(TASK)
            for number, _ in enumerate(definition["ContainerDefinitions"])
        ),
    ):
        driver = subject[f"{place}.LogConfiguration.LogDriver"]
        options = subject[f"{place}.LogConfiguration.Options"] or {}
        yield subject, driver == "awslogs", "Send its log to CloudWatch Logs."
        holds = options.get("mode") == "non-blocking"
        yield (
            subject,
            holds,
            "Set mode non-blocking, so that the task continues without CloudWatch Logs.",
        )
        yield (
            subject,
            bool(options.get("max-buffer-size")),
            "Set max-buffer-size: the default of 10 MB is full within seconds.",
        )
        group = subject.target(f"{place}.LogConfiguration.Options.awslogs-group")
        key = group.target("KmsKeyId") if group else None
        yield (
            subject,
            key is not None and key.name == "secrets/LogsKey",
            "Encrypt its log group with keys.logs.",
        )
        kept = group is not None and (group["RetentionInDays"] or 0) >= ACCESS_RECORD_DAYS
        yield (
            subject,
            kept,
            f"Set a retention of {ACCESS_RECORD_DAYS} days or more, but a finite one.",
        )


@promise
def test_p078_ecs_exec_is_disabled(platform: Assembly) -> Verdicts:
    """ECS Exec is disabled in every environment.

    Kept by: `FargateService`
    """
    for service in services_of(platform):
        yield (
            service.resource,
            service.resource["EnableExecuteCommand"] is False,
            "Set enable_execute_command=False.",
        )
        opened = any(
            statement.may("ssmmessages:OpenDataChannel")
            for statement in allowed(service, "TaskRoleArn")
        )
        yield service.definition, not opened, "Remove the ssmmessages actions from its role."


def users_of(environments: Iterable[Mapping[str, str]]) -> Counter[str]:
    """Count the services of each user. `database` and `catalogue` of a service have one user."""
    return Counter(
        arn
        for environment in environments
        for arn in {arn for name, arn in environment.items() if name.endswith("_USER_ARN")}
    )


def test_service_with_two_words_is_one_user() -> None:
    both = {"CATALOGUE_USER_ARN": "a", "DATABASE_USER_ARN": "a", "CACHE_USER_ARN": "b"}
    assert users_of([both]) == {"a": 1, "b": 1}
    assert users_of([both, {"DATABASE_USER_ARN": "a"}]) == {"a": 2, "b": 1}


@promise
def test_p079_task_roles_have_least_rights(platform: Assembly) -> Verdicts:
    """A task role grants only the users, buckets, parameters and mail sender that the environment
    file names. An execution role grants only the logs, image and secrets of its task definition. No
    two services share a role or a user.

    Kept by: `TaskRoles`, `talks_to`
    """
    services = services_of(platform)
    roles = Counter(
        service.definition.target(kind)
        for service in services
        for kind in ("ExecutionRoleArn", "TaskRoleArn")
    )
    readers = users_of(service.environment for service in services)
    for service in services:
        for kind, needed in (
            ("ExecutionRoleArn", needed_at_start(service)),
            ("TaskRoleArn", needed_while_running(service)),
        ):
            role = service.definition.target(kind)
            alone = role is not None and roles[role] == 1 and not role["ManagedPolicyArns"]
            yield (
                f"{service.definition.name} {kind}",
                alone,
                "Give the service its own role with inline policies.",
            )
            for statement in allowed(service, kind):
                for resource in statement.texts():
                    within = all(
                        any(re.fullmatch(right, f"{action} {resource}") for right in needed)
                        for action in statement.actions
                    )
                    yield (
                        f"{service.name}: {', '.join(statement.actions)} {resource}",
                        within,
                        "No setting of the container uses this right. Remove it.",
                    )
            rights = [
                f"{action} {resource}"
                for s in allowed(service, kind)
                for action in s.actions
                for resource in s.texts()
            ]
            lacking = [
                right for right in needed if not any(re.fullmatch(right, has) for has in rights)
            ]
            yield (
                f"{service.definition.name} {kind}",
                not lacking,
                f"Grant the rights that the settings of its container need: {lacking}.",
            )
        for statement in allowed(service, "TaskRoleArn"):
            senders = statement.values("StringEquals", "ses:FromAddress")
            own = not statement.may("ses:SendEmail") or senders == (
                service.environment.get("MAIL_SENDER"),
            )
            yield (
                f"{service.name}: {', '.join(statement.actions)}",
                own,
                "Allow it to send only from MAIL_SENDER: StringEquals ses:FromAddress.",
            )
        for arn in set(service.environment.values()) & readers.keys():
            yield (
                f"{service.name} {arn}",
                readers[arn] == 1,
                "Two services use one user. Give each its own.",
            )


@promise
def test_p080_tasks_use_current_platform_and_architecture(platform: Assembly) -> Verdicts:
    """Tasks run on the latest Fargate platform version and on arm64, the architecture that images
    are built for.

    Kept by: [what an image must do](../constructs/spotmusic_constructs/services/README.md)
    """
    asked = re.findall(
        r"Run on (\w+),",
        (ROOT / "constructs" / "spotmusic_constructs" / "services" / "README.md").read_text(),
    )
    for service in services_of(platform):
        newest = service.resource["PlatformVersion"] in (None, "LATEST")
        yield (
            service.resource,
            newest and service.resource["LaunchType"] == "FARGATE",
            "Use the platform version LATEST.",
        )
    for definition in platform.some(TASK):
        runtime = definition["RuntimePlatform"] or {}
        architecture = {"X86_64": "amd64", "ARM64": "arm64"}[
            runtime.get("CpuArchitecture", "X86_64")
        ]
        yield (
            definition,
            runtime.get("OperatingSystemFamily") == "LINUX",
            "Set the operating system family LINUX.",
        )
        yield (
            definition,
            [architecture] == asked,
            f"Services build images for {', '.join(asked)}. Use the same architecture.",
        )


@promise
def test_p081_tasks_have_health_checks_and_drain(platform: Assembly) -> Verdicts:
    """Containers and targets have health checks, and the stop timeout of a task covers the timeout
    of its requests.

    Kept by: `DEREGISTRATION_DELAY` of 30 s, `STOP_TIMEOUT` of 60 s
    """
    for service in services_of(platform):
        health = service.container.get("HealthCheck", {})
        asks = any(
            service.settings.health_path in part or part == "healthcheck"
            for part in health.get("Command", [])
        )
        yield service.definition, asks, "Give the container a health check."
        patient = health.get("Interval", 0) * health.get("Retries", 0)
        holds = health.get("Timeout", 99) < health.get("Interval", 0) and 20 <= patient <= 120
        yield service.definition, holds, "Make the health check fail within two minutes."
        stop = service.container.get("StopTimeout") or 0
        yield (
            service.definition,
            0 < stop <= FARGATE_STOPS_AFTER,
            f"Give it at most {FARGATE_STOPS_AFTER} s to end.",
        )
        yield (
            service.resource,
            bool(service.target_groups) == (service.settings.route is not None),
            "Register it where its route leads.",
        )
        for group in service.target_groups:
            asked = (group["HealthCheckPath"], at(group["Matcher"], "HttpCode")) == (
                service.settings.health_path,
                "200",
            )
            yield (
                group,
                asked and group["HealthCheckEnabled"] is not False,
                "Check its health path, and accept only status 200.",
            )
            delay = int(
                attributes(group, "TargetGroupAttributes").get(
                    "deregistration_delay.timeout_seconds", 300
                )
            )
            yield (
                group,
                delay <= stop,
                (
                    f"Requests may run for {delay} s, but the task is killed after {stop} s. "
                    "Raise the stop timeout."
                ),
            )
            holds = delay >= LONGEST_REQUEST
            yield (
                group,
                holds,
                (
                    f"A request may take {LONGEST_REQUEST} s, but is cut off after {delay} s. "
                    "Raise the deregistration delay."
                ),
            )


@promise
def test_p082_containers_have_memory_limits(platform: Assembly) -> Verdicts:
    """Containers have a memory limit that leaves enough memory for the proxy.

    Kept by: `PROXY_MEMORY_MIB`
    """
    for definition, container in containers(platform):
        yield (
            definition,
            isinstance(container.get("Memory"), int),
            "Give each container a hard limit.",
        )
    for definition in {service.definition: None for service in services_of(platform)}:
        limits = [container.get("Memory") for container in definition["ContainerDefinitions"]]
        left = int(definition["Memory"]) - sum(limit or 0 for limit in limits)
        yield (
            definition,
            left >= PROXY_MIB,
            f"{left} MiB are left for the Service Connect proxy. Leave {PROXY_MIB} or more.",
        )


@promise
def test_p083_container_insights_is_enabled(platform: Assembly) -> Verdicts:
    """Container Insights is enabled for the ECS cluster.

    Kept by: `ServicesCluster`
    """
    for cluster in platform.some("AWS::ECS::Cluster"):
        insights = [
            setting["Value"]
            for setting in cluster["ClusterSettings"] or []
            if setting["Name"] == "containerInsights"
        ]
        yield (
            cluster,
            insights in (["enhanced"], ["enabled"]),
            "Turn Container Insights on: alarms and scaling read it.",
        )


@promise
def test_p084_scaling_is_fast_up_slow_down(platform: Assembly) -> Verdicts:
    """Services scale on CPU, and on requests where they have a route. They scale out faster than
    they scale in, up to a maximum.

    Kept by: `TaskScaling`, `services.<name>.scaling`
    """
    for service in services_of(platform):
        targets = scaled(service)
        yield (
            service.resource,
            len(targets) == 1,
            "Add exactly one scalable target for the service.",
        )
        for target in targets:
            bound = (
                target["MinCapacity"] < (target["MaxCapacity"] or 0) == service.settings.scaling.max
            )
            yield target, bound, "Set the maximum capacity to scaling.max."
            yield target, not target["SuspendedState"], "Do not suspend scaling."
        followed = policies(service)
        yield (
            service.resource,
            any(map(on_cpu, followed)),
            "Add a policy that tracks the CPU utilization.",
        )
        routed = not service.settings.route or any(
            counts_requests(service, policy) for policy in followed
        )
        yield (
            service.resource,
            routed,
            "Track the requests of all its target groups: set scaling.requests_per_target.",
        )
        waiting = not service.settings.scaling.messages_per_task or any(
            counts_messages(service, policy) for policy in followed
        )
        yield (
            service.resource,
            waiting,
            "Track the messages in its queue, as set in scaling.messages_per_task.",
        )
        for policy in followed:
            out, back = (policy[f"{TRACKING}.Scale{way}Cooldown"] or 0 for way in ("Out", "In"))
            yield (
                policy,
                0 < out < back,
                (
                    f"The cooldowns are {out} s to scale out and {back} s to scale in. "
                    "Scale out faster."
                ),
            )
            yield (
                policy,
                policy[f"{TRACKING}.DisableScaleIn"] is not True,
                "Enable scale-in as well.",
            )


@promise
def test_p085_tasks_accept_declared_callers_only(platform: Assembly) -> Verdicts:
    """A task accepts connections on its port only from the load balancer of its route, from
    services that declare it in `talks_to`, and from Prometheus.

    Kept by: table of flows
    """
    services = {service.name: service for service in services_of(platform)}
    (balancer,) = platform.some("AWS::ElasticLoadBalancingV2::LoadBalancer", stack="ecs-services")
    nodes = [
        group
        for group in platform.some("AWS::EC2::SecurityGroup")
        if group["GroupDescription"].startswith("kubernetes-nodes:")
    ]
    for name, service in services.items():
        groups = service.security_groups
        shared = [
            other
            for other in services.values()
            if other is not service and set(other.security_groups) & set(groups)
        ]
        yield service.resource, len(groups) == 1 and not shared, "Give it its own security group."
        callers = {
            group
            for other in services.values()
            if name in other.settings.talks_to
            for group in other.security_groups
        }
        routed = balancer.targets("SecurityGroups") if service.settings.route else []
        # Prometheus, because its NetworkPolicy names the port.
        may = {*callers, *routed, *nodes} if service.settings.port else set()
        rules = [
            rule
            for rule in platform.some("AWS::EC2::SecurityGroupIngress")
            if rule.target("GroupId") in groups
        ]
        for rule in rules:
            port = (rule["FromPort"], rule["ToPort"]) == (
                service.settings.port,
                service.settings.port,
            )
            yield (
                rule,
                port and rule.target("SourceSecurityGroupId") in may,
                "No caller needs this rule. Correct the table of flows.",
            )
        missing = may - {rule.target("SourceSecurityGroupId") for rule in rules}
        yield (
            service.resource,
            not missing,
            f"{', '.join(sorted(map(str, missing)))} cannot reach it. Add the flow.",
        )
        yield (
            service.resource,
            not any(group["SecurityGroupIngress"] for group in groups),
            "Define the rule in the table of flows.",
        )


@promise
def test_p086_service_calls_have_timeouts_and_logs(platform: Assembly) -> Verdicts:
    """Calls between services time out after 10 seconds and idle connections after 60 seconds.
    Service Connect logs both without query parameters. These calls are not encrypted, by decision.

    Kept by: [ADR 11](adr/0011-no-tls-between-tasks.md)
    """
    decided = (ROOT / "docs" / "adr" / "0011-no-tls-between-tasks.md").read_text()
    for service in services_of(platform):
        connect = service.resource["ServiceConnectConfiguration"] or {}
        yield service.resource, connect.get("Enabled") is True, "Turn Service Connect on."
        recorded = connect.get("AccessLogConfiguration", {}) == {
            "Format": "JSON",
            "IncludeQueryParameters": "DISABLED",
        }
        yield (
            service.resource,
            recorded,
            "Record its calls, without query parameters: they may name listeners.",
        )
        offered = connect.get("Services", [])
        yield (
            service.resource,
            bool(offered) == (service.settings.port is not None),
            "Publish its port by Service Connect.",
        )
        for endpoint in offered:
            yield (
                service.resource,
                endpoint.get("Timeout") == CALL_TIMEOUTS,
                f"Set its timeouts to {CALL_TIMEOUTS}.",
            )
            plain = "Tls" not in endpoint and "No TLS between tasks, in any environment" in decided
            yield (
                service.resource,
                plain,
                "Decision 11 excludes encryption here. Change the decision first.",
            )
