"""Metric math of shares, for CloudWatch alarms that must not be silent when a metric has a gap."""


def bad_percent(bad: str, asked: str) -> str:
    """Returns the expression for the percentage of bad requests, from 0 to 100, with a value at all times.

    Bad requests that were not counted among those asked count as all that was asked. The divisor is at least one.

    Args:
        bad: expression that counts bad requests, with its gaps filled.
        asked: expression that counts requests, with its gaps filled.

    Example:
        bad_percent("FILL(errors, 0)", "FILL(requests, 0)")
    """
    return f"100 * ({bad}) / IF(({asked}) > ({bad}), {asked}, IF(({bad}) > 0, {bad}, 1))"
