"""Tests of the project as judges: pytest collects them once and runs them per mutant in a fork."""

import gc
import inspect
import os
import re
import shutil
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from functools import cache, partial
from multiprocessing import get_context
from pathlib import Path
from types import FunctionType, ModuleType
from typing import NoReturn
from unittest.mock import patch

import pytest
from _pytest.runner import runtestprotocol
from jsii._kernel.providers.process import _NodeProcess

from spotmusic_cdk.settings import Settings
from tools import checkout
from tools.model import templates
from tools.mutants.assembly import Assembly, Mutant, Verdict
from tools.supply_chain.kubectl_layer import program

NO_JUDGES = {
    "tests/stacks/test_snapshots.py": "detects any change",
    "test_p131": "synthesizes again",
    "test_scale_document_is_current": "synthesizes the planned sizes",
    "tests/stacks/test_changes.py": "compares an environment with itself or with another synthesis",
    "tests/policies/test_nag.py": "reads a report that was written before the fault",
    "is_found": "breaks an environment of its own",
    "tests/mutants/": "tests the table of faults",
    "tests/page/": "judges the promises once more, each of which is a judge here",
    "test_contract_names_every_variable": "creates constructs, which forks may not",
    "every chart": "renders upstream charts, which takes longer than all the rest",
}
"""Tests that read an environment but do not run, with the reason."""
LINT = "tests/policies/"
"""Folder of cfn-lint, which takes as long as all other tests.

It runs only for mutants that the other tests do not catch.
"""
NO_JUDGES_AT_RANDOM = (LINT, "tests/stacks/test_last_release.py")
"""Tests that do not run for random faults, which a test for the specific mistake must catch."""
SCHEMA = "ValueError: Error: values don't meet the specifications of the schema"
"""Helm's message for values that violate a chart's schema."""

WORD = re.compile(r"[A-Z][\w:]+")
"""Resource type, property or value in the name of a fault or in the source of a test."""

MUTANTS_OF_A_FORK = 10
"""Mutants per fork, because a fork takes as long as the tests of one mutant."""

PATIENCE_SECONDS = 1_800.0
"""Seconds without a verdict until the run is aborted; a surviving mutant takes some minutes."""


@dataclass
class Answer:
    """Results of the tests for one environment.

    Args:
        failed: ids of the tests that found the fault.
        crashed: ids of the tests that ended in an unrelated error.
        seconds: duration of each test.
    """

    failed: list[str] = field(default_factory=list)
    crashed: list[str] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)


