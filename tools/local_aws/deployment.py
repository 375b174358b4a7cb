"""Commands of the embedded AWS: up, deploy, down, status and diff."""

import os
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from tools.local_aws import (
    LocalAwsError,
    cloudformation,
    gate,
    leftovers,
    process,
    public_zones,
    report,
    session,
)
from tools.local_aws.assembly import SynthesizedStack, environment_of, regions, stacks
from tools.local_aws.cli import CdkCli, CliError
from tools.local_aws.lock import alone
from tools.local_aws.progress import StackProgress, Steps
from tools.local_aws.workspace import RunningEmulator, Workspace


class IncompleteError(LocalAwsError):
    """Missing or incomplete resource of a template after a successful deployment."""


class NotRunningError(LocalAwsError):
    """Missing process of the emulator."""


class OtherEnvironmentError(LocalAwsError):
    """Conflict with another deployed environment. The message has its name."""


class LeftoverError(LocalAwsError):
    """Resources that outlived their stack without a policy to retain them."""

    def __init__(self, left: Sequence[str]) -> None:
        super().__init__(
            "\n  ".join(["These resources are left and no policy retains them:", *left])
            + "\nDelete them with the AWS CLI after `. .local/env.sh`, and run the command again."
        )


@dataclass(kw_only=True)
class LocalDeployment:
    """One environment of one checkout in the embedded AWS.

    Args:
        workspace: the checkout's state.
        environment: name of the environment, such as `dev`.
        region: home region.
        concurrency: stacks in parallel.
        context: further context values for the app.
        steps: output of progress.
    """

    workspace: Workspace
    environment: str
    region: str
    concurrency: int = 8
    context: dict[str, str] = field(default_factory=dict)
    steps: Steps = field(default_factory=Steps)

    def up(self, *, port: int | None = None, selection: str | None = None) -> str:
        """Start the emulator if none runs, deploy the stacks and verify them.

        Args:
            port: TCP port on loopback; None uses the running emulator's or a free one.
            selection: pattern of stack ids; None deploys the whole environment.

        Returns:
            Table of the stacks.

        Raises:
            NotEmbeddedError: if the shell's environment refers to another AWS.
            BusyError: if another command uses the same state.
            OtherEnvironmentError: if another environment is deployed.
            RejectedTemplateError: if CloudFormation would reject a template.
            CliError: if a stack fails; the message has the resources.
            IncompleteError: if a resource of a template is missing or incomplete.
        """
        session.require_embedded(os.environ)
        with alone(self.workspace, "up"), self.steps.heartbeat():
            return self._up(port, selection or f"{self.environment}/*")

    def _up(self, port: int | None, selection: str) -> str:
        began = time.monotonic()
        self._require_no_other()
        emulator, found = self._emulator_and_stacks(port)
        chosen = [stack for stack in found if fnmatchcase(stack.id, selection)]
        # A rejected template ends the deployment. Until then, deployment and validation run in
        # parallel.
        with gate.judging(chosen, checkout=self.workspace.checkout) as verdict:
            self._prepare(emulator, found)
            deploying = time.monotonic()
            self._deploy(emulator, chosen, selection, verdict)
            deploy_seconds = time.monotonic() - deploying
            self._await(verdict)
        return self._verified(emulator, chosen, began=began, deploy_seconds=deploy_seconds)

    def _await(self, verdict: "Future[int]") -> None:
        """Wait for cfn-lint, which takes longer than the deployment on a busy machine."""
        if not verdict.done():
            self.steps.say("waiting for cfn-lint")
        self.steps.say(f"cfn-lint accepts {verdict.result()} templates")

    def down(self) -> str:
        """Destroy all stacks, verify that no resource is left, and stop the emulator.

        Raises:
            BusyError: if another command uses the same state.
            OtherEnvironmentError: if another environment is deployed.
            CliError: if a stack cannot be destroyed; the emulator keeps running for inspection.
            LeftoverError: if a resource is left without a policy to retain it.
        """
        session.require_embedded(os.environ)
        with alone(self.workspace, "down"), self.steps.heartbeat():
            self._require_no_other()
            emulator = process.running(self.workspace)
            summary = "Nothing ran." if emulator is None else self._destroyed(emulator)
            stopped = process.stop(self.workspace)
            self.workspace.forget()
            if stopped:
                self.steps.say("stopped the embedded AWS and removed its files")
            return summary

    @property
    def endpoint(self) -> str:
        """Emulator's URL on loopback.

        Raises:
            NotRunningError: if no emulator runs.
            OtherEnvironmentError: if another environment is deployed.
        """
        return self._running().endpoint

    def status(self) -> str:
        """Return the emulator's state and one line per stack.

        Raises:
            OtherEnvironmentError: if another environment is deployed.
        """
        self._require_no_other()
        emulator = process.running(self.workspace)
        if emulator is None:
            return "The embedded AWS is not running. Start it with `make local`."
        found = self._deployed_assembly()
        lines = [f"The embedded AWS is running on {emulator.endpoint} (process {emulator.pid})."]
        for stack in found:
            status = cloudformation.status(emulator.endpoint, stack) or "not deployed"
            lines.append(f"  {stack.id:<22} {status}")
        return "\n".join(lines)

    def diff(self) -> None:
        """Synthesize the checkout and write its differences from the deployed stacks to a file.

        Raises:
            BusyError: if another command uses the same state.
            NotRunningError: if no emulator runs.
            OtherEnvironmentError: if another environment is deployed.
        """
        with alone(self.workspace, "diff"):
            cli = self._cli(self._running())
            cli.synthesize(
                environment=self.environment,
                context=self.context,
                into=self.workspace.next_assembly,
            )
            text = cli.diff(f"{self.environment}/*", assembly=self.workspace.next_assembly)
        self.workspace.differences.write_text(text, encoding="utf-8")

    def _require_no_other(self) -> None:
        """Reject a second environment, because it would hide the stacks of the first one."""
        other = environment_of(self.workspace.assembly)
        if other is None or other == self.environment:
            return
        emulator = process.running(self.workspace)
        found = stacks(self.workspace.assembly, environment=other)
        if emulator and any(cloudformation.status(emulator.endpoint, stack) for stack in found):
            advice = f"Use ENV={other}, or destroy it first with `make local-down`."
            raise OtherEnvironmentError(
                f"{other} is deployed to the embedded AWS, not {self.environment}. {advice}"
            )

    def _running(self) -> RunningEmulator:
        session.require_embedded(os.environ)
        self._require_no_other()
        emulator = process.running(self.workspace)
        if emulator is None:
            raise NotRunningError("The embedded AWS is not running. Start it with `make local`.")
        return emulator

    def _cli(self, emulator: RunningEmulator) -> CdkCli:
        return CdkCli(workspace=self.workspace, endpoint=emulator.endpoint, region=self.region)

    def _emulator_and_stacks(
        self, port: int | None
    ) -> tuple[RunningEmulator, list[SynthesizedStack]]:
        """Start the emulator and synthesize the app in parallel, without API calls."""
        unreached = CdkCli(
            workspace=self.workspace, endpoint="http://127.0.0.1:9", region=self.region
        )
        unreached.require_installed()
        self.steps.say(f"synthesizing {self.environment} and starting the embedded AWS")
        with ThreadPoolExecutor() as pool:
            started = pool.submit(self._started, port)
            unreached.synthesize(
                environment=self.environment,
                context=self.context,
                into=self.workspace.next_assembly,
            )
            emulator = started.result()
        # Only after the synthesis: if it fails, the deployed assembly must stay known.
        self.workspace.accept_assembly()
        found = stacks(self.workspace.assembly, environment=self.environment)
        resources = sum(len(stack.resources) for stack in found)
        self.steps.say(f"synthesized {len(found)} stacks with {resources} resources")
        return emulator, found

    def _started(self, port: int | None) -> RunningEmulator:
        emulator = process.running(self.workspace)
        if emulator is not None and port in (None, emulator.port):
            self.steps.say(f"using the embedded AWS on {emulator.endpoint}")
            return emulator
        emulator = process.start(self.workspace, region=self.region, port=port)
        self.steps.say(f"started the embedded AWS on {emulator.endpoint}")
        return emulator

    def _prepare(self, emulator: RunningEmulator, found: list[SynthesizedStack]) -> None:
        """Bootstrap a new emulator, and save its inventory."""
        exports = session.shell_exports(
            emulator.endpoint, region=self.region, path=str(self.workspace.interpreter)
        )
        self.workspace.environment_script.write_text(exports)
        if not self.workspace.baseline.exists():
            cloudformation.bootstrap(
                emulator.endpoint, regions(found), template=self.workspace.bootstrap_template
            )
            self.steps.say(f"bootstrapped {' and '.join(regions(found))}")
        public_zones.provide(found, endpoint=emulator.endpoint)
        if not self.workspace.baseline.exists():
            leftovers.save_inventory(emulator.endpoint, found, self.workspace.baseline)

    def _deploy(
        self,
        emulator: RunningEmulator,
        chosen: list[SynthesizedStack],
        selection: str,
        verdict: "Future[int]",
    ) -> None:
        progress = StackProgress(chosen, emulator=emulator, steps=self.steps)

        def advance() -> None:
            if verdict.done():
                verdict.result()
            progress.show()

        with self._explained(emulator, chosen):
            advance()
            try:
                self._cli(emulator).deploy(
                    selection,
                    concurrency=self.concurrency,
                    assembly=self.workspace.assembly,
                    while_running=advance,
                )
            except CliError:
                verdict.result()  # cfn-lint has a clearer message than the embedded AWS
                raise
        progress.show_now()

    @contextmanager
    def _explained(
        self, emulator: RunningEmulator, chosen: list[SynthesizedStack]
    ) -> Iterator[None]:
        """Print the failed resources and their reasons before the CLI's output."""
        try:
            yield
        except Exception:
            for stack in chosen:
                status = cloudformation.status(emulator.endpoint, stack)
                if "ROLLBACK" in status or status.endswith("_FAILED"):
                    for failure in cloudformation.failures(emulator.endpoint, stack):
                        self.steps.say(failure)
            raise

    def _verified(
        self,
        emulator: RunningEmulator,
        chosen: list[SynthesizedStack],
        *,
        began: float,
        deploy_seconds: float,
    ) -> str:
        by_stack = {
            stack.id: cloudformation.resources(emulator.endpoint, stack) for stack in chosen
        }
        problems = [
            f"  {problem}"
            for stack in chosen
            for problem in cloudformation.incomplete(stack, by_stack[stack.id])
        ]
        if problems:
            raise IncompleteError("\n".join(["Incomplete:", *problems]))
        places = {(stack.region, stack.name) for stack in chosen}
        records = [
            record
            for record in process.recorded(emulator)
            if (record["region"], record["stack"]) in places
        ]
        recorded = Counter((record["region"], record["stack"]) for record in records)
        rows = [
            report.StackRow(
                stack=stack.id,
                resources=len(by_stack[stack.id]),
                recorded=recorded[stack.region, stack.name],
                seconds=cloudformation.seconds(emulator.endpoint, stack),
            )
            for stack in chosen
        ]
        resources = sum(row.resources for row in rows)
        self.steps.say(f"verified: {resources} resources complete, {len(records)} of them recorded")
        kinds = report.recorded_types(record["type"] for record in records)
        report.write(rows, self.workspace.report, deploy_seconds=deploy_seconds)
        total = (
            f"Deployed in {deploy_seconds:.1f} s "
            f"({resources / deploy_seconds:.0f} resources per second), "
            f"{time.monotonic() - began:.1f} s in total. "
            f"Use it: . {os.path.relpath(self.workspace.environment_script)}"
        )
        return "\n".join([report.table(rows), "", "Recorded without an engine:", kinds, "", total])

    def _deployed_assembly(self) -> list[SynthesizedStack]:
        try:
            return stacks(self.workspace.assembly, environment=self.environment)
        except FileNotFoundError:
            return []

    def _destroyed(self, emulator: RunningEmulator) -> str:
        found = self._deployed_assembly()
        if not found or not self.workspace.baseline.exists():  # `up` ended before it deployed
            return "Nothing was deployed."
        deployed = [
            resource
            for stack in found
            for resource in cloudformation.resources(emulator.endpoint, stack)
        ]
        progress = StackProgress(found, emulator=emulator, steps=self.steps)
        for stack in found:
            cloudformation.allow_deletion(emulator.endpoint, stack)
        with self._explained(emulator, found):
            self._cli(emulator).destroy(
                f"{self.environment}/*",
                concurrency=self.concurrency,
                assembly=self.workspace.assembly,
                while_running=progress.show,
            )
        progress.show_now()
        outcome = leftovers.after_destruction(
            deployed, found, baseline=self.workspace.baseline, emulator=emulator
        )
        if outcome.unexplained:
            raise LeftoverError(outcome.unexplained)
        return outcome.summary()
