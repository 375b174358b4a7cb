"""The observability section of an environment file."""

from typing import Annotated

from pydantic import Field

from spotmusic_cdk.settings.model import Email, HttpsAddress, LogDays, Model, Once


class ObservabilitySettings(Model):
    """Logs, alarms and money."""

    access_log_days: LogDays = 180
    """Days that records of access are kept; Marco Civil (art. 15) asks for six months."""
    security_log_days: LogDays = 365
    """Days that security records are kept: audit logs of databases, the control plane, events, and functions that handle secrets."""
    alarm_emails: Annotated[tuple[Email, ...], Once, Field(max_length=20)] = ()
    """Who is told of an alarm; each address has to confirm its subscription once."""
    alarm_endpoints: Annotated[tuple[HttpsAddress, ...], Once, Field(max_length=10)] = ()
    """HTTPS addresses of services of on-call that take messages of Amazon SNS, such as PagerDuty's
    `https://events.pagerduty.com/integration/KEY/enqueue`; they confirm by themselves. The address, with its key, is in the template. An
    incoming webhook of Slack takes no messages of SNS: connect Slack to the topics with Amazon Q Developer in chat applications."""
    monthly_budget_usd: Annotated[int, Field(ge=1, le=1_000_000_000)] = 2000
    """Budget of the account for a month; alarms at 80% spent and 100% forecast. The synthesis warns where production declares a
    peak (`resilience.peak.listeners`) whose audio alone costs more."""
