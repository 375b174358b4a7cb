"""TargetGroupBindings between pods and existing load balancers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Unpack

from constructs import Construct

from spotmusic_constructs.kubernetes.helm_release import ChartRelease, LocalChart, Placement


@dataclass(frozen=True, kw_only=True)
class Binding:
    """TargetGroupBinding of a Service's pods.

    Args:
        name: name of the TargetGroupBinding.
        namespace: namespace of the Service.
        service: name of the Service.
        port: port of the Service and of the target group.
        target_group_arn: ARN of the target group.
        selector: labels of the pods, when the release creates the Service too.
    """

    name: str
    namespace: str
    service: str
    port: int
    target_group_arn: str
    selector: Mapping[str, str] = field(default_factory=dict)

    def to_values(self) -> dict[str, object]:
        """Return the entry of the chart's values."""
        return {
            "name": self.name,
            "namespace": self.namespace,
            "service": self.service,
            "port": self.port,
            "targetGroupArn": self.target_group_arn,
            **({"selector": dict(self.selector)} if self.selector else {}),
        }


def broker_bindings(
    *,
    namespace: str,
    statefulset: str,
    port: int,
    labels: Mapping[str, str],
    bootstrap: str,
    brokers: Sequence[str],
) -> tuple[Binding, ...]:
    """Return one binding for all brokers, and one for each broker.

    Args:
        namespace: namespace of the brokers.
        statefulset: name of their StatefulSet; pods are named `<statefulset>-<ordinal>`.
        port: port of the brokers for external clients.
        labels: labels of their pods.
        bootstrap: ARN of the target group of all brokers.
        brokers: ARN of the target group of each broker, by ordinal.
    """
    everyone = Binding(
        name=f"{statefulset}-bootstrap",
        namespace=namespace,
        service=f"{statefulset}-bootstrap",
        port=port,
        target_group_arn=bootstrap,
        selector=labels,
    )
    each = (
        Binding(
            name=f"{statefulset}-broker-{ordinal}",
            namespace=namespace,
            service=f"{statefulset}-broker-{ordinal}",
            port=port,
            target_group_arn=arn,
            selector={"statefulset.kubernetes.io/pod-name": f"{statefulset}-{ordinal}"},
        )
        for ordinal, arn in enumerate(brokers)
    )
    return (everyone, *each)


class Bindings(ChartRelease):
    """Release of the chart `bindings`: EKS Auto Mode registers pods with target groups of CDK.

    Args:
        chart: local chart `bindings`.
        bindings: bindings to create.
        placement: cluster, and constructs that must be deployed before: those that create the
            Services.

    Example:
        binding = Binding(name="kong", namespace="kong", service="kong-proxy", port=8443,
                          target_group_arn=target_group_arn)
        Bindings(self, "Bindings", cluster=cluster, chart=LocalChart(path=charts / "bindings"),
                 bindings=[binding], after=[kong])
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        chart: LocalChart,
        bindings: Sequence[Binding],
        **placement: Unpack[Placement],
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            chart=chart,
            release="bindings",
            namespace="kube-system",
            values={"bindings": [binding.to_values() for binding in bindings]},
            wait=False,
            **placement,
        )
