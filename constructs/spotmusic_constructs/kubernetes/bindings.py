"""What joins pods to load balancers that exist already."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Unpack

from constructs import Construct

from spotmusic_constructs.kubernetes.helm_release import ChartRelease, LocalChart, Placement


@dataclass(frozen=True, kw_only=True)
class Binding:
    """The pods of a Service, and the target group that they join.

    Args:
        name: name of the TargetGroupBinding.
        namespace: namespace of the Service.
        service: name of the Service.
        port: its port, which is that of the target group too.
        target_group_arn: ARN of the target group.
        selector: labels of the pods, where the Service does not exist and is made as well.
    """

    name: str
    namespace: str
    service: str
    port: int
    target_group_arn: str
    selector: Mapping[str, str] = field(default_factory=dict)

    def to_values(self) -> dict[str, object]:
        """Returns the entry of the chart's values that describes it."""
        made = {"selector": dict(self.selector)} if self.selector else {}
        entry = {"name": self.name, "namespace": self.namespace, "service": self.service, "port": self.port}
        return {**entry, "targetGroupArn": self.target_group_arn, **made}


def broker_bindings(
    *, namespace: str, statefulset: str, port: int, labels: Mapping[str, str], bootstrap: str, brokers: Sequence[str]
) -> tuple[Binding, ...]:
    """Returns a binding of all brokers, and one of each.

    Args:
        namespace: namespace of the brokers.
        statefulset: name of their StatefulSet; the name of a pod is that and its ordinal.
        port: port of the brokers for clients from outside.
        labels: labels of their pods.
        bootstrap: ARN of the target group of all.
        brokers: ARN of the target group of each, by ordinal.
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
    """The release of the chart `bindings`, by which EKS Auto Mode registers pods with target groups of CDK.

    Args:
        chart: our chart `bindings`.
        bindings: what joins what.
        placement: cluster, and constructs that must be deployed before: those that make the Services.

    Example:
        Bindings(self, "Bindings", cluster=cluster, chart=LocalChart(path=CHARTS / "bindings"), bindings=[binding], after=[kong])
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
