"""`python -m tools.preflight --env prod`: checks an account before a deployment."""

import argparse
import os
import sys
import warnings
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from spotmusic_cdk import versions
from spotmusic_cdk.settings import Settings, SettingsError, SettingsWarning, load
from tools.preflight import account, domain, engines, grown, leftovers, network, quotas, routes, secrets, security
from tools.preflight.finding import Ask, Clients, Context, Finding, State, error_code, ok, run, table

ENVIRONMENTS = Path("environments")
MODULES = (account, network, engines, quotas, domain, secrets, security, leftovers, routes, grown)
CHECKS: dict[str, Ask] = {name: ask for module in MODULES for name, ask in module.CHECKS.items()}
_CONNECT_SECONDS, _READ_SECONDS, _ATTEMPTS = 5, 30, 3


def main(arguments: Sequence[str] | None = None) -> int:
    """Checks one environment.

    Args:
        arguments: command line without the program's name; None takes the process's.

    Returns:
        0 without problems; 1 with problems, or if AWS is not reachable.
    """
    options = _parser().parse_args(arguments)
    warnings.showwarning = lambda message, *_: print(message, file=sys.stderr)
    warnings.simplefilter("always", SettingsWarning)
    try:
        settings = load(options.env, folder=ENVIRONMENTS, today=versions.RELEASED, clock=date.today())
        session = boto3.Session()
        context = connect(settings, _clients(session), session.region_name)
    except SettingsError as error:
        print(error, file=sys.stderr)
        return 1
    except (BotoCoreError, ClientError) as error:
        print(f"The request for the caller identity failed: {error}\n  {_advice(options.env)}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return check(context, repair=options.fix, strict=options.strict)


def connect(settings: Settings, clients: Clients, session_region: str | None) -> Context:
    """Returns the caller identity.

    Raises:
        BotoCoreError: without credentials, or if AWS is not reachable.
        ClientError: if AWS refuses the credentials.
    """
    identity = clients("sts", settings.region).get_caller_identity()
    return Context(settings=settings, clients=clients, account=identity["Account"], session_region=session_region)


def check(context: Context, *, repair: bool = False, strict: bool = False) -> int:
    """Prints the table.

    Args:
        context: the environment and its account.
        repair: create missing service-linked roles.
        strict: treat failed requests as problems.

    Returns:
        0 without problems, 1 otherwise.
    """
    print(f"{context.settings.name} in account {context.account}, {' and '.join(context.regions)}\n")
    findings = [repaired(finding) if repair else finding for finding in run(CHECKS, context)]
    print(table(findings))
    bad = {State.FIX, State.COULD_NOT_ASK} if strict else {State.FIX}
    return int(any(finding.state in bad for finding in findings))


def repaired(finding: Finding) -> Finding:
    """Repairs a finding that can be repaired without risk, and returns the new finding."""
    if finding.repair is None:
        return finding
    try:
        finding.repair()
    except ClientError as error:
        if error_code(error) == "InvalidInput":  # created in the meantime
            return ok(finding.check, "it is there")
        return Finding(check=finding.check, state=State.FIX, detail=f"{finding.detail}; {error_code(error)}", command=finding.command)
    return ok(finding.check, f"created: {finding.command}")


def _clients(session: boto3.Session) -> Clients:
    config = Config(
        connect_timeout=_CONNECT_SECONDS, read_timeout=_READ_SECONDS, retries={"mode": "standard", "total_max_attempts": _ATTEMPTS}
    )
    made: dict[tuple[str, str], Any] = {}

    def client(service: str, region: str) -> Any:
        if (service, region) not in made:
            made[service, region] = session.client(service, region_name=region, config=config)
        return made[service, region]

    return client


def _advice(environment: str) -> str:
    if os.environ.get("AWS_ENDPOINT_URL"):
        return "AWS_ENDPOINT_URL points to the embedded AWS. Start it (`make local`), or open a shell without .local/env.sh."
    return f"Log in (`aws sso login --profile NAME`), then run AWS_PROFILE=NAME make preflight ENV={environment}"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tools.preflight", description=__doc__)
    parser.add_argument("--env", default="dev", help="environment (default: dev)")
    parser.add_argument("--fix", action="store_true", help="create missing service-linked roles, which are free")
    parser.add_argument("--strict", action="store_true", help="exit with 1 after failed requests, too")
    return parser


if __name__ == "__main__":
    sys.exit(main())
