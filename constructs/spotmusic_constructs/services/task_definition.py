"""Task definition of a service: one container with least privilege."""

from functools import cache

import aws_cdk as cdk
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from constructs import Construct

from spotmusic_constructs import durations
from spotmusic_constructs.acknowledge import acknowledge
from spotmusic_constructs.resource import resource_of
from spotmusic_constructs.services.access import Access
from spotmusic_constructs.services.image import ServiceImage

CONTAINER = "service"
USER = "10001:10001"
"""User and group of the container's processes, unknown to images and the host."""
STOP_TIMEOUT = durations.seconds(60)
"""Time from SIGTERM to SIGKILL, at least the deregistration delay of targets."""
_MAX_BUFFER = cdk.Size.mebibytes(25)
_ARM64, _LINUX = ecs.CpuArchitecture.ARM64, ecs.OperatingSystemFamily.LINUX
_HTTP: ecs.AppProtocol = ecs.AppProtocol.http  # type: ignore[assignment]  # a class property
_TEMPORARY_MIB = 64
PROXY_MEMORY_MIB = 128
"""Memory in MiB of the Service Connect proxy of a task: 64 MiB or more, 128 under load (Amazon ECS
developer guide, Service Connect)."""
_OPEN_FILES = 65_536
"""Explicit limit of open files: the default of Fargate, 65,535 (Amazon ECS API, Ulimit, 2026-11),
was 1,024 before."""


class ServiceTaskDefinition(Construct):
    """ARM64 Fargate task with one container: no root, no capabilities, read-only root file system.

    Creates the task definition, and keeps its earlier revisions for rollbacks. The container finds
    `PORT` and `HEALTH_PATH` in its environment and may write to /tmp, 64 MiB in memory (tmpfs on
    Fargate, since 2026-01). Its log never blocks it: lines beyond a buffer of 25 MB are dropped.

    Args:
        name: name of the service.
        image: image, with its health check.
        access: environment and secrets.
        execution_role: role with which ECS starts the task.
        task_role: role of the running task.
        log_group: log group of the container.
        cpu: Fargate cpu units.
        memory: memory of the task in MiB, of which the Service Connect proxy keeps a part.
        port: port that the container listens on. None for a worker.
        health_path: path that returns 200 when the task can serve.

    Example:
        ServiceTaskDefinition(self, "Task", name="playback", image=image, access=access,
                              execution_role=roles.execution_role, task_role=roles.task_role,
                              log_group=log_group, cpu=512, memory=1024, port=8080,
                              health_path="/healthz")
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        image: ServiceImage,
        access: Access,
        execution_role: iam.IRole,
        task_role: iam.IRole,
        log_group: logs.ILogGroup,
        cpu: int,
        memory: int,
        port: int | None,
        health_path: str,
    ) -> None:
        super().__init__(scope, construct_id)
        self.task_definition = ecs.FargateTaskDefinition(
            self,
            "TaskDefinition",
            cpu=cpu,
            memory_limit_mib=memory,
            execution_role=execution_role,
            task_role=task_role,
            runtime_platform=ecs.RuntimePlatform(
                cpu_architecture=_ARM64, operating_system_family=_LINUX
            ),
        )
        _keep_revisions(self.task_definition)
        container = self.task_definition.add_container(
            CONTAINER,
            image=_image(image.name),
            entry_point=list(image.entry_point) or None,
            command=list(image.command) or None,
            user=USER,
            readonly_root_filesystem=True,
            memory_limit_mib=memory - PROXY_MEMORY_MIB,
            linux_parameters=_confined(self),
            ulimits=[open_files()],
            environment={
                **variables(name, port=port, health_path=health_path),
                **access.environment,
            },
            secrets=dict(access.secrets) or None,
            port_mappings=[ecs.PortMapping(name=CONTAINER, container_port=port, app_protocol=_HTTP)]
            if port
            else None,
            health_check=_health_check(image),
            stop_timeout=STOP_TIMEOUT,
            logging=non_blocking_log(log_group, CONTAINER),
        )
        # The execution role has the rights to pull, but CDK cannot read them.
        cdk.Annotations.of(container).acknowledge_warning("@aws-cdk/aws-ecs:ecrImageRequiresPolicy")
        reason = (
            "The environment contains names and addresses; secrets are references that ECS "
            "resolves."
        )
        acknowledge(self.task_definition, {"AwsSolutions::AwsSolutions-ECS2": reason})


@cache
def _image(name: str) -> ecs.ContainerImage:
    """Return an image by its name, which several tasks may run."""
    return ecs.ContainerImage.from_registry(name)


def _keep_revisions(definition: ecs.FargateTaskDefinition) -> None:
    """Retain the revisions that an update replaces, for manual rollbacks.

    CloudFormation deregisters replaced revisions, and ECS rejects inactive ones.
    """
    revision = resource_of(definition, ecs.CfnTaskDefinition)
    revision.apply_removal_policy(cdk.RemovalPolicy.RETAIN)
    revision.apply_removal_policy(cdk.RemovalPolicy.DESTROY, apply_to_update_replace_policy=False)


def variables(name: str, *, port: int | None, health_path: str) -> dict[str, str]:
    """Return the variables of every container."""
    return {"SERVICE": name, "HEALTH_PATH": health_path, **({"PORT": str(port)} if port else {})}


def non_blocking_log(log_group: logs.ILogGroup, prefix: str) -> ecs.LogDriver:
    """Return a log driver that drops lines while CloudWatch Logs is unreachable."""
    return ecs.LogDriver.aws_logs(
        stream_prefix=prefix,
        log_group=log_group,
        mode=ecs.AwsLogDriverMode.NON_BLOCKING,
        max_buffer_size=_MAX_BUFFER,
    )


def open_files() -> ecs.Ulimit:
    """Return the limit of open files, one for each connection."""
    return ecs.Ulimit(name=ecs.UlimitName.NOFILE, soft_limit=_OPEN_FILES, hard_limit=_OPEN_FILES)


def _confined(scope: Construct) -> ecs.LinuxParameters:
    # An init process forwards signals and reaps children, so that SIGTERM reaches any image's
    # process.
    linux = ecs.LinuxParameters(scope, "LinuxParameters", init_process_enabled=True)
    linux.drop_capabilities(ecs.Capability.ALL)
    option = ecs.TmpfsMountOption
    # A bind mount belongs to root; a tmpfs is writable for every user.
    linux.add_tmpfs(
        ecs.Tmpfs(
            container_path="/tmp",  # noqa: S108
            size=_TEMPORARY_MIB,
            mount_options=[option.RW, option.NOSUID, option.NODEV, option.NOEXEC],
        )
    )
    return linux


def _health_check(image: ServiceImage) -> ecs.HealthCheck:
    """Health check: three failures in a row replace the task, except in its first minute."""
    return ecs.HealthCheck(
        command=list(image.health_command),
        interval=durations.seconds(10),
        timeout=durations.seconds(5),
        retries=3,
        start_period=durations.seconds(60),
    )
