"""From an environment file to Settings, or to one clear error."""

import json
import warnings
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta
from pathlib import Path

from pydantic import ValidationError

from spotmusic_cdk import versions
from spotmusic_cdk.settings.delivery_cost import budget_warnings
from spotmusic_cdk.settings.environment import Settings, overlapping
from spotmusic_cdk.settings.explanation import explained
from spotmusic_cdk.settings.problem import Problem, shown
from spotmusic_cdk.settings.regional_checks import zone_warnings
from spotmusic_cdk.settings.text import TextError, document_of

UPGRADE_DAYS = 90
"""Days before the end of standard support at which an upgrade of Kubernetes has to be planned."""


class SettingsError(Exception):
    """An environment file cannot be used: the message names the file, the key, what is wrong and what to do."""


class SettingsWarning(UserWarning):
    """An environment file can be used, but something in it will not work for much longer, or not everywhere."""


def load(environment: str, *, folder: Path, today: date, clock: date | None = None) -> Settings:
    """Reads `<environment>.yaml` and checks it, also against the other environments beside it.

    Args:
        environment: name of the environment, the file's name without its ending.
        folder: folder of the environment files.
        today: date from which an engine without standard support is refused.
        clock: date from which it is warned of; never when left out.

    Raises:
        SettingsError: the file is missing or says something that cannot be deployed.
    """
    path = folder / f"{environment}.yaml"
    known = sorted(file.stem for file in folder.glob("*.yaml"))
    if environment not in known:
        advice = f"Choose one of {', '.join(known)} (-c env=NAME), or write {path}."
        raise SettingsError(f"{path.name}: there is no environment {shown(environment)}.\n  {advice}")
    settings = _validated(path)
    others = [_validated(folder / f"{name}.yaml") for name in known if name != environment]
    problems = [
        *_name_problems(settings, path),
        *_overlap_problems(settings, others),
        *_domain_problems(settings, others),
        *_scanning_problems(settings, others),
        *_support_problems(settings, today),
        *_prefix_list_problems(settings),
    ]
    if problems:
        raise _error(path, problems)
    since = [] if clock is None else [str(problem) for problem in _support_problems(settings, clock)]
    for warning in (
        *_support_warnings(settings, clock or today),
        *since,
        *map(str, (*zone_warnings(settings), *budget_warnings(settings), *_link_warnings(settings))),
    ):
        warnings.warn(_located(path, warning), SettingsWarning, stacklevel=2)
    return settings


def parse(text: str, *, source: Path) -> Settings:
    """Turns the text of one environment file into Settings, without looking at its neighbours.

    Raises:
        SettingsError: the text is not YAML or not a valid environment.
    """
    try:
        document = document_of(text)
        # JSON is strict about types and knows arrays only, so that a list in the file becomes a tuple in the model.
        return Settings.model_validate_json(json.dumps(document, default=str))
    except TextError as error:
        raise SettingsError(_located(source, str(error))) from None
    except ValidationError as error:
        raise _error(source, explained(error)) from None


def _validated(path: Path) -> Settings:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        wrong = f"the file cannot be read: {error}. Check its permissions, and that it is UTF-8."
        raise SettingsError(_located(path, wrong)) from None
    return parse(text, source=path)


def _error(path: Path, problems: Iterable[Problem]) -> SettingsError:
    return SettingsError("\n".join(_located(path, str(problem)) for problem in problems))


def _located(path: Path, problem: str) -> str:
    what, _, advice = problem.rpartition(". ")
    return f"{path.parent.name}/{path.name}: {what}.\n  {advice}"


def _name_problems(settings: Settings, path: Path) -> Iterator[Problem]:
    if settings.name != path.stem:
        yield Problem("name", f"{settings.name} is not the file's name", f"Write name: {path.stem}, or rename the file.")


def _overlap_problems(settings: Settings, others: list[Settings]) -> Iterator[Problem]:
    for other in others:
        if overlapping(settings, other):
            wrong = f"{settings.network.cidr} overlaps {other.network.cidr} of {other.name}"
            yield Problem("network.cidr", wrong, "Choose ranges apart, so that they can be connected.")


def _domain_problems(settings: Settings, others: list[Settings]) -> Iterator[Problem]:
    """Find environments that would each take one domain, of which CloudFront and Route 53 refuse the second when all else stands."""
    for other in others:
        if settings.domain and other.domain and settings.domain.name == other.domain.name:
            yield Problem("domain.name", f"{settings.domain.name} belongs to {other.name}", "Give each environment a domain of its own.")


def _scanning_problems(settings: Settings, others: list[Settings]) -> Iterator[Problem]:
    """Find environments that would each own the one scanning configuration of an account and region."""
    here = (settings.account, settings.region)
    for other in others:
        if (
            settings.account
            and here == (other.account, other.region)
            and settings.registry.account_scanning
            and other.registry.account_scanning
        ):
            wrong = f"{other.name} owns the registry scanning of account {settings.account} in {settings.region} as well"
            yield Problem("registry.account_scanning", wrong, "Set it to false in one of the two, or give each its own account.")


def _support_problems(settings: Settings, today: date) -> Iterator[Problem]:
    if settings.kubernetes.version not in versions.KUBERNETES:
        wrong = f"{settings.kubernetes.version} has no pinned kubectl layer"
        yield Problem("kubernetes.version", wrong, f"Use one of {', '.join(versions.KUBERNETES)}.")
    data = settings.data
    for key, database in (("catalogue", data.catalogue), ("identity", data.identity)):
        yield from _unsupported(f"data.{key}.version", f"MySQL {database.version}", versions.MYSQL, today)
        yield from _unreleased(f"data.{key}.version", database.version)
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
    advice = f"Use {choices}." if choices else "Update the project, or add a newer version to spotmusic_cdk/versions.py."
    if release not in known:
        yield Problem(key, f"{engine} is not one that this project knows", advice)
    elif known[release].has_ended(today):
        yield Problem(key, f"standard support of {engine} ended on {known[release].standard_until}", advice)


def _unreleased(key: str, version: str) -> Iterator[Problem]:
    release, _, number = version.rpartition(".")
    if release in versions.MYSQL and number not in (known := versions.MYSQL_RELEASES[release].split()):
        wrong = f"MySQL {version} is no release of RDS that this project knows"
        yield Problem(key, wrong, f"Use {release}.{known[-1]}, or add it to MYSQL_RELEASES in spotmusic_cdk/versions.py.")


def _link_warnings(settings: Settings) -> Iterator[Problem]:
    if settings.production and settings.observability.runbooks_url is None:
        advice = "Give the address of docs/runbooks as a browser opens it."
        yield Problem(
            "observability.runbooks_url", "alarms of production end with a path in the repository, not with a link that opens", advice
        )


def _support_warnings(settings: Settings, today: date) -> Iterator[str]:
    version = settings.kubernetes.version
    support = versions.KUBERNETES[version]
    if support.created_until and support.created_until < today:
        wrong = f"EKS stopped creating {version} clusters on {support.created_until}"
        yield f"kubernetes.version: {wrong}. Use {max(versions.KUBERNETES)} unless your partition or emulator still takes it."
    elif support.standard_until and support.standard_until - today < timedelta(days=UPGRADE_DAYS):
        verb = "ended" if support.has_ended(today) else "ends"
        wrong = f"standard support of {version} {verb} on {support.standard_until}, after which EKS upgrades the cluster by itself"
        yield f"kubernetes.version: {wrong}. Go to the next version before (docs/upgrades.md)."
