"""Templates of a cloud assembly, by stack."""

import json
import re
from pathlib import Path
from typing import Any

Template = dict[str, Any]
Templates = dict[str, Template]

ACCOUNT = "111122223333"
"""Account that stands for whichever an environment is deployed to."""
ASSET = "<asset>"
_HASH = re.compile(r"[0-9a-f]{64}")


def templates_in(assembly: Path) -> Templates:
    """Reads the templates of a cloud assembly by stack id, such as `data`.

    Args:
        assembly: folder with the manifest of one environment.
    """
    return {name: read((assembly / file).read_text(), account) for name, (file, account, _, _) in stacks_in(assembly).items()}


def stacks_in(assembly: Path) -> dict[str, tuple[str, str, str, str]]:
    """Returns template file, account, region and name of each stack by its id."""
    manifest = json.loads((assembly / "manifest.json").read_text())["artifacts"]
    stacks = {a["displayName"].split("/")[1].split(" ")[0]: a for a in manifest.values() if a["type"] == "aws:cloudformation:stack"}
    return {name: _stack(artifact) for name, artifact in stacks.items()}


def read(text: str, account: str) -> Template:
    """Returns a template for the example's account, without what the CDK CLI counts users by.

    Args:
        text: template as JSON.
        account: account that it is for.
    """
    template: Template = json.loads(text.replace(account, ACCOUNT))
    template["Resources"] = {id_: body for id_, body in template["Resources"].items() if body["Type"] != "AWS::CDK::Metadata"}
    return template


def without_hashes(value: Any) -> Any:
    """Returns a template, or a part of one, without the hashes of its assets."""
    return json.loads(_HASH.sub(ASSET, json.dumps(value)))


def _stack(artifact: dict[str, Any]) -> tuple[str, str, str, str]:
    account, _, region = artifact["environment"].removeprefix("aws://").partition("/")
    properties = artifact["properties"]
    return properties["templateFile"], account, region, properties.get("stackName", artifact["displayName"].replace("/", "-"))
