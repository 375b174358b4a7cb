"""Scaling of services by CPU, requests and the depth of their queues."""

from spotmusic_cdk.settings import Settings
from spotmusic_cdk.settings.services import ServiceSettings
from spotmusic_constructs.messaging.rabbitmq import MANAGEMENT_PORT
from spotmusic_constructs.services.queue_depth import QueueDepth
from spotmusic_constructs.services.scaling import Scaling
from stacks.environment_stack import EnvironmentStack
from stacks.network import NetworkStack
from stacks.secrets import SecretsStack


def queue_depth(
    stack: EnvironmentStack, *, settings: Settings, network: NetworkStack, secrets: SecretsStack
) -> QueueDepth | None:
    """Create the function that counts waiting messages, if a service scales by its queue."""
    queues = [
        name for name, service in settings.services.items() if service.scaling.messages_per_task
    ]
    if not queues:
        return None
    return QueueDepth(
        stack,
        "QueueDepth",
        management_url=f"https://brokers.{settings.private_domain}:{MANAGEMENT_PORT}",
        user=secrets.secrets.rabbitmq_monitor,
        queue_names=queues,
        environment_name=settings.name,
        vpc=network.vpc,
        security_group=network.security_groups.of("queue-depth"),
        log_key=secrets.keys.logs,
        log_retention=stack.log_retention.access,
        authority_parameter=settings.authority_parameter,
    )


def scaling_of(name: str, service: ServiceSettings, depth: QueueDepth | None) -> Scaling:
    """Return the scaling of a service."""
    scaling = service.scaling
    return Scaling(
        minimum=scaling.min,
        maximum=scaling.max,
        cpu_percent=scaling.cpu_percent,
        requests_per_target=service.requests_per_target,
        messages_per_task=scaling.messages_per_task,
        queue=depth.queue(name) if depth and scaling.messages_per_task else None,
    )
