"""Metric math of percentages without gaps, for CloudWatch alarms."""


def bad_percent(bad: str, total: str) -> str:
    """Return the expression for the percentage of bad requests, 0 to 100, without gaps.

    More bad requests than requests give 100. The divisor is at least one.

    Args:
        bad: expression that counts bad requests, with its gaps filled.
        total: expression that counts requests, with its gaps filled.

    Example:
        bad_percent("FILL(errors, 0)", "FILL(requests, 0)")
    """
    return f"100 * ({bad}) / IF(({total}) > ({bad}), {total}, IF(({bad}) > 0, {bad}, 1))"
