"""CDK CLI with an environment that restricts it to the embedded AWS."""

import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tools.local_aws import ACCOUNT, LocalAwsError, last_lines, session
from tools.local_aws.workspace import Workspace

_POLL_SECONDS = 0.2


class CliError(LocalAwsError):
    """Failure of the CLI. The message has its last lines and the path of its log."""


@dataclass(frozen=True, kw_only=True)
class CdkCli:
    """CDK CLI of a checkout.

    Args:
        workspace: the checkout's state.
        endpoint: loopback URL of the emulator.
        region: the home region.
    """

    workspace: Workspace
    endpoint: str
    region: str

    def require_installed(self) -> None:
        """Raise a CliError if the CLI is not installed."""
        if not self.workspace.cdk.exists():
            raise CliError(
                f"The CDK CLI is not installed: {self.workspace.cdk} does not exist.\n"
                "  Install it with `make setup` or `npm ci`."
            )

    def synthesize(self, *, environment: str, context: dict[str, str], into: Path) -> None:
        """Synthesize the app into an empty folder, because a stale report fails a correct app.

        Args:
            environment: name of the environment file, such as `dev`.
            context: further context values.
            into: folder of the assembly; its content is deleted first.

        Raises:
            CliError: if the app fails.
        """
        shutil.rmtree(into, ignore_errors=True)
        values = {"env": environment, "account": ACCOUNT, "validation": "false", **context}
        options = [part for name, value in values.items() for part in ("-c", f"{name}={value}")]
        self.run("synth", "--quiet", "--output", str(into), *options, assembly=None)

    def deploy(
        self,
        *selection: str,
        concurrency: int,
        assembly: Path,
        while_running: Callable[[], None] = lambda: None,
    ) -> None:
        """Deploy stacks and their dependencies.

        Args:
            selection: patterns of stack ids, such as `dev/*`.
            concurrency: stacks in parallel.
            assembly: the cloud assembly.
            while_running: called several times per second.

        Raises:
            CliError: if a stack fails.
        """
        options = [
            "--require-approval",
            "never",
            "--concurrency",
            str(concurrency),
            "--asset-parallelism",
        ]
        self.run("deploy", *selection, *options, assembly=assembly, while_running=while_running)

    def destroy(
        self,
        *selection: str,
        concurrency: int,
        assembly: Path,
        while_running: Callable[[], None] = lambda: None,
    ) -> None:
        """Destroy stacks and their dependents.

        Raises:
            CliError: if a stack can't be destroyed.
        """
        options = ["--force", "--concurrency", str(concurrency)]
        self.run("destroy", *selection, *options, assembly=assembly, while_running=while_running)

    def diff(self, *selection: str, assembly: Path) -> str:
        """Return the output of `cdk diff`.

        Raises:
            CliError: if the comparison fails. A difference is not an error.
        """
        return self.run("diff", *selection, assembly=assembly)

    def run(
        self,
        command: str,
        *arguments: str,
        assembly: Path | None,
        while_running: Callable[[], None] = lambda: None,
    ) -> str:
        """Run one command of the CLI and return its output.

        Args:
            command: command of the CLI.
            arguments: arguments of the command.
            assembly: a synthesized app; None synthesizes the app of the checkout.
            while_running: called several times per second.

        Raises:
            CliError: if the command fails.
        """
        self.require_installed()
        app = [] if assembly is None else ["--app", str(assembly)]
        log = self.workspace.cli_log(command)
        with log.open("w+") as output:
            process = subprocess.Popen(  # noqa: S603 - the checkout's own CLI
                [str(self.workspace.cdk), "--no-notices", "--ci", *app, command, *arguments],
                cwd=self.workspace.checkout,
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
            code = _wait(process, while_running)
            output.seek(0)
            text = output.read()
        if code != 0:
            raise CliError(
                f"`cdk {command}` failed with status {code}. "
                f"Its output is in {log}:\n{last_lines(text, 15)}"
            )
        return text

    def _environment(self) -> dict[str, str]:
        home = self.workspace.home()
        variables = session.cli_environment(
            os.environ, self.endpoint, region=self.region, home=home
        )
        path = os.pathsep.join([str(self.workspace.interpreter), variables.get("PATH", os.defpath)])
        # The gate validates templates with cfn-lint. The CDK's validator would take two thirds of
        # a synthesis.
        return {**variables, "PATH": path, "CDK_VALIDATION": "false"}


def _wait(process: "subprocess.Popen[bytes]", while_running: Callable[[], None]) -> int:
    try:
        while True:
            try:
                return process.wait(timeout=_POLL_SECONDS)
            except subprocess.TimeoutExpired:
                while_running()
    finally:
        # Ctrl-C reaches the CLI through its process group. Other exceptions must end it here.
        if process.poll() is None:
            process.terminate()
            process.wait()
