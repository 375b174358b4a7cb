"""State of a checkout's embedded AWS: port, process id, log, temporary files, shell exports."""

import json
import shutil
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

from spotmusic_cdk import output


@dataclass(frozen=True, kw_only=True)
class RunningEmulator:
    """Identity of the emulator's process, to find it again and to stop no other process.

    Args:
        pid: process id; also the id of its process group, which its Lambda workers share.
        port: TCP port on loopback.
        started: start time of the process by the operating system, which differs if the process
            id is reused.
    """

    pid: int
    port: int
    started: str

    @property
    def endpoint(self) -> str:
        """URL of the emulator."""
        return f"http://127.0.0.1:{self.port}"


@dataclass(frozen=True)
class Workspace:
    """Folder `.local/` of a checkout. Each checkout has its own.

    Args:
        checkout: folder of the CDK app (the one with `cdk.json`).
        name: folder of the state in the checkout.
    """

    checkout: Path
    name: str = ".local"

    @property
    def folder(self) -> Path:
        """State folder."""
        return self.checkout / self.name

    @property
    def temporary(self) -> Path:
        """TMPDIR of the emulator, in the checkout, where Node.js functions find `node_modules`."""
        return self.folder / "tmp"

    @property
    def log(self) -> Path:
        """Log of the emulator."""
        return self.folder / "emulator.log"

    @property
    def assembly(self) -> Path:
        """Cloud assembly that is deployed or being deployed."""
        return self.folder / "cdk.out"

    @property
    def report(self) -> Path:
        """Measurements of the last deployment as JSON."""
        return self.folder / "report.json"

    @property
    def page(self) -> Path:
        """Page of the deployed environment."""
        return self.folder / "page.html"

    @property
    def differences(self) -> Path:
        """Complete text of the last `diff`."""
        return self.folder / "diff.txt"

    @property
    def next_assembly(self) -> Path:
        """Cloud assembly that is not deployed yet."""
        return self.folder / "next.out"

    @property
    def interpreter(self) -> Path:
        """Folder of python and node."""
        return Path(sys.executable).parent

    @property
    def baseline(self) -> Path:
        """Inventory of the emulator before the first deployment."""
        return self.folder / "baseline.json"

    @property
    def environment_script(self) -> Path:
        """Exports for a shell."""
        return self.folder / "env.sh"

    @property
    def node_modules(self) -> Path:
        """Node.js packages of the checkout: the CDK CLI, and the SDK of Lambda's runtime."""
        return self.checkout / "node_modules"

    @property
    def cdk(self) -> Path:
        """CDK CLI of the checkout."""
        return self.node_modules / ".bin" / "cdk"

    @property
    def bootstrap_template(self) -> Path:
        """Template of `cdk bootstrap`."""
        return (
            self.node_modules / "aws-cdk" / "lib" / "api" / "bootstrap" / "bootstrap-template.yaml"
        )

    @property
    def lock(self) -> Path:
        """File that the active command locks."""
        return self.folder / "lock"

    @property
    def _record(self) -> Path:
        return self.folder / "emulator.json"

    def cli_log(self, command: str) -> Path:
        """Log of the last run of a CLI command."""
        return self.folder / f"cdk-{command}.log"

    def home(self) -> Path:
        """Empty folder used as home."""
        home = self.folder / "home"
        home.mkdir(parents=True, exist_ok=True)
        return home

    def accept_assembly(self) -> None:
        """Replace the deployed assembly by the next one."""
        self._discard_assembly()
        self.next_assembly.rename(self.assembly)

    def prepare(self) -> None:
        """Create the folders and empty the temporary one."""
        shutil.rmtree(self.temporary, ignore_errors=True)
        self.baseline.unlink(missing_ok=True)
        self.temporary.mkdir(parents=True)
        # Keeps the state out of commits in checkouts without an ignore rule.
        (self.folder / ".gitignore").write_text("*\n")

    def remember(self, emulator: RunningEmulator) -> None:
        """Save the identity of the emulator."""
        # A concurrent reader of a partial file would start a second emulator.
        output.replace(self._record, json.dumps(asdict(emulator)))

    def recall(self) -> RunningEmulator | None:
        """Return the emulator of the last `up`; None if there is no readable record."""
        try:
            return RunningEmulator(**json.loads(self._record.read_text()))
        except (FileNotFoundError, json.JSONDecodeError, TypeError):
            return None

    def forget(self) -> None:
        """Delete everything except the logs."""
        self._record.unlink(missing_ok=True)
        self.environment_script.unlink(missing_ok=True)
        self.baseline.unlink(missing_ok=True)
        self.page.unlink(missing_ok=True)
        self._discard_assembly()
        for folder in (self.temporary, self.next_assembly, self.folder / "home"):
            shutil.rmtree(folder, ignore_errors=True)

    def _discard_assembly(self) -> None:
        """Delete the deployed assembly. After an interruption, no command finds a part of it."""
        old = self.assembly.with_suffix(".old")
        shutil.rmtree(old, ignore_errors=True)
        if self.assembly.exists():
            self.assembly.rename(old)
        shutil.rmtree(old, ignore_errors=True)
