"""Environment files: read as YAML, validated, and checked."""

import json
import sys
import warnings
from collections.abc import Iterable
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from ruamel.yaml import YAML, Node
from ruamel.yaml.constructor import ConstructorError, DuplicateKeyError, SafeConstructor
from ruamel.yaml.error import YAMLError

from spotmusic_cdk.command_line import CommandError
from spotmusic_cdk.settings import checks, service_checks, version_checks
from spotmusic_cdk.settings.environment import Settings
from spotmusic_cdk.settings.explanation import explained
from spotmusic_cdk.settings.model import Problem, meant, shown

DEEPEST = 20
"""Maximum levels of an environment file. Settings have seven."""
MOST_VALUES = 100_000
"""Maximum values of an environment file with expanded aliases. Forty services with every option
have some 4,000."""
MOST_PROBLEMS = 20
"""Maximum number of problems in one message."""


class SettingsError(CommandError):
    """Errors in environment files. Each argument is the message of one file, with key, cause and
    advice.
    """

    def __str__(self) -> str:
        return "\n".join(self.args)


class SettingsWarning(UserWarning):
    """Setting that works for a limited time, or not in every account."""


def print_warnings() -> None:
    """Print each warning of settings as one line on standard error, in place of Python's two."""
    warnings.showwarning = lambda message, *_: print(message, file=sys.stderr)
    warnings.simplefilter("always", SettingsWarning)


def load(environment: str, *, folder: Path, today: date, clock: date | None = None) -> Settings:
    """Read `<environment>.yaml`, and check it, also against the other environments of the folder.

    Args:
        environment: name of the environment, the file's name without its ending.
        folder: folder of the environment files.
        today: date on which an engine without standard support is an error.
        clock: date on which it is a warning (default: no warning).

    Raises:
        SettingsError: the file is missing or cannot be deployed.
    """
    path = folder / f"{environment}.yaml"
    known = environments_in(folder)
    if environment not in known:
        # A path such as ../dev names no file of the folder.
        write = f", or write {path}" if path.name == f"{environment}.yaml" else ""
        advice = meant(
            environment,
            known,
            otherwise=f"Choose one of {', '.join(known)} (-c env=NAME){write}."
            if known
            else f"Write {path}, or run the command in the folder of the project.",
        )
        raise SettingsError(
            f"{environment}.yaml: there is no environment {shown(environment)}.\n  {advice}"
        )
    settings = _read(path)
    others: list[Settings] = []
    broken: list[str] = []
    for name in known:
        if name != environment:
            try:
                others.append(_read(folder / f"{name}.yaml"))
            except SettingsError as error:
                broken += error.args
    problems = [
        *checks.neighbour_problems(settings, others),
        *version_checks.problems(settings, today),
    ]
    if settings.name != environment:
        problems.insert(
            0,
            Problem(
                "name",
                f"{settings.name} is not the file's name",
                f"Write name: {environment}, or rename the file.",
            ),
        )
    if problems or broken:
        raise SettingsError(*(_error(path, problems).args if problems else ()), *broken)
    unsupported = [] if clock is None else version_checks.problems(settings, clock)
    for warning in (*checks.warnings(settings, clock or today), *unsupported):
        warnings.warn(_located(path, warning), SettingsWarning, stacklevel=2)
    return settings


def environments_in(folder: Path) -> list[str]:
    """Return the names of the environments in a folder, without hidden files, such as those of
    editors.
    """
    return sorted(file.stem for file in folder.glob("[!.]*.yaml"))


@lru_cache(maxsize=64)
def parse(text: str, *, source: Path) -> Settings:
    """Return the settings of one environment file, without checks against its neighbours. A valid
    text is parsed once.

    Raises:
        SettingsError: the text is not YAML or not a valid environment.
    """
    encoded = _json(text, source)
    try:
        settings = Settings.model_validate_json(encoded)
    except ValidationError as error:
        raise _error(source, [*explained(error), *_unknown_words(encoded, error)]) from None
    if problems := list(checks.problems(settings)):
        raise _error(source, problems)
    return settings


def mapping_in(path: Path) -> dict[str, Any]:
    """Return the keys and values of a YAML file in the folder of the environments.

    Raises:
        SettingsError: the file is missing, not YAML or no mapping.
    """
    found: dict[str, Any] = json.loads(_json(_text(path), path))
    return found


