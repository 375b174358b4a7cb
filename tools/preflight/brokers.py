"""Check of brokers before an update, which does not wait for missing ones."""

from collections.abc import Iterator

from spotmusic_constructs.messaging import rabbitmq
from tools.preflight.finding import Ask, Context, Finding, ok, standing_of, verdict
from tools.preflight.routes import GROUP

STACK = "eks-platform"


def brokers(context: Context) -> Iterator[Finding]:
    """Compare the healthy brokers of each load balancer with the deployed ones.

    Both StatefulSets have `podManagementPolicy: Parallel`: an update ignores a pod that is not
    ready and replaces the highest one (kubernetes/kubernetes#96218). A loss of two of three pods is
    a loss of quorum.
    """
    groups = standing_of(context, STACK, GROUP)
    deployed = {
        "Redpanda": (
            "BrokersKafkaBootstrapTargets",
            sum(id_.startswith("BrokersKafkaBroker") for id_ in groups),
        ),
        "RabbitMQ": ("BrokersAmqpTargets", rabbitmq.REPLICAS),
    }
    for component, (start, number) in deployed.items():
        for arn in (arn for id_, arn in groups.items() if id_.startswith(start)):
            targets = context.home("elbv2").describe_target_health(TargetGroupArn=arn)[
                "TargetHealthDescriptions"
            ]
            healthy = sum(target["TargetHealth"]["State"] == "healthy" for target in targets)
            detail = f"{healthy} of {number} are healthy" if targets else "none is registered yet"
            advice = (
                f"wait for the others (docs/runbooks/{component.lower()}.md): "
                "the update may stop one more"
            )
            yield verdict(
                f"brokers of {component}", healthy >= number or not targets, detail, advice
            )
    if not groups:
        yield ok("brokers", f"stack {STACK} does not exist yet")


CHECKS: dict[str, Ask] = {"brokers": brokers}
