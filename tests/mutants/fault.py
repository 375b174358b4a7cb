"""What a seeded fault is: where it is put, what it changes, and what would become of production."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.mutants.seed import Place, Seed

Change = Callable[[Place], None]


@dataclass(frozen=True)
class Fault:
    """One kind of fault, seeded once in each resource that fits.

    Args:
        name: what is wrong, in a few words.
        at: pattern of the resources that it is seeded in, by stack and logical id without its hash: `data/*Instance`.
        change: what is done to the resource.
        harm: what would happen in production, in one sentence.
        of: pattern of their type.
        has: property that they have to have.
        environment: environment that is broken.
        survives: why no test needs to catch it; empty when one has to. The reason of a fault that is caught is refused.
    """

    name: str
    at: str
    change: Change
    harm: str
    of: str = field(default="*", kw_only=True)
    has: str = field(default="", kw_only=True)
    environment: str = field(default="prod", kw_only=True)
    survives: str = field(default="", kw_only=True)

    def mutants(self, original: Seed) -> "Iterator[Mutant]":
        """Yields the fault once for each place in an environment."""
        for place in original.places(self.at, self.of):
            if self.has in ("", *place.resources[place.id].get("Properties", {})):
                yield Mutant(fault=self, place=place.name)

    def seed(self, seed: Seed, place: str) -> None:
        """Breaks the environment in one place.

        Raises:
            LookupError: there is no such place any more, or the fault changes nothing in it.
        """
        found = [candidate for candidate in seed.places(place, self.of) if candidate.name == place]
        if not found:
            raise LookupError(f"{self.name}: there is no {place}")
        self.change(found[0])
        if not seed.changed() and not seed.files:
            raise LookupError(f"{self.name}: {place} is the same as before")


@dataclass(frozen=True)
class SettingsFault:
    """An environment file that says less than it should. It is refused when it is read, or synthesized and judged.

    Args:
        name: what is wrong, in a few words.
        says: values by dotted path of the environment file.
        harm: what would happen in production, in one sentence.
        environment: environment whose file is changed.
        survives: why no test needs to catch it; empty when one has to.
    """

    name: str
    says: Mapping[str, Any]
    harm: str
    environment: str = field(default="prod", kw_only=True)
    survives: str = field(default="", kw_only=True)


@dataclass(frozen=True, kw_only=True)
class Mutant:
    """A fault in one place.

    Args:
        fault: what is wrong.
        place: name of the resource, or the keys of the environment file.
    """

    fault: Fault | SettingsFault
    place: str


@dataclass(kw_only=True)
class Verdict:
    """What became of a mutant.

    Args:
        mutant: what was judged.
        caught_by: names of the tests that told it from the original.
        crashes: names of the tests that ended in an error that says nothing of the promise.
    """

    mutant: Mutant
    caught_by: list[str] = field(default_factory=list)
    crashes: list[str] = field(default_factory=list)

    @property
    def caught(self) -> bool:
        return bool(self.caught_by)
