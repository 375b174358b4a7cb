"""`make deploy-plan ENV=prod`: modelled duration of a first deployment and its critical path."""

import argparse
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from pathlib import Path

from spotmusic_cdk.command_line import positive, run_command
from tools.changes import source
from tools.checkout import ROOT, settings_of
from tools.deploy_plan.model import Deployment
from tools.model.assembly import Assembly
from tools.model.stacks import platform_in, stacks_in
from tools.model.templates import templates_in

UNLIMITED = 99


def deployment_of(environment: str, assembly: Path) -> Deployment:
    """Return the deployment of a cloud assembly.

    Args:
        environment: name of the environment file.
        assembly: folder with the manifest of the environment.
    """
    platform = Assembly(
        name=environment, settings=settings_of(environment), templates=templates_in(assembly)
    )
    return Deployment(
        platform, {id_: stack.dependencies for id_, stack in stacks_in(assembly).items()}
    )


def report(deployment: Deployment, *, concurrency: int) -> str:
    """Return the durations and the critical paths of the stacks and of their resources."""
    return "\n".join(_lines(deployment, concurrency))


def _lines(deployment: Deployment, concurrency: int) -> Iterator[str]:
    parallel, serial = deployment.timeline(concurrency), deployment.timeline(1)
    releases = deployment.releases_in_a_row
    limit = "stacks in parallel" if concurrency == UNLIMITED else f"--concurrency {concurrency}"
    yield f"{parallel.minutes:5.1f} minutes, {limit}: {' > '.join(parallel.stacks)}"
    yield f"{serial.minutes:5.1f} minutes, one stack after the other: {' > '.join(serial.stacks)}"
    yield f"{len(releases):5} Helm releases in a row: {' > '.join(releases)}"
    yield "A model, not a measurement: see tools/deploy_plan/durations.yaml."
    for stack in sorted(parallel.starts, key=lambda stack: parallel.starts[stack]):
        start, end = parallel.starts[stack], parallel.ends[stack]
        yield f"\n{stack}: {end - start:.1f} minutes, from {start:.1f} to {end:.1f}"
        for step in parallel.last[stack].path:
            place = "" if step.resource.stack == stack else f" in {step.resource.stack}"
            yield f"  {step.end:5.1f}  +{step.end - step.start:4.1f}  {step.resource.id}{place}"


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the plan of one environment.

    Args:
        arguments: command line without the program's name; None takes the process's.
    """
    parser = argparse.ArgumentParser(prog="python -m tools.deploy_plan", description=__doc__)
    parser.add_argument("--env", required=True, help="environment, the name of its file")
    parser.add_argument(
        "--concurrency",
        type=positive,
        default=UNLIMITED,
        metavar="N",
        help="most stacks at a time; default: no limit",
    )
    parser.add_argument(
        "--assembly", type=Path, metavar="DIR", help="a cloud assembly instead of a new synthesis"
    )
    options = parser.parse_args(arguments)
    given = options.assembly and platform_in(options.assembly)
    with nullcontext(given) if given else source.synthesized(ROOT, options.env) as assembly:
        print(report(deployment_of(options.env, assembly), concurrency=options.concurrency))


if __name__ == "__main__":
    run_command(main)
