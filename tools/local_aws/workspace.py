"""Where one checkout keeps its embedded AWS: port, process id, log, temporary files and the exports for a shell."""

import json
import shutil
import sys
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class RunningEmulator:
    """What must be remembered to find the emulator again and to stop nothing else.

    Args:
        pid: process id; also the id of its process group, which its Lambda workers share.
        port: TCP port on loopback.
        started: the process's start time as the operating system tells it; a recycled process id has another one.
    """

    pid: int
    port: int
    started: str

    @property
    def endpoint(self) -> str:
        """The URL it serves."""
        return f"http://127.0.0.1:{self.port}"


@dataclass(frozen=True)
class Workspace:
    """The `.local/` folder of a checkout. Two checkouts have two of them and never meet.

    Args:
        checkout: folder of the CDK app (the one with `cdk.json`).
        name: folder of the state, below the checkout.
    """

    checkout: Path
    name: str = ".local"

    @property
    def folder(self) -> Path:
        """The state folder."""
        return self.checkout / self.name

    @property
    def temporary(self) -> Path:
        """The emulator's TMPDIR. Below the checkout, so that Node functions find the checkout's `node_modules` by walking up."""
        return self.folder / "tmp"

    @property
    def log(self) -> Path:
        """The emulator's log."""
        return self.folder / "emulator.log"

    @property
    def assembly(self) -> Path:
        """The cloud assembly that is deployed, or is being deployed."""
        return self.folder / "cdk.out"

    @property
    def report(self) -> Path:
        """What the last deployment measured, for machines."""
        return self.folder / "report.json"

    @property
    def differences(self) -> Path:
        """The whole text of the last `diff`."""
        return self.folder / "diff.txt"

    @property
    def releases(self) -> Path:
        """Every Kubernetes object of every release of the last deployment, one a line."""
        return self.folder / "releases.tsv"

    @property
    def next_assembly(self) -> Path:
        """A cloud assembly that is not deployed yet."""
        return self.folder / "next.out"

    @property
    def interpreter(self) -> Path:
        """The folder of python and node."""
        return Path(sys.executable).parent

    @property
    def baseline(self) -> Path:
        """What the emulator held before the first deployment."""
        return self.folder / "baseline.json"

    @property
    def environment_script(self) -> Path:
        """Exports for a shell."""
        return self.folder / "env.sh"

    @property
    def node_modules(self) -> Path:
        """The checkout's Node packages: the CDK CLI and the SDK that Node functions find in Lambda."""
        return self.checkout / "node_modules"

    @property
    def cdk(self) -> Path:
        """The CDK CLI of the checkout."""
        return self.node_modules / ".bin" / "cdk"

    @property
    def lock(self) -> Path:
        """What the command that works with this state holds locked."""
        return self.folder / "lock"

    @property
    def _record(self) -> Path:
        return self.folder / "emulator.json"

    def cli_log(self, command: str) -> Path:
        """Log of the last run of a CLI command."""
        return self.folder / f"cdk-{command}.log"

    def home(self) -> Path:
        """An empty folder that stands in for the user's home."""
        home = self.folder / "home"
        home.mkdir(parents=True, exist_ok=True)
        return home

    def accept_assembly(self) -> None:
        """Makes the next assembly the one that is deployed."""
        shutil.rmtree(self.assembly, ignore_errors=True)
        self.next_assembly.rename(self.assembly)

    def prepare(self) -> None:
        """Makes the folders. Nothing of an earlier emulator is kept in the temporary one."""
        shutil.rmtree(self.temporary, ignore_errors=True)
        self.baseline.unlink(missing_ok=True)
        self.temporary.mkdir(parents=True)
        # A checkout that has no rule for it yet must not offer state for a commit.
        (self.folder / ".gitignore").write_text("*\n")

    def remember(self, emulator: RunningEmulator) -> None:
        """Keeps what is needed to find the emulator again."""
        # At once: whoever reads it meanwhile finds the whole of it, and would start a second emulator if not.
        whole = self._record.with_suffix(".new")
        whole.write_text(json.dumps(asdict(emulator)))
        whole.replace(self._record)

    def recall(self) -> RunningEmulator | None:
        """The emulator of the last `up`, or None if there was none or the record is unreadable."""
        try:
            return RunningEmulator(**json.loads(self._record.read_text()))
        except (FileNotFoundError, json.JSONDecodeError, TypeError):
            return None

    def forget(self) -> None:
        """Removes everything but the logs, which are what one reads after something went wrong."""
        self._record.unlink(missing_ok=True)
        self.environment_script.unlink(missing_ok=True)
        self.baseline.unlink(missing_ok=True)
        self.releases.unlink(missing_ok=True)
        for folder in (self.temporary, self.assembly, self.next_assembly, self.folder / "home"):
            shutil.rmtree(folder, ignore_errors=True)
