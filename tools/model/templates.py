"""Templates of a cloud assembly."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tools.lint_verdicts import without_cli_metadata
from tools.model.stacks import stacks_in
from tools.model.values import ACCOUNT

Template = dict[str, Any]
Templates = dict[str, Template]
Properties = dict[str, Any]

RELEASE = "Custom::AWSCDK-EKS-HelmChart"
"""Type of a Helm release."""
ASSET = "<asset>"
HASH = re.compile(r"[0-9a-f]{64}")


def templates_in(assembly: Path) -> Templates:
    """Read the templates of a cloud assembly by stack id, such as `data`.

    Args:
        assembly: folder with the manifest of one environment.
    """
    return {
        id_: read(stack.template.read_text(), stack.account)
        for id_, stack in stacks_in(assembly).items()
    }


def read(text: str, account: str) -> Template:
    """Return a template with the example's account and without the CDK CLI's metadata.

    Args:
        text: template as JSON.
        account: target account.
    """
    template: Template = json.loads(text.replace(account, ACCOUNT))
    template["Resources"] = without_cli_metadata(template["Resources"])
    return template


def of_type(templates: Templates, type_: str) -> Iterator[tuple[str, str, Properties]]:
    """Yield stack, logical id and properties of each resource of a type."""
    for stack, template in templates.items():
        for id_, resource in template["Resources"].items():
            if resource["Type"] == type_:
                yield stack, id_, resource.get("Properties", {})


def without_hashes(value: Any) -> Any:
    """Return a template, or a part of it, without the hashes of assets."""
    text = json.dumps(value)
    return json.loads(HASH.sub(ASSET, text)) if HASH.search(text) else value
