"""Retention of log groups, by the kind of record."""

from dataclasses import dataclass

from aws_cdk import aws_logs as logs

_PERIODS = {
    1: logs.RetentionDays.ONE_DAY,
    3: logs.RetentionDays.THREE_DAYS,
    5: logs.RetentionDays.FIVE_DAYS,
    7: logs.RetentionDays.ONE_WEEK,
    14: logs.RetentionDays.TWO_WEEKS,
    30: logs.RetentionDays.ONE_MONTH,
    60: logs.RetentionDays.TWO_MONTHS,
    90: logs.RetentionDays.THREE_MONTHS,
    120: logs.RetentionDays.FOUR_MONTHS,
    150: logs.RetentionDays.FIVE_MONTHS,
    180: logs.RetentionDays.SIX_MONTHS,
    365: logs.RetentionDays.ONE_YEAR,
    400: logs.RetentionDays.THIRTEEN_MONTHS,
    545: logs.RetentionDays.EIGHTEEN_MONTHS,
    731: logs.RetentionDays.TWO_YEARS,
    1096: logs.RetentionDays.THREE_YEARS,
    1827: logs.RetentionDays.FIVE_YEARS,
    2192: logs.RetentionDays.SIX_YEARS,
    2557: logs.RetentionDays.SEVEN_YEARS,
    2922: logs.RetentionDays.EIGHT_YEARS,
    3288: logs.RetentionDays.NINE_YEARS,
    3653: logs.RetentionDays.TEN_YEARS,
}
"""Retention periods of CloudWatch Logs by their days (Amazon CloudWatch Logs API,
PutRetentionPolicy)."""
_SIX_MONTHS = 184
"""Longest six months of a calendar, in days."""


def retention_of(days: int) -> logs.RetentionDays:
    """Return the shortest retention of at least `days` and six months, up to ten years."""
    return next(
        retention for known, retention in _PERIODS.items() if known >= max(days, _SIX_MONTHS)
    )


def days_of(retention: logs.RetentionDays) -> int | None:
    """Return the days of a retention; None if logs do not expire."""
    return next((days for days, known in _PERIODS.items() if known == retention), None)


@dataclass(frozen=True, kw_only=True)
class LogRetention:
    """Retention of log groups by the kind of record, for constructs that write both kinds.

    A construct that writes one kind takes its retention as `log_retention`.

    Args:
        access: retention of records of access; six months and more (Marco Civil da Internet,
            article 15).
        security: retention of security records; a year (PCI DSS 4.0.1, requirement 10.5.1).

    Example:
        LogRetention(access=retention_of(184), security=retention_of(731))
    """

    access: logs.RetentionDays = logs.RetentionDays.ONE_YEAR
    security: logs.RetentionDays = logs.RetentionDays.ONE_YEAR


KEPT = LogRetention()
"""Shortest retention that law and standard allow."""
