"""Maintenance and backup windows: at night, in sequence, and apart from other jobs on the same
data."""

import re
from collections.abc import Iterator
from itertools import combinations

from tests.properties.databases import is_replica
from tests.properties.promise import Verdicts, rule
from tests.properties.test_backup import TESTED, TESTING, plan_rules
from tools.model.assembly import Assembly, Resource
from tools.model.values import Json

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY, WEEK = 24 * 60, 7 * 24 * 60
NIGHT = (1 * 60, 6 * 60)
"""Minutes of the day, in local time, with the fewest listeners: after late evening, before the
first commuters."""
OF_UTC = {"sa-east-1": -3 * 60}
"""Minutes of local time ahead of UTC by region. Brazil has had no summer time since 2019."""
STORES = {
    "AWS::RDS::DBInstance": ("PreferredMaintenanceWindow", "PreferredBackupWindow", 30),
    "AWS::ElastiCache::ReplicationGroup": ("PreferredMaintenanceWindow", "SnapshotWindow", 60),
}
"""Windows of maintenance and of backups, and the minimum duration of maintenance (RDS user guide,
maintenance window; ElastiCache user guide, managing maintenance). Without them AWS selects a half
hour out of eight, some of which are in the evening in São Paulo."""

Span = tuple[int, int]
"""Minutes, from and until, since Monday 00:00 UTC."""


def span(text: object) -> Span | None:
    """Parse a weekly window such as `mon:06:30-mon:07:30`."""
    found = re.fullmatch(r"(\w{3}):(\d\d):(\d\d)-(\w{3}):(\d\d):(\d\d)", str(text))
    if not found:
        return None
    begin, end = (
        DAYS.index(found[n]) * DAY + int(found[n + 1]) * 60 + int(found[n + 2]) for n in (1, 4)
    )
    return begin, end if end > begin else end + WEEK


def spans(text: object) -> list[Span]:
    """Parse a daily window such as `05:00-06:00` into one window per day."""
    return [
        found
        for day in DAYS
        if (found := span("-".join(f"{day}:{time}" for time in str(text).split("-"))))
    ]


def overlap(one: Span, other: Span) -> bool:
    return any(one[0] < other[1] + turn and other[0] + turn < one[1] for turn in (-WEEK, 0, WEEK))


def by_night(window: Span, region: str) -> bool:
    if region not in OF_UTC:
        return False
    begin = (window[0] + OF_UTC[region]) % DAY
    return NIGHT[0] <= begin and begin + window[1] - window[0] <= NIGHT[1]


def daily(schedule: object) -> int | None:
    """Minute of the day, in UTC, of `cron(minute hour …)`."""
    found = re.match(r"cron\((\d+) (\d+) ", str(schedule))
    return int(found[2]) * 60 + int(found[1]) if found else None


def maintained(platform: Assembly) -> dict[Resource, Span]:
    """Databases and caches with their maintenance windows."""
    found = {store: span(store[STORES[store.type][0]]) for store in platform.some(*STORES)}
    return {store: window for store, window in found.items() if window}


@rule
def test_maintenance_windows_are_separate_nights(platform: Assembly) -> Verdicts:
    windows = maintained(platform)
    for store in platform.some(*STORES):
        maintenance, backup, least = STORES[store.type]
        window, copies = windows.get(store), spans(store[backup])
        yield store, window is not None, f"Set {maintenance}: AWS's own choice may be the evening."
        yield (
            store,
            bool(copies) or is_replica(store),
            f"Set {backup}: AWS's own choice may be the evening.",
        )
        if window is None or not copies:
            continue
        yield (
            store,
            least <= window[1] - window[0] <= DAY,
            f"Set a window of at least {least} minutes, the minimum of AWS.",
        )
        yield (
            store,
            by_night(window, platform.settings.region),
            f"Maintain it at night: {store[maintenance]} in UTC is not.",
        )
        yield (
            store,
            by_night(copies[0], platform.settings.region),
            f"Copy it at night: {store[backup]} in UTC is not.",
        )
        yield (
            store,
            not any(overlap(window, copy) for copy in copies),
            "Maintain it when no backup is taken: AWS refuses both at once.",
        )
    for (one, its), (other, others) in combinations(windows.items(), 2):
        yield (
            f"{one.name}, {other.name}",
            not overlap(its, others),
            "Both may restart in the same hour. Give each its own night.",
        )


