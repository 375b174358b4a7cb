"""Repeated runs of releases and custom resources without a change."""

from collections.abc import Iterator

import aws_cdk as cdk
from aws_cdk import aws_eks_v2 as eks
from constructs import Construct

from spotmusic_constructs.kubernetes.helm_release import HelmRelease
from spotmusic_constructs.resource import resource_of


def run_again(scope: Construct, *, name: str, mark: str) -> None:
    """Run a release or custom resource again in the next deployment.

    CloudFormation calls a custom resource only when its properties change, and detects no drift of
    it. The mark is a property that the function of the resource ignores. The next deployment
    without the mark runs the resource once more.

    Args:
        scope: platform that contains the resource.
        name: name of a Helm release, or path of a custom resource in its stack, such as
            `Catalogue/Users`.
        mark: text that differs from the mark of the previous run, such as the time.

    Raises:
        ValueError: if no release and no custom resource has the name.

    Example:
        run_again(platform, name="redpanda-access", mark="redpanda-access 2026-11-29T03:14")
    """
    resources = dict(_named(scope))
    if name not in resources:
        raise ValueError(
            f"again: no release or custom resource `{name}`. "
            f"Choose one of {', '.join(sorted(resources))}."
        )
    resources[name].add_property_override("Again", mark)


def _named(scope: Construct) -> Iterator[tuple[str, cdk.CfnResource]]:
    for found in scope.node.find_all():
        if isinstance(found, HelmRelease):
            release = found.chart.node.find_child("Resource")
            yield found.release, resource_of(release, cdk.CfnResource)
        is_release = isinstance(found.node.scope, eks.HelmChart)
        if isinstance(found, cdk.CustomResource) and not is_release:
            path = "/".join(found.node.path.split("/")[2:]).removesuffix("/Resource")
            yield path, resource_of(found, cdk.CfnResource)
