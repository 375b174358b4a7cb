"""Exports that producers retain for running tasks (docs/adr/0001)."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import aws_cdk as cdk

WITHOUT_ASSETS = {"aws:cdk:bundling-stacks": [], "aws:cdk:disable-asset-staging": True}
"""Context of a synthesis that neither bundles nor copies assets."""
_WITHOUT_VALIDATION = {
    "@aws-cdk/core:validateAgainstDefaultRules": False,
    "@aws-cdk/core:annotationsInValidationReport": False,
}
"""Context of a synthesis without validation; the policy packs run on the platform itself."""


def keep_exports(producers: Sequence[cdk.Stack], *, before: Callable[[cdk.App], cdk.Stage]) -> None:
    """Retain the exports of an earlier platform: CloudFormation cannot delete imported exports.

    Args:
        producers: stacks with exports.
        before: creates the earlier platform, which has stacks of the same names, in an application.
    """
    context = producers[0].node.get_all_context()
    with TemporaryDirectory() as folder:
        app = cdk.App(
            outdir=folder, context=context | _WITHOUT_VALIDATION | WITHOUT_ASSETS, auto_synth=False
        )
        assembly = before(app).synth()
        for stack in producers:
            template = Path(assembly.directory, f"{stack.artifact_id}.template.json")
            _export_again(stack, json.loads(template.read_text()))


def _export_again(stack: cdk.Stack, template: dict[str, Any]) -> None:
    found = [child for child in stack.node.find_all() if isinstance(child, cdk.CfnResource)]
    ids = stack.resolve([resource.logical_id for resource in found])
    resources = dict(zip(ids, found, strict=True))
    for output in template.get("Outputs", {}).values():
        # Strings are exports that the stack already has.
        if "Export" in output and not isinstance(output["Value"], str):
            stack.export_value(_reference(resources, output["Value"]))


def _reference(resources: dict[str, cdk.CfnResource], value: dict[str, Any]) -> Any:
    """Return the reference that an output of a template has."""
    if "Ref" in value:
        return resources[value["Ref"]].ref
    id_, attribute = value["Fn::GetAtt"]
    return resources[id_].get_att(attribute)
