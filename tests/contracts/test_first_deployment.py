"""Protected and retained resources of the templates in the runbook of a failed first deployment."""

import re
from collections import Counter
from collections.abc import Callable, Iterator

import pytest

from tools.checkout import ROOT
from tools.model.templates import Template

RUNBOOK = (ROOT / "docs" / "runbooks" / "failed-first-deployment.md").read_text()
Templates = Callable[[str], dict[str, Template]]


def protected(template: Template) -> Iterator[str]:
    """Types of resources with deletion protection."""
    for resource in template["Resources"].values():
        properties = resource.get("Properties", {})
        attributes = {
            pair["Key"]: pair["Value"] for pair in properties.get("LoadBalancerAttributes", ())
        }
        if (
            properties.get("DeletionProtection") is True
            or attributes.get("deletion_protection.enabled") == "true"
        ):
            yield resource["Type"]


def test_runbook_takes_protection_off_everything(templates: Templates) -> None:
    rows = re.findall(
        r"^\| `([a-z-]+)` \| `(AWS::\w+::\w+)` \| (\d+) \|", RUNBOOK, flags=re.MULTILINE
    )
    listed = {(stack, kind): int(count) for stack, kind, count in rows}
    found = {
        (stack, kind): count
        for stack, template in templates("prod").items()
        for kind, count in Counter(protected(template)).items()
    }
    assert listed == found


@pytest.mark.parametrize("environment", ["dev", "staging"])
def test_protection_is_for_production(templates: Templates, environment: str) -> None:
    assert [
        kind for template in templates(environment).values() for kind in protected(template)
    ] == []


def test_runbook_removes_remaining_resources(templates: Templates) -> None:
    listed = re.findall(r"^\| `(AWS::\w+::\w+)` \|", RUNBOOK, flags=re.MULTILINE)
    resources = [
        resource
        for template in templates("prod").values()
        for resource in template["Resources"].values()
    ]
    assert sorted(listed) == sorted(
        {
            resource["Type"]
            for resource in resources
            if resource.get("DeletionPolicy", "").startswith("Retain")
        }
    )
