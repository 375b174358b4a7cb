"""Times of resources and stacks in a deployment to an empty account."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from graphlib import TopologicalSorter
from pathlib import Path

import yaml

from spotmusic_cdk.command_line import CommandError
from tools.model.assembly import Assembly, Resource, intrinsics
from tools.model.templates import RELEASE
from tools.model.values import as_list

DURATIONS = Path(__file__).parent / "durations.yaml"
Node = tuple[str, str]
"""Stack and logical id."""


class NeverReadyError(CommandError):
    """Deadlock: a running stack waits for a stack that cannot start."""


@dataclass(frozen=True, kw_only=True)
class Step:
    """Creation of a resource.

    Args:
        resource: the resource.
        start: minutes since the start of the deployment.
        end: minutes since the start of the deployment.
        after: awaited step that ends last; None for the start of the stack.
    """

    resource: Resource
    start: float
    end: float
    after: "Step | None"

    @property
    def path(self) -> "list[Step]":
        """Steps that determine the end of this step, first step first."""
        return [*(self.after.path if self.after else []), self]


@dataclass(frozen=True, kw_only=True)
class Timeline:
    """Times of a deployment in minutes.

    Args:
        starts: start by stack.
        ends: end by stack.
        last: last step by stack.
        dependencies: stacks that are deployed first, by stack.
    """

    starts: Mapping[str, float]
    ends: Mapping[str, float]
    last: Mapping[str, Step]
    dependencies: Mapping[str, set[str]]

    @property
    def minutes(self) -> float:
        """Duration of the deployment."""
        return max(self.ends.values())

    @property
    def stacks(self) -> list[str]:
        """Stacks of the critical path, first stack first."""
        path = [max(self.ends, key=lambda stack: self.ends[stack])]
        while self.starts[path[0]] > 0:
            # With limited concurrency, a stack may also wait for any other stack to end.
            earlier = [
                stack for stack in self.ends if math.isclose(self.ends[stack], self.starts[path[0]])
            ]
            path.insert(0, min(earlier, key=lambda stack: stack not in self.dependencies[path[0]]))
        return path


class Deployment:
    """Deployment of all stacks of an environment to an empty account.

    CloudFormation creates a resource when its references and dependencies are complete. The CDK
    CLI starts a stack when its dependencies are complete.

    Args:
        platform: templates.
        dependencies: stacks that the CLI deploys first, by stack (manifest of the assembly).
    """

    def __init__(self, platform: Assembly, dependencies: Mapping[str, set[str]]) -> None:
        self._platform = platform
        self._minutes = {
            type_: float(row["minutes"])
            for type_, row in yaml.safe_load(DURATIONS.read_text()).items()
        }
        self.dependencies = {stack: set(before) for stack, before in dependencies.items()}
        self._before: dict[Node, list[Node]] = {}
        self._existing = {(resource.stack, resource.id) for resource in platform.resources}
        for resource in platform.resources:
            needs = self._needs(resource)
            own = {node for node in needs if node[0] == resource.stack}
            self._before[resource.stack, resource.id] = sorted(own | self._awaited(resource))
            self.dependencies[resource.stack] |= {stack for stack, _ in needs} - {resource.stack}
        self._order = list(TopologicalSorter(self._before).static_order())

    def _needs(self, resource: Resource) -> set[Node]:
        """Stack and logical id of each resource that must be complete first."""
        found = {(resource.stack, id_) for id_ in as_list(resource.body.get("DependsOn"))}
        for value in intrinsics(resource.body):
            match value:
                case {"Ref": str(id_)} | {"Fn::GetAtt": [str(id_), *_]}:
                    found.add((resource.stack, id_))
                case _ if place := self._platform.place(resource.stack, value):
                    found.add(place[:2])
        return found & self._existing - {(resource.stack, resource.id)}

    def _awaited(self, resource: Resource) -> set[Node]:
        """Parameters of other stacks that the function of a custom resource waits for."""
        if resource.type != "Custom::DeployedValues":
            return set()
        names = {f"{resource['Path']}/{name}" for name in resource["Names"]}
        return {
            (other.stack, other.id)
            for other in self._platform.all("AWS::SSM::Parameter")
            if other["Name"] in names
        }

    def minutes_of(self, resource: Resource) -> float:
        """Duration of the creation of a resource."""
        return self._minutes.get(resource.type, self._minutes["other"])

    @cached_property
    def releases_in_a_row(self) -> list[str]:
        """Logical ids of the longest sequence of Helm releases in one stack."""
        longest: dict[Node, list[str]] = {}
        for node in self._order:
            before = max((longest[other] for other in self._before[node]), key=len, default=[])
            longest[node] = (
                [*before, node[1]] if self._platform.resource(*node).type == RELEASE else before
            )
        return max(longest.values(), key=len)

    def timeline(self, concurrency: int) -> Timeline:
        """Simulate the deployment.

        Args:
            concurrency: most stacks at a time, the CLI's `--concurrency`.

        Raises:
            NeverReadyError: if all running stacks wait for values of a stack that cannot start.
        """
        pending = self._in_order_of_the_cli()
        starts: dict[str, float] = {}
        queue: list[str] = []
        now = 0.0
        while True:
            last = self._steps(starts)
            ends = {stack: last[stack].end if stack in last else math.inf for stack in starts}
            done = {stack for stack, end in ends.items() if end <= now}
            if not pending and not queue and len(done) == len(starts):
                return Timeline(starts=starts, ends=ends, last=last, dependencies=self.dependencies)
            queue += [stack for stack in pending if self.dependencies[stack] <= done]
            pending = [stack for stack in pending if stack not in queue]
            started = queue[: concurrency - (len(starts) - len(done))]
            queue = queue[len(started) :]
            starts |= dict.fromkeys(started, now)
            if not started:
                now = min(end for stack, end in ends.items() if stack not in done)
                if math.isinf(now):
                    running = ", ".join(sorted(starts.keys() - done))
                    waiting = ", ".join(queue + pending)
                    raise NeverReadyError(
                        f"{running}: waits for values of {waiting}, which cannot start. "
                        "Remove the reference or the dependency."
                    )

    def _in_order_of_the_cli(self) -> list[str]:
        """Stacks in the CLI's order: rounds, each sorted by artifact id without hyphens."""
        rounds, ordered = TopologicalSorter(self.dependencies), list[str]()
        rounds.prepare()
        while rounds.is_active():
            ready = sorted(rounds.get_ready(), key=lambda stack: stack.replace("-", ""))
            ordered += ready
            rounds.done(*ready)
        return ordered

    def _steps(self, starts: Mapping[str, float]) -> dict[str, Step]:
        """Last step of each stack with a known end, from the starts of stacks."""
        steps: dict[Node, Step] = {}
        for node in self._order:
            before = [steps.get(other) for other in self._before[node]]
            if node[0] not in starts or None in before:
                continue
            resource = self._platform.resource(*node)
            start = starts[node[0]] + self._minutes["stack"]
            after = max(
                (step for step in before if step and step.end >= start),
                key=lambda step: step.end,
                default=None,
            )
            begin = after.end if after else start
            steps[node] = Step(
                resource=resource, start=begin, end=begin + self.minutes_of(resource), after=after
            )
        every: dict[str, list[Step]] = {}
        for (stack, _), step in steps.items():
            every.setdefault(stack, []).append(step)
        total = {stack: sum(node[0] == stack for node in self._order) for stack in every}
        return {
            stack: max(own, key=lambda step: step.end)
            for stack, own in every.items()
            if len(own) == total[stack]
        }
