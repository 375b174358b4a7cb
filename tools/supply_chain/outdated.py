"""Report of `make outdated`: ends of support, newer releases, and failed queries."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

from spotmusic_cdk import versions
from spotmusic_cdk.settings import Settings
from tools.supply_chain.ends import NOTICE_DAYS, Line, lines
from tools.supply_chain.releases import HELD, Asked, Clients, Run, ask, registries


def report(
    root: Path,
    environments: Sequence[Settings],
    *,
    today: date,
    offline: bool = False,
    client: Run | None = None,
) -> tuple[str, bool]:
    """Return the report, and whether a component in use has reached its end of support.

    Args:
        root: the checkout, with its lock files.
        environments: settings of every environment.
        today: reference day.
        offline: skips queries of registries.
        client: runs a registry's client; default: the installed clients.
    """
    used = lines(environments)
    asked = [] if offline else _asked(root, client)
    text = [*_ends(used, today), "", *_newer(asked, offline=offline), "", *_unasked(asked)]
    return "\n".join(text), any(line.support.has_ended(today) for line in used)


def _asked(root: Path, client: Run | None) -> list[Asked]:
    with TemporaryDirectory() as scratch:
        run = client or Clients(Path(scratch))
        return [answer for registry in registries(root) for answer in ask(registry, run)]


def _ends(used: Sequence[Line], today: date) -> Iterator[str]:
    near = [
        (line, left)
        for line in used
        if (left := line.days_left(today)) is not None and left <= NOTICE_DAYS
    ]
    announced = [line for line in used if line.support.standard_until]
    summary = (
        f"{len(announced)} of {len(used)} lines in use have one announced, "
        f"{len(near)} within {NOTICE_DAYS} days"
    )
    yield f"End of support, as of {today}: {summary}"
    for line, left in near:
        when = f"ended {-left} days ago" if left < 0 else f"ends in {left} days"
        who = f", used by {', '.join(line.used_by)}" if line.used_by else ""
        yield f"  {line.name}{who}: {when}, on {line.support.standard_until}; {line.support.source}"
    if not near and announced:
        yield f"  next is {announced[0].name}, on {announced[0].support.standard_until}"


def _newer(asked: Sequence[Asked], *, offline: bool) -> Iterator[str]:
    newer = [answer for answer in asked if answer.is_newer]
    known = [answer for answer in asked if answer.newest]
    yield (
        "Newer releases: not queried (offline)"
        if offline
        else f"Newer releases: {len(newer)} of {len(known)} queried packages"
    )
    for answer in newer:
        held = (
            f"; stays on {HELD[answer.name][0]}x: {HELD[answer.name][1]}"
            if answer.name in HELD
            else ""
        )
        yield f"  {answer.name} {answer.pinned} -> {answer.newest} ({answer.registry}{held})"


def _unasked(asked: Iterable[Asked]) -> Iterator[str]:
    reasons: dict[tuple[str, str], list[str]] = defaultdict(list)
    for answer in asked:
        if answer.newest is None:
            reasons[answer.registry, answer.problem].append(answer.name)
    yield "Queries failed:"
    for (registry, reason), names in reasons.items():
        yield f"  {registry}: {', '.join(names)}: {reason}"
    yield f"  {len(versions.images())} container images: see the release notes of their charts"
    yield "  database engines and add-ons: list them with credentials of an account,"
    yield "  by `aws rds describe-db-engine-versions`, `aws eks describe-addon-versions` and"
    yield "  `aws elasticache describe-cache-engine-versions`"
