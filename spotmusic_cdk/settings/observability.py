"""Observability, resilience and operators sections of an environment file."""

from typing import Annotated

from pydantic import Field, StringConstraints

from spotmusic_cdk.settings.model import Email, HttpsAddress, LogDays, Model, Unordered


class SlackSettings(Model):
    """Slack channel that shows alarms."""

    workspace: Annotated[str, StringConstraints(pattern=r"^T[0-9A-Z]{6,20}$")]
    """Id of the workspace, such as T0123ABCD, not its name. Authorize it first in the console of
    Amazon Q Developer in chat applications."""
    channel: Annotated[str, StringConstraints(pattern=r"^[CG][0-9A-Z]{6,20}$")]
    """Id of the channel, such as C0123ABCD, not its name: the last part of the link that Slack
    copies."""


class ObservabilitySettings(Model):
    """Logs, alarms and budgets."""

    access_log_days: LogDays = 365
    """Days that records of access are kept; Marco Civil (art. 15) requires six months. These have
    up to 184 days, and the next value of CloudWatch Logs is 365."""
    security_log_days: LogDays = 365
    """Days that security records are kept: audit logs of databases, the control plane, events, and
    functions that handle secrets."""
    alarm_emails: Annotated[tuple[Email, ...], Field(max_length=20), Unordered] = ()
    """Addresses that receive alarms; each recipient confirms the subscription once."""
    alarm_endpoints: Annotated[tuple[HttpsAddress, ...], Field(max_length=10), Unordered] = ()
    """HTTPS addresses of on-call services that accept messages of Amazon SNS, such as PagerDuty's
    `https://events.pagerduty.com/integration/KEY/enqueue`; they confirm automatically. The template
    contains the address, with its key. An incoming webhook of Slack cannot receive messages of SNS:
    use `alarm_slack`."""
    pager_endpoints: Annotated[tuple[HttpsAddress, ...], Field(max_length=10), Unordered] = ()
    """Addresses of the same kind that receive only critical alarms and alerts, which need a
    response at night. Budgets and events of databases use `alarm_emails` and `alarm_endpoints`."""
    runbooks_url: HttpsAddress | None = None
    """Address of the folder `docs/runbooks` of the deployed commit in a browser, such as
    `https://git.example.com/spotmusic/-/blob/main/docs/runbooks`. The text of each alarm and alert
    ends with the link to its page. Without the address, it ends with the path in the repository."""
    alarm_slack: SlackSettings | None = None
    """Slack channel that shows alarms and budgets. Set an address as well, because events of
    databases and alerts of the cluster use only addresses. Members of the channel receive no rights
    in the account."""
    monthly_budget_usd: Annotated[int, Field(ge=1, le=1_000_000_000)] = 2000
    """Budget of the account for a month. Alarms: 80% spent, 100% forecast, and a day that costs a
    tenth of it. Synthesis warns if audio of the declared listeners (`capacity.listeners`) of
    production costs more."""

    @property
    def daily_budget_usd(self) -> float:
        """Three times the average day of the month's budget."""
        return round(self.monthly_budget_usd / 10, 2)

    @property
    def runbooks(self) -> str:
        """Address or folder of the runbooks, without a slash at its end."""
        return (self.runbooks_url or "docs/runbooks").rstrip("/")


class ResilienceSettings(Model):
    """Fault injection (docs/game-day.md)."""

    fault_injection: bool = False
    """Experiment templates of AWS FIS. A template has no effect until an operator starts it."""


class OperatorsSettings(Model):
    """Access of people to private components: the Kubernetes API, databases, the cache and the
    services.
    """

    network: bool = True
    """Security group `operators`, for an environment of AWS CloudShell in the VPC, and a task for
    tunnels of Session Manager (docs/access.md). An authorized person starts them, and neither is
    open to the Internet. A private API server requires this access."""
