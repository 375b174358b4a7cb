"""The real tests as judges: pytest collects them once, and asks them about one broken environment after the other."""

import gc
import os
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from functools import partial
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkContext, ForkProcess
from pathlib import Path
from typing import NoReturn
from unittest.mock import patch

import pytest
from _pytest.runner import runtestprotocol
from jsii._kernel.providers.process import _NodeProcess

from spotmusic_cdk.settings import Settings, load
from tests import conftest, helm_values
from tests.mutants.assemblies import ENVIRONMENTS, Assemblies, settings_with
from tests.mutants.fault import Mutant, SettingsFault, Verdict
from tests.mutants.seed import discard

ENOUGH = 3
"""Tests that have to find a mutant of the catalogue before the others are spared it."""
SLOW = 20
"""Of how many tests the slowest one is asked only what the others did not find."""
STAGES = ("tests/properties/", "tests/", "tests/charts/", "tests/policies/")
"""Folders in the order in which they are asked; the next is asked only about what the one before did not find."""
QUICK, LAST = (0, 1, 2), (3,)
"""Stages by their numbers: cfn-lint takes as long as all the others, and is asked only about what is left."""
NO_JUDGES = {
    "tests/stacks/test_snapshots.py": "tells any change from none, and says nothing of what is wrong",
    "a_synthesis_without_network_or_credentials_is_the_same_to_the_byte": "synthesizes again, and compares",
    "tests/policies/test_nag.py": "reads a report that was written before the fault was put in",
    "tests/charts/test_seeded_faults.py": "breaks an environment of its own",
    "is_found": "the same, in tests named so",
    "tests/mutants/": "judges the catalogue",
    "test_contract_names_every_variable": "makes constructs, which forks may not",
    "every chart": "renders charts of repositories, which takes longer than all the rest",
}
"""Tests that look at an environment and are not asked, with the reason."""
NO_JUDGES_OF_CHANCE = {
    **NO_JUDGES,
    "tests/stacks/test_last_release.py": "tells any change of what holds data from none",
    "tests/policies/": "is cfn-lint, which CloudFormation would say itself",
}
"""Tests that are not asked about faults drawn at random: these have to be caught by a test that knows what is wrong."""
PATIENCE = 1_800.0
"""Seconds without an answer after which `make mutants` gives up. One that every test is asked about takes some minutes on two cores."""
SCHEMA = "ValueError: Error: values don't meet the specifications of the schema"
"""What Helm says where the schema of a chart refuses its values, in whichever test renders it first."""


@dataclass
class Answer:
    """What the tests said of one environment.

    Args:
        failed: tests that found something, by their ids.
        crashed: tests that ended in an error which says nothing of any promise.
        seconds: how long each took.
    """

    failed: list[str] = field(default_factory=list)
    crashed: list[str] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)


