"""From an environment file to Settings, or to one clear error."""

import json
import warnings
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from spotmusic_cdk import versions
from spotmusic_cdk.settings.checks import Problem
from spotmusic_cdk.settings.environment import Settings, overlapping


class SettingsError(Exception):
    """An environment file cannot be used: the message names the file, the key, what is wrong and what to do."""


class SettingsWarning(UserWarning):
    """An environment file can be used, but something in it will not work for much longer, or not everywhere."""


def load(environment: str, *, folder: Path, today: date) -> Settings:
    """Reads `<environment>.yaml` and checks it, also against the other environments beside it.

    Args:
        environment: name of the environment, the file's name without its ending.
        folder: folder of the environment files.
        today: date against which the end of support of engines is judged.

    Raises:
        SettingsError: the file is missing or says something that cannot be deployed.
    """
    path = folder / f"{environment}.yaml"
    known = sorted(file.stem for file in folder.glob("*.yaml"))
    if environment not in known:
        raise SettingsError(
            f"{path.name}: there is no environment {environment!r}.\n  Choose one of {', '.join(known)} (-c env=NAME), or write {path}."
        )
    settings = _validated(path)
    others = [_validated(folder / f"{name}.yaml") for name in known if name != environment]
    problems = [
        *_name_problems(settings, path),
        *_overlap_problems(settings, others),
        *_support_problems(settings, today),
        *_prefix_list_problems(settings),
    ]
    if problems:
        raise _error(path, map(str, problems))
    for warning in _support_warnings(settings, today):
        warnings.warn(_located(path, warning), SettingsWarning, stacklevel=2)
    return settings


def parse(text: str, *, source: Path) -> Settings:
    """Turns the text of one environment file into Settings, without looking at its neighbours.

    Raises:
        SettingsError: the text is not YAML or not a valid environment.
    """
    try:
        document = yaml.load(text, _UniqueKeyLoader)  # noqa: S506 - a SafeLoader
    except yaml.YAMLError as error:
        raise _error(source, [f"this is not YAML: {' '.join(str(error).split())}. Correct the syntax."]) from None
    if not isinstance(document, dict):
        raise _error(source, ["an environment is a mapping of keys to values. Start from environments/dev.yaml."])
    try:
        # JSON is strict about types and knows arrays only, so that a list in the file becomes a tuple in the model.
        return Settings.model_validate_json(json.dumps(document, default=str))
    except ValidationError as error:
        raise _error(source, [problem for details in error.errors() for problem in _explained(details)]) from None


def _validated(path: Path) -> Settings:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise _error(path, [f"the file cannot be read: {error}. Check its permissions and that it is UTF-8."]) from None
    return parse(text, source=path)


def _error(path: Path, problems: Iterable[str]) -> SettingsError:
    return SettingsError("\n".join(_located(path, problem) for problem in problems))


def _located(path: Path, problem: str) -> str:
    what, separator, advice = problem.partition(". ")
    shown = f"{path.parent.name}/{path.name}: {what}"
    return f"{shown}.\n  {advice}" if separator else shown


class _UniqueKeyLoader(yaml.SafeLoader):
    """YAML that takes no key twice: the second would silently win."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key_node, _ in node.value:
            key = str(self.construct_object(key_node, deep=True))
            if key in seen:
                raise yaml.constructor.ConstructorError(None, None, f"key {key!r} stands there twice", key_node.start_mark)
            seen.add(key)
        return super().construct_mapping(node, deep)


def _explained(details: ErrorDetails) -> Iterator[str]:
    """Words one finding of pydantic as key, what is wrong, and what to do."""
    location = [str(part) for part in details["loc"] if part != "[key]"]
    key = ".".join(location)
    match details["type"]:
        case "extra_forbidden":
            yield f"{key}: unknown key. {_known_keys(location)}"
        case "missing":
            yield f"{key}: required key is missing. Add it; environments/schema.json tells what it takes."
        case "string_type":
            yield f"{key}: {details['input']!r} is not text. Put it in quotes."
        case "json_invalid" | "json_type":
            yield f"{key or 'file'}: {details['msg']}. Correct it."
        case "value_error":
            yield from (_keyed(key, line) for line in str(details["ctx"]["error"]).splitlines())
        case _:
            wrong = details["msg"][0].lower() + details["msg"][1:]
            yield f"{key}: {details['input']!r} is refused: {wrong}. Correct it; environments/schema.json tells what it takes."


def _keyed(key: str, line: str) -> str:
    """Puts the section's key before a finding: with a dot where the finding names a key below it."""
    if not key:
        return line
    head = line.partition(": ")[0]
    return f"{key}.{line}" if head.replace("_", "").replace(".", "").isalnum() and ": " in line else f"{key}: {line}"


