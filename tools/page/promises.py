"""Promises with their state on the templates of the page."""

import importlib
import inspect
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import Any

from tests.properties.deviations import DEVIATIONS
from tests.properties.promise import problems_of
from tools.documents.promises import TESTS, Promise, promises_of
from tools.model.assembly import Assembly
from tools.model.cluster import RenderedCluster

KEPT, DEVIATES, BROKEN, ELSEWHERE = "kept", "relaxed", "not kept", "make test"
"""States: kept; kept except for a declared deviation; broken; decided by `make test` only."""


@dataclass(frozen=True)
class PromiseState:
    """Promise with its state.

    Args:
        number: number of the promise.
        text: text of the promise.
        state: KEPT, DEVIATES, BROKEN or ELSEWHERE.
        reason: reason of a deviation, or findings.
    """

    number: int
    text: str
    state: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class Domain:
    """Promises of one subject.

    Args:
        title: subject of the promises.
        page: name of the document in docs/properties.
        promises: promises of the subject.
    """

    title: str
    page: str
    promises: list[PromiseState]


class _Unasked(tuple[Any, ...]):
    """Acknowledgements of the policy packs, which run in `make synth` and `make test` only."""

    def __iter__(self) -> Iterator[Any]:
        raise RuntimeError("The policy packs did not run. Use `make synth` or `make test`.")


def judged(platform: Assembly, cluster: RenderedCluster | None, assembly: Path) -> list[Domain]:
    """Check the promises that templates and manifests can decide.

    Args:
        platform: synthesized environment.
        cluster: manifests of the cluster; None if they could not be rendered.
        assembly: cloud assembly of the environment.
    """
    subject = replace(platform, acknowledged=_Unasked())
    fixtures: dict[str, Any] = {"platform": subject, "synthesized": lambda _: assembly}
    if cluster:
        fixtures |= {"cluster": cluster, "deployed": lambda _: cluster}
    domains = []
    for file in sorted(TESTS.glob("test_*.py")):
        title, promises = promises_of(file)
        if promises:
            module = importlib.import_module(f"tests.properties.{file.stem}")
            states = [_state(promise, module, subject.name, fixtures) for promise in promises]
            page = file.stem.removeprefix("test_")
            domains.append(Domain(title=title, page=page, promises=states))
    return sorted(domains, key=lambda domain: domain.promises[0].number)


def _state(
    promise: Promise, module: ModuleType, environment: str, fixtures: dict[str, Any]
) -> PromiseState:
    test = getattr(module, promise.test)
    verdict = _judge(test, promise.number, environment, fixtures)
    return PromiseState(promise.number, promise.text, *verdict)


def _judge(test: Any, number: int, environment: str, fixtures: dict[str, Any]) -> tuple[str, str]:
    verdicts = getattr(test, "__wrapped__", None)
    deviation = DEVIATIONS.get(number, {}).get(environment)
    if verdicts is None or set(names := inspect.signature(verdicts).parameters) - fixtures.keys():
        return ELSEWHERE, ""
    try:
        found = verdicts(**{name: fixtures[name] for name in names})
        problems = problems_of(environment, found, deviation)
    except Exception as error:  # such as a missing program; `make test` decides
        return ELSEWHERE, str(error)
    if problems:
        return BROKEN, "; ".join(problems)
    return (DEVIATES, deviation.reason) if deviation else (KEPT, "")
