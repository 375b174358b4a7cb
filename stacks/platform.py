"""Composition root: creates the eight stacks of an environment."""

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import aws_cdk as cdk
from constructs import Construct

from spotmusic_cdk.settings import Settings
from stacks.data import DataStack
from stacks.ecs_services import EcsServicesStack
from stacks.edge import EdgeStack
from stacks.eks_platform import EksPlatformStack
from stacks.environment_stack import common_tags, tag
from stacks.network import NetworkStack
from stacks.observability.stack import ObservabilityStack
from stacks.registry import RegistryStack
from stacks.secrets import SecretsStack

WITHOUT_ASSETS = {"aws:cdk:bundling-stacks": [], "aws:cdk:disable-asset-staging": True}
"""Context of a synthesis that neither bundles nor copies assets."""


class Platform(cdk.Stage):
    """Spotmusic in one environment: `cdk deploy dev/network` deploys one stack, `"dev/*"` all.

    Attributes:
        network: VPC, flows and private names.
        secrets: keys, passwords and configuration.
        registry: container images.
        data: databases, caches, buckets and backups.
        eks_platform: events, tasks, identity and the API gateway.
        ecs_services: application services.
        edge: CloudFront, its web ACL and its certificate.
        observability: alarms, their recipients, and metrics.
    """

    def __init__(self, scope: Construct, *, settings: Settings) -> None:
        super().__init__(
            scope, settings.name, permissions_boundary=boundary_of(settings.permissions_boundary)
        )
        tag(self, common_tags(settings))
        # Producers retain resources until consumers drop them (docs/adr/0001). eks-platform is
        # both, and receives only running services.
        kept, running = settings.kept, settings.running

        self.network = NetworkStack(self, settings=kept)
        self.secrets = SecretsStack(self, settings=kept)
        self.registry = RegistryStack(self, settings=kept, secrets=self.secrets)
        self.data = DataStack(self, settings=kept, network=self.network, secrets=self.secrets)
        self.eks_platform = EksPlatformStack(
            self,
            settings=settings,
            network=self.network,
            registry=self.registry,
            secrets=self.secrets,
        )
        self.ecs_services = EcsServicesStack(
            self,
            settings=running,
            network=self.network,
            registry=self.registry,
            secrets=self.secrets,
            data=self.data,
        )
        for pulls_images in (self.eks_platform, self.ecs_services):
            # Images need the registry's rules, without a reference to them.
            pulls_images.add_stack_dependency(self.registry)
        self.edge = EdgeStack(
            self, settings=running, secrets=self.secrets, data=self.data, network=self.network
        )
        self.observability = ObservabilityStack(
            self,
            settings=running,
            network=self.network,
            registry=self.registry,
            secrets=self.secrets,
            data=self.data,
            eks_platform=self.eks_platform,
            ecs_services=self.ecs_services,
            edge=self.edge,
        )
        # Names of services are parameters, not exports: see ServiceNames.
        self.observability.add_stack_dependency(self.ecs_services)
        if kept != settings:
            # Tasks stop before brokers drop their users.
            self.eks_platform.add_stack_dependency(self.ecs_services)
            self._keep_exports(kept)

    @property
    def _producers(self) -> tuple[cdk.Stack, ...]:
        """Stacks with exports."""
        return self.network, self.secrets, self.registry, self.data, self.eks_platform

    def _keep_exports(self, settings: Settings) -> None:
        """Retains exports for running tasks: CloudFormation cannot delete imported exports."""
        context = {flag: self.node.try_get_context(flag) for flag in self.node.get_all_context()}
        # This copy needs no validation and no assets; the packs run on the platform itself.
        context |= {
            "@aws-cdk/core:validateAgainstDefaultRules": False,
            "@aws-cdk/core:annotationsInValidationReport": False,
        }
        context |= WITHOUT_ASSETS
        with TemporaryDirectory() as folder:
            app = cdk.App(outdir=folder, context=context, auto_synth=False)
            before = Platform(app, settings=settings)
            templates = app.synth().get_nested_assembly(before.artifact_id).directory
            for stack, then in zip(self._producers, before._producers, strict=True):
                template = json.loads(Path(templates, then.template_file).read_text())
                resources = {
                    stack.resolve(found.logical_id): found
                    for found in stack.node.find_all()
                    if isinstance(found, cdk.CfnResource)
                }
                for output in template.get("Outputs", {}).values():
                    # Strings are exports that the stack already has.
                    if "Export" in output and not isinstance(output["Value"], str):
                        stack.export_value(_reference(resources, output["Value"]))


def _reference(resources: dict[str, cdk.CfnResource], value: dict[str, Any]) -> Any:
    """Reference in an output of the template."""
    if "Ref" in value:
        return resources[value["Ref"]].ref
    id_, attribute = value["Fn::GetAtt"]
    return resources[id_].get_att(attribute)


def boundary_of(policy: str | None) -> cdk.PermissionsBoundary | None:
    """Return the permissions boundary of all roles, from the name or ARN of a policy."""
    if policy is None:
        return None
    return (
        cdk.PermissionsBoundary.from_arn(policy)
        if policy.startswith("arn:")
        else cdk.PermissionsBoundary.from_name(policy)
    )
