"""Verdicts of cfn-lint by template, shared by `make cfn-lint`, the test suite and `make local`.

Run as a script, it lints template files and prints a JSON object of matches by file.
"""

import gc
import hashlib
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

CHECKOUT = Path.cwd()
STORE = CHECKOUT / ".verdicts"
"""Verdicts by checksum; `make clean` removes them."""
# Constant in place of CLI metadata: cfn-lint omits rules for templates of the CDK.
_OF_CDK = {"CDKMetadata": {"Type": "AWS::CDK::Metadata", "Properties": {"Analytics": "v2"}}}


class LintError(Exception):
    """Failure of cfn-lint. The message has its last output."""


@dataclass(frozen=True)
class Match:
    """Finding of cfn-lint in a template.

    Args:
        rule: id of the rule, such as `E3025`.
        path: keys and indexes of the defect.
        message: text of the finding.
    """

    rule: str
    path: tuple[str | int, ...]
    message: str


def verdicts(
    templates: Iterable[Path],
    *,
    region: str,
    checkout: Path = CHECKOUT,
    store: Path = STORE,
    running: "list[subprocess.Popen[str]] | None" = None,
) -> dict[Path, list[Match]]:
    """Return the matches of each template, and lint only templates without a verdict.

    Args:
        templates: template files.
        region: region of the rules and provider schemas.
        checkout: folder that may hold a `.cfnlintrc`.
        store: folder of verdicts.
        running: receives the linter's process, so that the caller can stop it.

    Raises:
        LintError: if cfn-lint fails to run.
    """
    forms = {template: canonical(template.read_text()) for template in templates}
    kept = {
        template: store / f"{_key(form, region, checkout)}.json" for template, form in forms.items()
    }
    unknown = {
        kept[template]: form for template, form in forms.items() if not kept[template].is_file()
    }
    if unknown:
        store.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=store) as folder:
            for file, form in unknown.items():
                Path(folder, file.name).write_text(form)
            found = _lint([Path(folder, file.name) for file in unknown], region, checkout, running)
            # A rename is atomic, so other processes read complete verdicts.
            for file in unknown:
                verdict = Path(folder, f"{file.name}.new")
                verdict.write_text(json.dumps(found.get(str(Path(folder, file.name)), [])))
                verdict.replace(file)
    return {
        template: [
            Match(rule, tuple(path), text)
            for rule, path, text in json.loads(kept[template].read_text())
        ]
        for template in kept
    }


def canonical(text: str) -> str:
    """Return a template without metadata of the CDK CLI."""
    template: dict[str, Any] = json.loads(text)
    template["Resources"] = {**without_cli_metadata(template.get("Resources", {})), **_OF_CDK}
    return json.dumps(template)


def without_cli_metadata(resources: dict[str, Any]) -> dict[str, Any]:
    """Return resources without the construct paths, asset paths and versions of the CDK CLI.

    They differ by command and machine, and CloudFormation ignores them.
    """
    kept = {
        id_: {**resource}
        for id_, resource in resources.items()
        if resource.get("Type") != _OF_CDK["CDKMetadata"]["Type"]
    }
    for resource in kept.values():
        metadata = {
            name: value
            for name, value in resource.pop("Metadata", {}).items()
            if not name.startswith(("aws:cdk:", "aws:asset:"))
        }
        if metadata:
            resource["Metadata"] = metadata
    return kept


def _key(form: str, region: str, checkout: Path) -> str:
    configuration = [
        path.read_text()
        for folder in (Path.home(), checkout)
        for path in sorted(folder.glob(".cfnlintrc*"))
        if path.is_file()
    ]
    parts = [form, region, version("cfn-lint"), *configuration]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def _lint(
    files: list[Path], region: str, checkout: Path, running: "list[subprocess.Popen[str]] | None"
) -> dict[str, list[Any]]:
    # A separate process without this folder in its path can be stopped and frees its memory.
    command = [sys.executable, "-P", __file__, region, *map(str, files)]
    linter = subprocess.Popen(  # noqa: S603 - our own
        command, cwd=checkout, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    if running is not None:
        running.append(linter)
    stdout, stderr = linter.communicate()
    if linter.returncode != 0:
        raise LintError(f"cfn-lint failed to run: {stderr.strip()[-500:]}")
    found: dict[str, list[Any]] = json.loads(stdout)
    return found


def _main(region: str, *files: str) -> None:
    # Templates stay in memory: garbage collection would take a quarter of the time.
    gc.set_threshold(20_000, 20, 20)
    from cfnlint.api import ManualArgs, lint_by_config  # noqa: PLC0415 - slow import

    found: dict[str, list[Any]] = {}
    for match in lint_by_config(ManualArgs(templates=list(files), regions=[region])):
        found.setdefault(match.filename or "", []).append(
            (match.rule.id, match.path or [], match.message)
        )
    json.dump(found, sys.stdout)
    gc.freeze()


if __name__ == "__main__":
    _main(*sys.argv[1:])
