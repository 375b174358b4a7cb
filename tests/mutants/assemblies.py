"""The environments that faults are seeded in: each is synthesized once, and an environment file with a fault once more."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from spotmusic_cdk.settings import Settings, parse
from tests.conftest import ROOT, settings_of, synthesize
from tests.mutants.fault import Fault, Mutant, SettingsFault
from tests.mutants.seed import Seed, linked, templates_of

ENVIRONMENTS = ("dev", "staging", "prod")


@dataclass
class Assemblies:
    """Cloud assemblies in a folder.

    Args:
        folder: where they are written.
    """

    folder: Path

    @cached_property
    def originals(self) -> dict[str, Path]:
        """Assembly by environment."""
        return {environment: self._synthesized(settings_of(environment), environment) for environment in ENVIRONMENTS}

    def seed(self, environment: str) -> Seed:
        """Gives a copy of an environment to be broken."""
        return Seed(self.originals[environment], templates_of(self.originals[environment]))

    def of(self, fault: SettingsFault) -> Path:
        """Synthesizes what an environment file with a fault says.

        Raises:
            SettingsError: the file is refused.
        """
        return self._synthesized(settings_with(fault), fault.name.replace(" ", "-"))

    def hand_over(self, mutant: Mutant | None, settings: Settings, outdir: Path) -> None:
        """Takes the place of a synthesis: the mutant's environment is broken, and every other is the original.

        Args:
            mutant: what is broken; nothing when there is none.
            settings: the environment that is asked for.
            outdir: where a synthesis would write it.
        """
        if mutant is None or mutant.fault.environment != settings.name:
            linked(self.originals[settings.name], outdir)
        elif isinstance(mutant.fault, Fault):
            seed = self.seed(settings.name)
            mutant.fault.seed(seed, mutant.place)
            seed.written_to(outdir)
        else:
            linked(self.folder / mutant.fault.name.replace(" ", "-"), outdir)

    def _synthesized(self, settings: Settings, name: str) -> Path:
        outdir = self.folder / name
        synthesize(settings, outdir=outdir)
        return outdir


def settings_with(fault: SettingsFault) -> Settings:
    """Reads an environment file with a fault.

    Raises:
        SettingsError: the file is refused.
    """
    file = ROOT / "environments" / f"{fault.environment}.yaml"
    document: dict[str, Any] = yaml.safe_load(file.read_text())
    for path, value in fault.says.items():
        *parents, last = path.split(".")
        section = document
        for parent in parents:
            section = section.setdefault(parent, {})
        section[last] = value
    return parse(yaml.safe_dump(document), source=file)