@dataclass
class Judges:
    """pytest plugin that runs the tests of synthesized environments on mutants.

    Args:
        originals: assembly by environment.
        mutants: mutants to test.
        report: callback for each verdict.
        excluded: prefixes of the ids of further tests that do not run.
    """

    originals: Mapping[str, Assembly]
    mutants: Sequence[Mutant]
    report: Callable[[Verdict], None]
    excluded: tuple[str, ...] = ()
    failing_already: set[str] = field(default_factory=set)
    _items: list[pytest.Function] = field(default_factory=list)
    _fit: dict[str, list[pytest.Function]] = field(default_factory=dict)
    _seconds: dict[str, float] = field(default_factory=dict)
    _catches: Counter[tuple[str, str]] = field(default_factory=Counter)

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Select the judges."""
        items[:] = [
            item for item in items if judges(item) and not item.nodeid.startswith(self.excluded)
        ]
        self._items = [item for item in items if isinstance(item, pytest.Function)]

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Run the judges on every mutant instead of pytest's loop."""
        # Each fork uses the folder of temporary files and Helm.
        session.config._tmp_path_factory.getbasetemp()  # type: ignore[attr-defined]
        for original in self.originals.values():
            program("helm", kubernetes=original.settings.kubernetes.version)
        self._ask_originals()
        gc.collect()
        gc.freeze()
        with get_context("fork").Pool(
            initializer=_in_a_fork, initargs=(self,), maxtasksperchild=MUTANTS_OF_A_FORK
        ) as forks:
            answers = forks.imap_unordered(_answer, range(len(self.mutants)))
            for _ in self.mutants:
                number, answer = answers.next(timeout=PATIENCE_SECONDS)
                mutant = self.mutants[number]
                self.learn(mutant, answer)
                caught_by, crashes = map(name, answer.failed), map(name, answer.crashed)
                self.report(Verdict(mutant, [*caught_by], [*dict.fromkeys(crashes)]))
        return True

    def _ask_originals(self) -> None:
        """Run all tests on the originals in this process, to fill the caches that forks share."""
        checkout.synthesize = partial(self._hand_over, None)
        vars(templates)["read"] = cache(templates.read)  # few templates of a mutant differ
        environments = {mutant.environment for mutant in self.mutants}
        answer = self._ask(
            [item for item in self._items if any(concerns(item, of) for of in environments)]
        )
        self._seconds = answer.seconds
        self.failing_already = {*answer.failed, *answer.crashed}
        left = [item for item in self._items if item.nodeid not in self.failing_already]
        self._fit = {of: [item for item in left if concerns(item, of)] for of in environments}
        for code in {code for item in left for code in (item.module, item.function)}:
            words_of(code)

    def learn(self, mutant: Mutant, answer: Answer) -> None:
        """Count the mutants that each test catches."""
        for test in map(name, answer.failed):
            self._catches.update([("", test), (mutant.of, test), (mutant.fault, test)])

    def judge(self, mutant: Mutant) -> Answer:
        """Run the tests on a mutant until one catches it: the named one first, cfn-lint last.

        The others are ordered by relevance: first those that caught the fault elsewhere, then by
        caught mutants of the type or any, and by words of the fault in their file and function.
        """
        words = {*WORD.findall(mutant.fault)}

        def order(item: pytest.Function) -> tuple[bool, bool, int, float, float]:
            test = name(item.nodeid)
            shared = len(words & words_of(item.module)) + len(words & words_of(item.function))
            relevance = shared + self._catches[mutant.of, test] + self._catches["", test] / 4
            slow = item.nodeid.startswith(LINT)
            return (
                not is_named(mutant, item),
                slow,
                -self._catches[mutant.fault, test],
                -relevance,
                self._seconds[item.nodeid],
            )

        written: list[Path] = []
        checkout.synthesize = partial(self._hand_over, mutant, written=written)
        settings = mutant.assembly.settings
        changed = settings is not self.originals[settings.name].settings
        try:
            with checkout.loading(settings) if changed else nullcontext():
                items = sorted(self._fit[mutant.environment], key=order)
                return self._ask(items, until_failure=True)
        finally:
            for outdir in written:
                shutil.rmtree(outdir)

    def _hand_over(
        self,
        mutant: Mutant | None,
        settings: Settings,
        *,
        outdir: Path,
        written: list[Path] | None = None,
        **_options: object,
    ) -> None:
        """Replace a synthesis: return the mutant or, for other environments, the originals."""
        if mutant and mutant.environment == settings.name:
            mutant.assembly.write(outdir, mutant.files())
        else:
            self.originals[settings.name].write(outdir, {})
        if written is not None:
            written.append(outdir)

    def _ask(self, items: Sequence[pytest.Function], *, until_failure: bool = False) -> Answer:
        answer = Answer()
        for item, following in zip(items, [*items[1:], None], strict=True):
            with (
                Path(os.devnull).open("w") as nowhere,
                redirect_stdout(nowhere),
                redirect_stderr(nowhere),
            ):
                reports = runtestprotocol(item, log=False, nextitem=following)
            answer.seconds[item.nodeid] = sum(report.duration for report in reports)
            failures = [report for report in reports if report.failed]
            if any(map(is_verdict, failures)):
                answer.failed.append(item.nodeid)
            elif failures:
                answer.crashed.append(item.nodeid)
            if answer.failed and until_failure:
                # The next mutant has its own fixtures.
                item.session._setupstate.teardown_exact(None)
                break
        return answer


_judges: Judges
"""Judges of this process, if it is a fork; they cannot be pickled."""


def _in_a_fork(judges: Judges) -> None:
    """Prepare a fork, which must not call CDK.

    jsii has one Node.js process, and two forks would read each other's responses.
    """
    global _judges  # noqa: PLW0603
    _judges = judges
    patch.object(_NodeProcess, "send", _refuse_jsii).start()


def _answer(number: int) -> tuple[int, Answer]:
    mutant = _judges.mutants[number]
    answer = _judges.judge(mutant)
    _judges.learn(mutant, answer)
    return number, answer


def _refuse_jsii(*_arguments: object) -> NoReturn:
    raise RuntimeError("a fork can't call CDK. Call it when the module is loaded")


def judges(item: pytest.Item) -> bool:
    """Return whether a test reads a synthesized environment and is not excluded."""
    return "synthesized" in getattr(item, "fixturenames", ()) and not any(
        of in item.nodeid for of in NO_JUDGES
    )


@cache
def words_of(code: ModuleType | FunctionType) -> frozenset[str]:
    """Return the words in the source of a test or of its file."""
    return frozenset(WORD.findall(inspect.getsource(code)))


def is_named(mutant: Mutant, item: pytest.Item) -> bool:
    """Return whether a test must catch a mutant."""
    return bool(mutant.by) and name(item.nodeid).startswith(mutant.by)


def concerns(item: pytest.Item, environment: str) -> bool:
    """Return whether a test is for this environment or for none in particular."""
    callspec = getattr(item, "callspec", None)
    parameters = callspec.params if callspec else {}
    version = checkout.settings_of(environment).kubernetes.version
    environments = ("dev", "staging", "prod")
    named = {
        of for of in parameters.values() if isinstance(of, str) and of.startswith(environments)
    }
    return (not named or environment in named) and parameters.get("kubernetes", version) == version


def is_verdict(report: pytest.TestReport) -> bool:
    """Return whether a failure is an assertion or a violation of a chart's schema."""
    crash = getattr(report.longrepr, "reprcrash", None)
    return crash is None or crash.message.startswith(
        ("AssertionError", "assert ", "Failed", SCHEMA)
    )


def name(test: str) -> str:
    """Return the name of a test function without file and parameters."""
    return test.rsplit("::", maxsplit=1)[-1].partition("[")[0]