def _known_keys(location: list[str]) -> str:
    model: type[BaseModel] | None = Settings
    for part in location[:-1]:
        model = _submodel(model, part)
    known = sorted(model.model_fields) if model else []
    close = get_close_matches(location[-1], known, n=1)
    return f"Did you mean {close[0]}?" if close else f"Use one of {', '.join(known)}, or remove it."


def _submodel(model: type[BaseModel] | None, key: str) -> type[BaseModel] | None:
    if model is None:
        return None
    if key not in model.model_fields:  # a key of a dictionary, such as the name of a service: its model was taken already
        return model
    return next(
        (part for part in _parts(model.model_fields[key].annotation) if isinstance(part, type) and issubclass(part, BaseModel)), None
    )


def _parts(annotation: Any) -> Iterator[Any]:
    yield annotation
    for argument in getattr(annotation, "__args__", ()):
        yield from _parts(argument)


def _name_problems(settings: Settings, path: Path) -> Iterator[Problem]:
    if settings.name != path.stem:
        yield Problem("name", f"{settings.name} is not the file's name", f"Write name: {path.stem}, or rename the file.")


def _overlap_problems(settings: Settings, others: list[Settings]) -> Iterator[Problem]:
    for other in others:
        if overlapping(settings, other):
            wrong = f"{settings.network.cidr} overlaps {other.network.cidr} of {other.name}"
            yield Problem("network.cidr", wrong, "Choose ranges apart, so that they can be connected.")


def _support_problems(settings: Settings, today: date) -> Iterator[Problem]:
    if settings.kubernetes.version not in versions.KUBERNETES:
        wrong = f"{settings.kubernetes.version} has no pinned kubectl layer"
        yield Problem("kubernetes.version", wrong, f"Use one of {', '.join(versions.KUBERNETES)}.")
    data = settings.data
    for key, database in (("catalogue", data.catalogue), ("identity", data.identity)):
        yield from _unsupported(f"data.{key}.version", f"MySQL {database.version}", versions.MYSQL, today)
    cache = data.cache
    version = cache.version or versions.DEFAULT_CACHE_VERSION[cache.engine]
    yield from _unsupported("data.cache.version", f"{cache.engine} {version}", versions.CACHE[cache.engine], today)


def _prefix_list_problems(settings: Settings) -> Iterator[Problem]:
    if settings.edge.origin_prefix_list is None and settings.region not in versions.CLOUDFRONT_ORIGIN_PREFIX_LISTS:
        wrong = f"the id of CloudFront's origin-facing prefix list in {settings.region} is not known here"
        name = "com.amazonaws.global.cloudfront.origin-facing"
        command = f"aws ec2 describe-managed-prefix-lists --region {settings.region} --filters Name=prefix-list-name,Values={name}"
        yield Problem("edge.origin_prefix_list", wrong, f"Set it to what `{command}` answers.")


def _unsupported(key: str, engine: str, known: Mapping[str, versions.Support], today: date) -> Iterator[Problem]:
    """Judges an engine with its version, such as `MySQL 8.4.10`, by the first two numbers of the version."""
    release = ".".join(engine.rsplit(maxsplit=1)[-1].split(".")[:2])
    choices = ", ".join(name for name, support in known.items() if not support.has_ended(today))
    if release not in known:
        yield Problem(key, f"{engine} is not one that this project knows", f"Use {choices}.")
    elif known[release].has_ended(today):
        yield Problem(key, f"standard support of {engine} ended on {known[release].standard_until}", f"Use {choices}.")


def _support_warnings(settings: Settings, today: date) -> Iterator[str]:
    support = versions.KUBERNETES[settings.kubernetes.version]
    if support.created_until and support.created_until < today:
        wrong = f"EKS stopped creating {settings.kubernetes.version} clusters on {support.created_until}"
        yield f"kubernetes.version: {wrong}. Use {max(versions.KUBERNETES)} unless your partition or emulator still takes it."
