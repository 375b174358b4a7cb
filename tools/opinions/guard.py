"""AWS Control Tower's guard rules for all synthesized templates: `make guard`.

`cdklabs.cdk-validator-cfnguard` contains cfn-guard and the rules. They check the output of `make
synth`. As a plugin of the synthesis, cfn-guard would evaluate all 237 rules on all templates in
each synthesis, and report unresolved values of other stacks. Here each template is checked with the
rules of its types, and with these values resolved.
"""

import atexit
import json
import platform
import re
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, partial
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Any

from spotmusic_cdk.command_line import run_command
from tools.checkout import settings_of
from tools.model.assembly import Assembly
from tools.model.templates import Template, templates_in
from tools.model.values import children, rebuilt, without_suffix
from tools.opinions.guard_exceptions import EXCEPTIONS
from tools.opinions.opinion import (
    ENVIRONMENTS,
    SYNTHESIZED,
    Finding,
    assembly_of,
    conclude,
    problems,
)

PACKAGE = "cdklabs.cdk-validator-cfnguard"
SYSTEMS = {"Linux": "ubuntu", "Darwin": "macos"}
PROCESSORS = {"x86_64": "x86_64", "amd64": "x86_64", "arm64": "aarch64", "aarch64": "aarch64"}
ENDED_WITH_FINDINGS = 19

_FILLED = {"Fn::ImportValue", "Fn::GetStackOutput"}
_PSEUDO = {"AWS::AccountId", "AWS::Partition", "AWS::Region", "AWS::URLSuffix", "AWS::StackName"}

CANARY: Template = {
    "Resources": {
        "Database": {
            "Type": "AWS::RDS::DBInstance",
            "Properties": {
                "Engine": "mysql",
                "PubliclyAccessible": True,
                "StorageEncrypted": False,
            },
        },
        "Bucket": {"Type": "AWS::S3::Bucket", "Properties": {}},
    }
}
CANARY_RULES = {"CT.RDS.PR.23", "CT.RDS.PR.24", "CT.S3.PR.1"}
"""Public database, unencrypted database, and bucket without block public access."""


@dataclass(frozen=True, kw_only=True)
class Guard:
    """cfn-guard, and the resource types of each rule file."""

    program: Path
    rules: Mapping[Path, frozenset[str]]

    def rules_for(self, template: Template) -> list[Path]:
        """Return the rule files for a template's types; files without types apply to all."""
        types = {resource["Type"] for resource in template["Resources"].values()}
        return [
            file for file, spoken_of in self.rules.items() if not spoken_of or spoken_of & types
        ]


@cache
def guard() -> Guard:
    """Unpack cfn-guard for this machine and the rules of Control Tower."""
    system, processor = SYSTEMS[platform.system()], PROCESSORS[platform.machine().lower()]
    program = f"package/bin/{system}/{processor}/cfn-guard"
    folder = Path(tempfile.mkdtemp(prefix="guard-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    (package,) = Path(str(files("cdklabs.cdk_validator_cfnguard"))).glob("_jsii/*.tgz")
    with tarfile.open(package) as archive:
        for member in archive:
            wanted = member.name == program or member.name.endswith(".guard")
            if wanted and (content := archive.extractfile(member)):
                Path(folder, Path(member.name).name).write_bytes(content.read())
    rules = {
        file: frozenset(re.findall(r"AWS::\w+::\w+", file.read_text()))
        for file in sorted(folder.glob("*.guard"))
    }
    unpacked = folder / Path(program).name
    unpacked.chmod(0o755)
    return Guard(program=unpacked, rules=rules)


def findings(environment: str, stack: str, template: Template) -> Iterator[Finding]:
    """Yield the findings in a template by resource.

    Raises:
        RuntimeError: if cfn-guard fails; the message has its output.
    """
    rules = guard().rules_for(template)
    if not rules:
        return
    with tempfile.NamedTemporaryFile("w", suffix=".template.json") as file:
        json.dump(template, file)
        file.flush()
        options = ["--structured", "--output-format", "json", "--show-summary", "none"]
        command = [str(guard().program), "validate", *options, "--data", file.name]
        command += [word for rule in rules for word in ("--rules", str(rule))]
        ended = subprocess.run(command, capture_output=True, text=True, check=False)
    if ended.returncode not in {0, ENDED_WITH_FINDINGS}:
        raise RuntimeError(f"cfn-guard ended with {ended.returncode}: {ended.stderr}")
    (report,) = json.loads(ended.stdout)
    for broken in report["not_compliant"]:
        yield from _findings_of(environment, stack, broken["Rule"])


def _findings_of(environment: str, stack: str, rule: Any) -> Iterator[Finding]:
    message = next(
        (text for text in _values(rule, "custom_message") if text and "[CT." in text), ""
    )
    (id_,) = re.findall(r"\[(CT\.[A-Z0-9.]+)\]", message) or [rule["name"]]
    fix = " ".join(message.partition("[FIX]:")[2].split())
    places = {
        path.split("/")[2] for path in _values(rule, "path") if path.startswith("/Resources/")
    }
    if not places:
        raise RuntimeError(f"{rule['name']} has no resource")
    yield from (
        Finding(environment, id_, f"{stack}/{without_suffix(place)}", fix) for place in places
    )


def _values(value: Any, key: str) -> Iterator[Any]:
    """Yield all values of a key at any depth, because the report's structure varies by rule."""
    for name, item in children(value):
        if name == key:
            yield item
        yield from _values(item, key)


def filled(environment: Assembly, stack: str, value: Any) -> Any:
    """Resolve values of other stacks and the account.

    Guard rules resolve references only within a template.
    """
    is_function = isinstance(value, dict) and len(value) == 1
    if is_function and (_FILLED & value.keys() or value.get("Ref") in _PSEUDO):
        return environment.text(stack, value)
    return rebuilt(value, partial(filled, environment, stack))


def main(folder: Path = SYNTHESIZED) -> int:
    """Check all environments in the folder and a canary; return 1 for findings."""
    wrong = []
    for environment in ENVIRONMENTS:
        templates = templates_in(assembly_of(environment, folder))
        known = Assembly(name=environment, settings=settings_of(environment), templates=templates)
        found = [
            f
            for stack, template in templates.items()
            for f in findings(environment, stack, filled(known, stack, template))
        ]
        wrong += problems(environment, found, EXCEPTIONS)
    caught = {finding.rule for finding in findings("canary", "canary", CANARY)} >= CANARY_RULES
    return conclude(f"cfn-guard {version(PACKAGE)}", wrong, caught=caught)


if __name__ == "__main__":
    run_command(main)
