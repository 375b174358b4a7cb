"""Releases and custom resources that a deployment runs again without a change."""

from collections.abc import Iterator

import aws_cdk as cdk
from aws_cdk import aws_eks_v2 as eks
from constructs import Construct

from spotmusic_constructs.kubernetes.helm_release import HelmRelease
from spotmusic_constructs.resource import resource_of


def run_again(scope: Construct, *, name: str, mark: str) -> None:
    """Lets CloudFormation call one release or custom resource in the next deployment.

    CloudFormation calls a custom resource only when its properties differ from those of the last
    deployment, and detects no drift of it. The mark is a property that its function ignores. A
    deployment without the mark calls it once more.

    Args:
        scope: platform that contains the resource.
        name: name of a Helm release, or path of a custom resource in its stack, such as
            `Catalogue/Users`.
        mark: text that differs from that of the run before, such as the time.

    Raises:
        ValueError: if no release and no custom resource has the name.

    Example:
        run_again(platform, name="redpanda-access", mark="redpanda-access 2026-11-29T03:14")
    """
    resources = dict(_named(scope))
    if name not in resources:
        raise ValueError(
            f"again: no release or custom resource `{name}`. Choose one of {', '.join(sorted(resources))}."
        )
    resources[name].add_property_override("Again", mark)


def _named(scope: Construct) -> Iterator[tuple[str, cdk.CfnResource]]:
    for found in scope.node.find_all():
        if isinstance(found, HelmRelease):
            yield (
                found.release,
                resource_of(found.chart.node.find_child("Resource"), cdk.CfnResource),
            )
        elif isinstance(found, cdk.CustomResource) and not isinstance(
            found.node.scope, eks.HelmChart
        ):
            below_stack = found.node.path.split("/")[2:]
            yield (
                "/".join(below_stack).removesuffix("/Resource"),
                resource_of(found, cdk.CfnResource),
            )