def _unknown_words(encoded: bytes, error: ValidationError) -> list[Problem]:
    """Problems of `talks_to` in a file with other errors, without the invalid values."""
    document = json.loads(encoded)
    wrong = []
    for details in error.errors():
        node, place = document, []
        for part in details["loc"]:
            if isinstance(node, dict) and part in node:
                place.append((node, part))
                node = node[part]
        if not place or (place[0][1] == "services" and len(place) <= 2):
            return []  # without services, their names would be unknown words
        wrong.append(place[-1])
    for holder, key in wrong:
        holder.pop(key, None)
    try:
        return [*service_checks.unknown_words(Settings.model_validate_json(json.dumps(document)))]
    except ValidationError:
        return []


class _Constructor(SafeConstructor):
    """Constructor with line numbers in its errors."""

    def construct_object(self, node: Node, deep: bool = False) -> Any:
        try:
            return super().construct_object(node, deep)
        except (KeyError, ValueError):
            problem = f"{shown(node.value)} is not a valid {str(node.tag).rpartition(':')[2]}"
            raise ConstructorError(problem=problem, problem_mark=node.start_mark) from None


# No setting is a date.
_Constructor.add_constructor("tag:yaml.org,2002:timestamp", SafeConstructor.construct_yaml_str)


def _json(text: str, source: Path) -> bytes:
    """YAML 1.2 as JSON. Of JSON, pydantic checks types strictly and accepts arrays as tuples."""
    yaml = YAML(typ="safe", pure=True)
    yaml.Constructor = _Constructor
    yaml.max_depth = DEEPEST
    yaml.composer.warn_double_anchors = False  # YAML allows duplicate anchors
    try:
        document = yaml.load(text)
        if _values(document, {}) > MOST_VALUES:
            raise ValueError(f"its aliases expand to more than {MOST_VALUES} values")
        encoded = json.dumps(document, ensure_ascii=False).encode()
    except YAMLError as error:
        raise _error(source, [_syntax(error)]) from None
    except (AssertionError, KeyError, TypeError, ValueError, RecursionError) as error:
        raise _unreadable(
            source,
            f"this is more than plain YAML: {error}",
            "Remove directives, tags, complex keys and recursive aliases.",
        ) from None
    if not isinstance(document, dict):
        wrong = "the content is no mapping of keys to values"
        raise _unreadable(source, wrong, "Write lines of `key: value`.")
    return encoded


def _values(node: object, counted: dict[int, int]) -> int:
    """Count the values in a document with expanded aliases. Before, an alias is one object."""
    if not isinstance(node, dict | list):
        return 1
    if id(node) not in counted:
        counted[id(node)] = 0  # the encoder rejects recursive aliases
        parts = node.values() if isinstance(node, dict) else node
        counted[id(node)] = 1 + sum(_values(part, counted) for part in parts)
    return counted[id(node)]


def _read(path: Path) -> Settings:
    return parse(_text(path), source=path)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        wrong = f"is missing in {path.parent}"
        raise _unreadable(path, wrong, "Create it, or run the command in its folder.") from None
    except (OSError, UnicodeDecodeError) as error:
        wrong = f"cannot be read: {error}"
        raise _unreadable(path, wrong, "Check its permissions, and that it is UTF-8.") from None


def _syntax(error: YAMLError) -> Problem:
    """Problem of a text that is not YAML, without the excerpt, which some terminals cannot show."""
    mark = getattr(error, "problem_mark", None)
    place = f" in line {mark.line + 1}, column {mark.column + 1}" if mark else ""
    reason = getattr(error, "problem", None) or getattr(error, "reason", None)
    found = str(reason or "it cannot be read")
    found = found.partition(", if necessary")[0] if found.isprintable() else ascii(found)
    if isinstance(error, DuplicateKeyError):
        return Problem(
            "file",
            f"{found.partition(' with value')[0].removeprefix('found ')}{place}",
            "Remove the duplicate.",
        )
    return Problem("file", f"this is not YAML: {found}{place}", "Correct the syntax.")


def _unreadable(path: Path, wrong: str, advice: str) -> SettingsError:
    return _error(path, [Problem("file", wrong, advice)])


def _error(path: Path, problems: Iterable[Problem]) -> SettingsError:
    different = list(dict.fromkeys(problems))
    if len(different) > MOST_PROBLEMS:
        rest = Problem(
            "file",
            f"{len(different) - MOST_PROBLEMS} more problems were found",
            "Correct these first.",
        )
        different = [*different[:MOST_PROBLEMS], rest]
    return SettingsError("\n".join(_located(path, problem) for problem in different))


def _located(path: Path, problem: Problem) -> str:
    return f"{path.parent.name}/{path.name}: {problem.key}: {problem.wrong}.\n  {problem.advice}"
