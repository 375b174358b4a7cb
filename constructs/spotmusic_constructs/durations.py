"""Durations, created once for each length, because each one is a call to the CDK process."""

from functools import cache

import aws_cdk as cdk


@cache
def seconds(amount: int) -> cdk.Duration:
    """Return a duration of seconds."""
    return cdk.Duration.seconds(amount)


@cache
def minutes(amount: int) -> cdk.Duration:
    """Return a duration of minutes."""
    return cdk.Duration.minutes(amount)


@cache
def hours(amount: int) -> cdk.Duration:
    """Return a duration of hours."""
    return cdk.Duration.hours(amount)


@cache
def days(amount: int) -> cdk.Duration:
    """Return a duration of days."""
    return cdk.Duration.days(amount)