@rule
def test_backups_precede_maintenance(platform: Assembly) -> Verdicts:
    for job in plan_rules(platform):
        name, begins = f"data/BackupPlan {job['RuleName']}", daily(job["ScheduleExpression"])
        yield name, begins is not None, "Set a schedule: AWS Backup starts at 05:00 UTC otherwise."
        late, done = minutes(job)
        # AWS Backup rejects a start window of less than an hour (AWS Backup developer guide, backup
        # plan options).
        holds = 60 <= late < done <= DAY
        yield (
            name,
            holds,
            (
                f"The job may start {late} minutes late and run {done} minutes. "
                "Make it end before the next one starts."
            ),
        )
        if begins is not None:
            begun = list(every_night(begins, late))
            # AWS Backup takes no snapshot of a database in the hour before its maintenance.
            windows = [
                (begin - 60, end) if store.type == "AWS::RDS::DBInstance" else (begin, end)
                for store, (begin, end) in maintained(platform).items()
                if not is_replica(store)
            ]
            clear = all(not overlap(window, job_) for window in windows for job_ in begun)
            yield (
                name,
                clear,
                "Start it before the maintenance window: a database that restarts is not copied.",
            )


@rule
def test_start_windows_of_backup_rules_are_disjoint(platform: Assembly) -> Verdicts:
    windows = {job["RuleName"]: spans_of(job) for job in plan_rules(platform)}
    for (one, its), (other, others) in combinations(windows.items(), 2):
        apart = not any(overlap(window, another) for window in its for another in others)
        yield (
            f"data/Backup {one}, {other}",
            apart,
            "AWS Backup runs only one of two backups with the same start. Move one by an hour.",
        )


def spans_of(job: Json) -> list[Span]:
    """Start windows of a backup rule in a week."""
    begins = daily(job["ScheduleExpression"])
    return [] if begins is None else list(every_night(begins, minutes(job)[0]))


def minutes(job: Json) -> Span:
    """Minutes until a backup job must start and end, with AWS Backup's defaults."""
    return job.get("StartWindowMinutes", 8 * 60), job.get("CompletionWindowMinutes", 7 * DAY)


def every_night(begins: int, late: int) -> Iterator[Span]:
    return ((day * DAY + begins, day * DAY + begins + late) for day in range(len(DAYS)))


@rule
def test_restore_tests_follow_backups(platform: Assembly) -> Verdicts:
    for plan in platform.some(TESTING):
        selected, late = (
            plan["RecoveryPointSelection.SelectionWindowDays"],
            plan["StartWindowHours"],
        )
        # The default, 30 days, would call a month without a backup a success.
        new = selected is not None and 1 <= selected <= 7
        yield (
            plan,
            new,
            "Restore what was copied within a week: an older point proves an older backup.",
        )
        yield (
            plan,
            late is not None and 1 <= late <= 24,
            "Set a start window of at most 24 hours: a longer one overlaps the next night.",
        )
        begins = begun(plan)
        yield plan, bool(begins), "Set its start."
        if "RDS" in restored_kinds(plan):
            clear = not any(
                overlap(job, window) for job in begins for window in maintained(platform).values()
            )
            yield plan, clear, "Restore databases when none is maintained."


def begun(plan: Resource) -> list[Span]:
    """Hours of a week in which a restore may start: on the day of its schedule, or on any day."""
    schedule = str(plan["ScheduleExpression"])
    minute, named = (
        daily(schedule),
        [number for number, day in enumerate(DAYS) if f" {day.upper()} " in schedule],
    )
    return (
        []
        if minute is None
        else [(day * DAY + minute, day * DAY + minute + 60) for day in named or range(len(DAYS))]
    )


def restored_kinds(plan: Resource) -> set[str]:
    selections = plan.platform.some(TESTED)
    return {
        str(its["ProtectedResourceType"])
        for its in selections
        if its["RestoreTestingPlanName"] == plan["RestoreTestingPlanName"]
    }
