"""Stacks of a cloud assembly, and their templates."""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Template = dict[str, Any]
Templates = dict[str, Template]

ACCOUNT = "111122223333"
"""Account placeholder for templates without a fixed account."""
ASSET = "<asset>"
_HASH = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, kw_only=True)
class Stack:
    """Stack of a cloud assembly.

    Args:
        name: its name in CloudFormation, such as `spotmusic-prod-data`.
        account: target account.
        region: its region.
        template: file of its template.
        dependencies: ids of the stacks that are deployed before it.
        protected: True if termination protection is enabled.
    """

    name: str
    account: str
    region: str
    template: Path
    dependencies: set[str]
    protected: bool

    @property
    def place(self) -> tuple[str, str, str]:
        """Attributes that no update can change: account, region and name."""
        return self.account, self.region, self.name


def templates_in(assembly: Path) -> Templates:
    """Reads the templates of a cloud assembly by stack id, such as `data`.

    Args:
        assembly: folder with the manifest of one environment.
    """
    return {id_: read(stack.template.read_text(), stack.account) for id_, stack in stacks_in(assembly).items()}


def stacks_in(assembly: Path) -> dict[str, Stack]:
    """Returns the stacks of a cloud assembly by id.

    Args:
        assembly: folder with the manifest of one environment.
    """
    manifest = json.loads((assembly / "manifest.json").read_text())["artifacts"]
    artifacts = {key: a for key, a in manifest.items() if a["type"] == "aws:cloudformation:stack"}
    ids = {key: artifact["displayName"].split("/")[1].split(" ")[0] for key, artifact in artifacts.items()}
    return {ids[key]: _stack(assembly, artifact, ids) for key, artifact in artifacts.items()}


def read(text: str, account: str) -> Template:
    """Returns a template with the example's account and without the CDK CLI's usage metadata.

    Args:
        text: template as JSON.
        account: target account.
    """
    template: Template = json.loads(text.replace(account, ACCOUNT))
    template["Resources"] = {id_: body for id_, body in template["Resources"].items() if body["Type"] != "AWS::CDK::Metadata"}
    return template


def without_hashes(value: Any) -> Any:
    """Returns a template, or a part of it, without the hashes of assets."""
    return json.loads(_HASH.sub(ASSET, json.dumps(value)))


def _stack(assembly: Path, artifact: dict[str, Any], ids: dict[str, str]) -> Stack:
    account, _, region = artifact["environment"].removeprefix("aws://").partition("/")
    properties = artifact["properties"]
    return Stack(
        name=properties.get("stackName", artifact["displayName"].replace("/", "-")),
        account=account,
        region=region,
        template=assembly / properties["templateFile"],
        dependencies={ids[key] for key in artifact.get("dependencies", []) if key in ids},
        protected=properties.get("terminationProtection") is True,
    )