@dataclass
class Judges:
    """A pytest plugin that keeps the tests that look at an environment, and asks them about each mutant in a process of its own.

    Args:
        assemblies: what was synthesized.
        mutants: what is to be judged.
        tell: called with each verdict, as they come.
        excused: tests that are not asked, with the reason.
        enough: tests that have to find a mutant before the others are spared it.
    """

    assemblies: Assemblies
    mutants: Sequence[Mutant]
    tell: Callable[[Verdict], None]
    excused: Mapping[str, str] = field(default_factory=lambda: NO_JUDGES)
    enough: int = ENOUGH
    failing_already: set[str] = field(default_factory=set)
    _items: list[pytest.Item] = field(default_factory=list)
    _seconds: dict[str, float] = field(default_factory=dict)
    _slow: set[pytest.Item] = field(default_factory=set)
    _found: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    _stumbled: dict[int, list[str]] = field(default_factory=lambda: defaultdict(list))
    _written: list[Path] = field(default_factory=list)

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items[:] = [item for item in items if looks_at_an_environment(item, self.excused)]
        self._items = items

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        # What every process needs is made before they part: the folder for theirs, and Helm, unpacked.
        session.config._tmp_path_factory.getbasetemp()  # type: ignore[attr-defined]
        for environment in ENVIRONMENTS:
            helm_values.helm_of(conftest.settings_of(environment).kubernetes.version)
        left = list(self.mutants)
        for stages in (QUICK, LAST):
            if any(stage_of(item) in stages for item in self._items):
                left = self._judged(left, stages)
        for mutant in left:
            self.tell(Verdict(mutant=mutant, crashes=names(self._stumbled[id(mutant)])))
        return True

    def _judged(self, mutants: Sequence[Mutant], stages: Sequence[int]) -> list[Mutant]:
        """Asks the tests of some stages, and returns the mutants that none of them found.

        The first they are asked about is what is not broken: in this process, so that what they read from the repository is read for all.
        """
        if not mutants:
            return []
        for environment in sorted({mutant.fault.environment for mutant in mutants}):
            for stage in stages:
                answer = self._original(environment, stage)
                self._seconds |= answer.seconds
                self.failing_already |= {*answer.failed, *answer.crashed}
        longest = sorted(self._seconds.values())[-len(self._seconds) // SLOW :]
        self._slow = {item for item in self._items if "deployed" in fixtures_of(item) or self._seconds.get(item.nodeid, 0) >= longest[0]}
        gc.collect()
        gc.freeze()
        left = []
        for number, answer in in_processes(self._task(mutant, stages) for mutant in mutants):
            mutant = mutants[number]
            self._stumbled[id(mutant)] += answer.crashed
            if answer.failed:
                found = self._found[mutant.fault.name]
                found += [test for test in answer.failed if test not in found]
                self.tell(Verdict(mutant=mutant, caught_by=names(answer.failed)))
            else:
                left.append(mutant)
        return left

    def _original(self, environment: str, stage: int) -> Answer:
        self._stand_in(None)
        return self._ask([item for item in self._items if stage_of(item) == stage and concerns(item, environment)])

    def _task(self, mutant: Mutant, stages: Sequence[int]) -> Callable[[], Answer]:
        """Knows when it is made which tests have found the same fault elsewhere: these are asked first."""
        return partial(self._judge, mutant, tuple(self._found[mutant.fault.name]), stages)

    def _judge(self, mutant: Mutant, likely: tuple[str, ...], stages: Sequence[int]) -> Answer:
        self._stand_in(mutant)
        try:
            return self._asked_by_stages(mutant, likely, stages)
        finally:
            for outdir in self._written:
                discard(outdir)

    def _asked_by_stages(self, mutant: Mutant, likely: tuple[str, ...], stages: Sequence[int]) -> Answer:
        fit = [item for item in self._items if concerns(item, mutant.fault.environment) and item.nodeid not in self.failing_already]
        groups = [[item for item in fit if item.nodeid in likely]]
        for stage in stages:
            of_it = [item for item in fit if stage_of(item) == stage]
            groups += [[item for item in of_it if item not in self._slow], [item for item in of_it if item in self._slow]]
        crashed: list[str] = []
        for items in groups:
            answer = self._ask(items, enough=self.enough)
            crashed += answer.crashed
            if answer.failed:
                return Answer(failed=answer.failed, crashed=crashed)
        return Answer(crashed=crashed)

    def _stand_in(self, mutant: Mutant | None) -> None:
        """Takes the place of the synthesis that the fixtures would start."""
        conftest.synthesize = partial(self._hand_over, mutant)
        if mutant and isinstance(mutant.fault, SettingsFault):
            fault = mutant.fault
            changed = {fault.environment: settings_with(fault)}
            vars(conftest)["load"] = lambda name, **where: changed.get(name) or load(name, **where)
            conftest.settings_of.cache_clear()

    def _hand_over(self, mutant: Mutant | None, settings: Settings, *, outdir: Path) -> None:
        self._written.append(outdir)
        self.assemblies.hand_over(mutant, settings, outdir)

    def _ask(self, items: Sequence[pytest.Item], *, enough: int | None = None) -> Answer:
        answer = Answer()
        for item, following in zip(items, [*items[1:], None], strict=False):
            reports = runtestprotocol(item, log=False, nextitem=following)
            answer.seconds[item.nodeid] = sum(report.duration for report in reports)
            failures = [report for report in reports if report.failed]
            if failures:
                (answer.failed if any(map(is_verdict, failures)) else answer.crashed).append(item.nodeid)
            if enough and len(answer.failed) >= enough:
                break
        return answer


def looks_at_an_environment(item: pytest.Item, excused: Collection[str] = NO_JUDGES) -> bool:
    """Tells whether a test is asked: it reads what was synthesized, and nothing speaks against it."""
    return "synthesized" in fixtures_of(item) and not any(name in item.nodeid for name in excused)


def fixtures_of(item: pytest.Item) -> Sequence[str]:
    return getattr(item, "fixturenames", ())


def concerns(item: pytest.Item, environment: str) -> bool:
    """Tells whether a test is about an environment, or about none in particular."""
    callspec = getattr(item, "callspec", None)
    parameters = callspec.params if callspec else {}
    version = conftest.settings_of(environment).kubernetes.version
    named = {value for value in parameters.values() if isinstance(value, str) and value.startswith(ENVIRONMENTS)}
    return (not named or environment in named) and parameters.get("kubernetes", version) == version


def stage_of(item: pytest.Item) -> int:
    """Stage of the innermost of the folders that a test is in."""
    return max((len(folder), number) for number, folder in enumerate(STAGES) if item.nodeid.startswith(folder))[1]


def is_verdict(report: pytest.TestReport) -> bool:
    """Tells a test that said no, or a chart whose schema did, from a test that stumbled over what is missing."""
    crash = getattr(report.longrepr, "reprcrash", None)
    return crash is None or crash.message.startswith(("AssertionError", "assert ", "Failed", SCHEMA))


def names(tests: Sequence[str]) -> list[str]:
    """Names of test functions, each once."""
    return list(dict.fromkeys(test.split("::")[-1].partition("[")[0] for test in tests))


def in_processes(tasks: Iterator[Callable[[], Answer]], *, patience: float = PATIENCE) -> Iterator[tuple[int, Answer]]:
    """Does each task in a copy of this process, as many at a time as there are cores, and yields answers as they come.

    Args:
        tasks: what is done. None may call CDK: jsii has one Node process, whose answers two forks would take from each other.
        patience: seconds without any answer until all that runs is killed.

    Raises:
        RuntimeError: a task ended without an answer, or none came in time.
    """
    forks = get_context("fork")
    running: dict[Connection, int] = {}
    processes: dict[Connection, ForkProcess] = {}
    try:
        yield from _answers(tasks, forks, running, processes, patience)
    finally:
        for receiver in running:
            processes[receiver].kill()
            processes[receiver].join()


def _answers(
    tasks: Iterator[Callable[[], Answer]],
    forks: ForkContext,
    running: dict[Connection, int],
    processes: dict[Connection, ForkProcess],
    patience: float,
) -> Iterator[tuple[int, Answer]]:
    numbered = enumerate(tasks)
    while True:
        while len(running) < (os.cpu_count() or 1) and (following := next(numbered, None)):
            number, task = following
            receiver, sender = forks.Pipe(duplex=False)
            process = forks.Process(target=_answered, args=(task, sender))
            process.start()
            sender.close()
            running[receiver], processes[receiver] = number, process
        if not running:
            return
        ended = wait(list(running), timeout=patience)
        if not ended:
            raise RuntimeError(f"tasks {sorted(running.values())}: no answer for {patience:.0f} s")
        for ready in [receiver for receiver in running if receiver in ended]:
            number = running.pop(ready)
            answer = _received(ready)
            if isinstance(answer, str):
                raise RuntimeError(f"task {number}: {answer}")
            yield number, answer


def _received(receiver: Connection) -> Answer | str:
    try:
        answer: Answer | str = receiver.recv()
    except EOFError:
        return "it ended without a word"
    return answer


def _refuse_jsii(*_arguments: object) -> NoReturn:
    raise RuntimeError("a fork can not call CDK: ask it where the module is loaded")


def _answered(task: Callable[[], Answer], sender: Connection) -> None:
    patch.object(_NodeProcess, "send", _refuse_jsii).start()
    with open(os.devnull, "w") as nowhere, redirect_stdout(nowhere), redirect_stderr(nowhere):  # noqa: PTH123
        try:
            answer: Answer | str = task()
        except Exception as error:
            answer = f"{type(error).__name__}: {error}"
    sender.send(answer)
    sender.close()
