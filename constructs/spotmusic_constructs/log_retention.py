"""Retention of log groups, by the kind of record."""

from dataclasses import dataclass

from aws_cdk import aws_logs as logs

_KNOWN = {
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
"""Retention periods of CloudWatch Logs (Amazon CloudWatch Logs API, PutRetentionPolicy) that exceed
six months, which are 181 to 184 days."""


def retention_of(days: int) -> logs.RetentionDays:
    """Returns the shortest retention of CloudWatch Logs of at least `days`, up to ten years."""
    return next(retention for known, retention in _KNOWN.items() if known >= days)


def days_of(retention: logs.RetentionDays) -> int:
    """Returns the days of a retention, for resources that take a number.

    Raises:
        ValueError: the retention is not between one and ten years.
    """
    for days, known in _KNOWN.items():
        if known == retention:
            return days
    raise ValueError(f"{retention.name}: logs are kept between one and ten years. Use `retention_of(days)`.")


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
