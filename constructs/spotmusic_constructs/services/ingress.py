"""Target groups and listener rule of a service."""

from hashlib import sha256

from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_elasticloadbalancingv2 as elbv2
from constructs import Construct

from spotmusic_constructs import durations
from spotmusic_constructs.services.route import Route, failed_requests

DEREGISTRATION_DELAY = durations.seconds(30)
"""Deregistration delay: longer than the gateway's timeout, and shorter than the stop timeout."""
_Algorithm = elbv2.TargetGroupLoadBalancingAlgorithmType


class ServiceIngress(Construct):
    """Target group for the tasks of a service, and listener rule of its path prefix.

    Creates both and, with `alternate`, a second target group for the tasks of a new version and an
    alarm on failed requests of both, which ECS checks during deployments. ECS changes the weights
    of the rule, and an update by CloudFormation resets them to 100 and 0 (aws/aws-cdk issue 36649),
    even if the other group has the tasks. Therefore nothing updates a rule: another path or
    priority creates another rule, for which ECS deploys the service again, and a rule has no tags
    (`tagging.UNTAGGED`).

    Args:
        vpc: network of the tasks.
        route: path and listener.
        port: port of the tasks.
        health_path: path that returns 200 when a task can serve.
        alternate: whether there is a second target group.

    Example:
        ServiceIngress(self, "Ingress", vpc=vpc, route=route, port=8080, health_path="/healthz",
                       alternate=True)
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        vpc: ec2.IVpc,
        route: Route,
        port: int,
        health_path: str,
        alternate: bool = False,
    ) -> None:
        super().__init__(scope, construct_id)
        self.route = route
        names = ("TargetGroup", "AlternateTargetGroup") if alternate else ("TargetGroup",)
        self.target_groups = tuple(
            _target_group(self, name, vpc=vpc, port=port, health_path=health_path) for name in names
        )
        action = elbv2.ListenerAction
        weighted = [
            elbv2.WeightedTargetGroup(target_group=group, weight=weight)
            for group, weight in zip(self.target_groups, (100, 0), strict=False)
        ]
        self.rule = elbv2.ApplicationListenerRule(
            self,
            f"Rule{_digest(route)}",
            listener=route.listener,
            priority=route.priority,
            conditions=[elbv2.ListenerCondition.path_patterns([route.path, f"{route.path}/*"])],
            action=action.weighted_forward(weighted)
            if alternate
            else action.forward(list(self.target_groups)),
        )
        self.deployment_alarm = (
            failed_requests(self, route, self.target_groups) if alternate else None
        )


def _digest(route: Route) -> str:
    return sha256(f"{route.priority} {route.path}".encode()).hexdigest()[:8]


def _target_group(
    scope: Construct, name: str, *, vpc: ec2.IVpc, port: int, health_path: str
) -> elbv2.ApplicationTargetGroup:
    return elbv2.ApplicationTargetGroup(
        scope,
        name,
        vpc=vpc,
        port=port,
        protocol=elbv2.ApplicationProtocol.HTTP,
        target_type=elbv2.TargetType.IP,
        deregistration_delay=DEREGISTRATION_DELAY,
        # A slow task receives fewer requests than the others.
        load_balancing_algorithm_type=_Algorithm.LEAST_OUTSTANDING_REQUESTS,
        health_check=elbv2.HealthCheck(
            path=health_path,
            healthy_http_codes="200",
            interval=durations.seconds(10),
            timeout=durations.seconds(5),
            healthy_threshold_count=2,
            unhealthy_threshold_count=3,
        ),
    )
