"""References between the stacks of an environment (docs/adr/0001)."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.properties.conftest import ENVIRONMENTS
from tools.changes.replacement import create_only
from tools.model.assembly import stacks_before
from tools.model.stacks import stacks_in
from tools.model.templates import Template
from tools.model.values import at, children

Templates = Callable[[str], dict[str, Template]]
WEAK, STRONG = "Fn::GetStackOutput", "Fn::ImportValue"
MOST_WEAK = 20
"""Weak references of one template. Each occurrence is a call of DescribeStacks; 75 were throttled
(aws/aws-cdk#38010)."""
FINAL = {
    "edge/AccessLogsDestinationC398EAEE: DestinationResourceArn": (
        "the log bucket is in the home region; a destination holds no data"
    )
}
"""Weak references in create-only properties that are accepted, and why."""


def references(value: Any) -> Iterator[tuple[str, Any]]:
    """Yield function and argument of each reference to another stack, at any depth."""
    for key, item in children(value):
        if key in (WEAK, STRONG):
            yield key, item
        yield from references(item)


def regions_of(assembly: Path) -> dict[str, str]:
    return {name: stack.region for name, stack in stacks_in(assembly).items()}


def unresolved(templates: dict[str, Template], assembly: Path) -> list[str]:
    """Return the references that CloudFormation cannot resolve, with their stack."""
    before, regions = stacks_before(assembly), regions_of(assembly)
    return [
        f"{stack}: {found}"
        for stack in templates
        for found in _unresolved(templates, stack, before[stack], regions)
    ]


def _unresolved(
    templates: dict[str, Template], stack: str, before: set[str], regions: dict[str, str]
) -> Iterator[str]:
    earlier = {name: templates[name].get("Outputs", {}) for name in before}
    exports = {
        output["Export"]["Name"]
        for name, outputs in earlier.items()
        for output in outputs.values()
        if "Export" in output and regions[name] == regions[stack]
    }
    for function, argument in references(templates[stack]):
        if function == STRONG:
            if argument not in exports:
                yield f"no earlier stack of {regions[stack]} exports {argument}"
            continue
        producer = re.sub(r"^spotmusic-[^-]+-", "", argument["StackName"])
        there = argument["OutputName"] in earlier.get(producer, {})
        if not there or argument.get("Region", regions[stack]) != regions[producer]:
            yield (
                f"no earlier stack {argument['StackName']} of {argument.get('Region')} has "
                f"{argument['OutputName']}"
            )


def weak_and_final(templates: dict[str, Template]) -> list[str]:
    """Create-only properties with a weak reference."""
    return [
        f"{stack}/{id_}: {'.'.join(path)}"
        for stack, template in templates.items()
        for id_, resource in template["Resources"].items()
        for path in create_only(resource["Type"], stack)
        if any(
            function == WEAK
            for function, _ in references(at(resource.get("Properties", {}), ".".join(path)))
        )
    ]


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_references_name_outputs_of_earlier_stacks(
    templates: Templates, synthesized: Callable[[str], Path], environment: str
) -> None:
    assert unresolved(templates(environment), synthesized(environment)) == []


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_weak_references_cross_regions(
    templates: Templates, synthesized: Callable[[str], Path], environment: str
) -> None:
    regions = regions_of(synthesized(environment))
    for stack, template in templates(environment).items():
        weak = [argument for function, argument in references(template) if function == WEAK]
        assert all(argument.get("Region", regions[stack]) != regions[stack] for argument in weak), (
            stack
        )
        assert len(weak) <= MOST_WEAK, f"{stack}: {len(weak)} calls of DescribeStacks"


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_create_only_properties_hold_no_weak_reference(
    templates: Templates, environment: str
) -> None:
    assert set(weak_and_final(templates(environment))) == FINAL.keys()
