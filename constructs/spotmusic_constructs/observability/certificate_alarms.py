"""Alarms of certificates."""

from collections.abc import Mapping

from constructs import Construct

from spotmusic_constructs.observability.alarm import (
    AlarmGroup,
    AlarmRule,
    MetricSource,
    Recipients,
    Thresholds,
)

DAYS: Thresholds = {"warning": 30, "critical": 14}
"""ACM renews certificates of 198 days 45 days before the end, older ones 60 (AWS announcement of
2026-02-18; ACM user guide, managed renewal): at 30 days, renewal has failed for two weeks."""


class CertificateAlarms(AlarmGroup):
    """Alarms of ACM certificates that are not renewed in time.

    Certificates of CloudFront, and therefore their alarms, are in us-east-1.

    Args:
        recipients: topics, in the region of the certificates.
        certificate_arns: ARN of each certificate by a CamelCase name.
        days_to_expiry: days to the end.

    Example:
        CertificateAlarms(self, "CertificateAlarms", recipients=recipients,
                          certificate_arns={"Gateway": certificate.certificate_arn})
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        recipients: Recipients,
        certificate_arns: Mapping[str, str],
        days_to_expiry: Thresholds = DAYS,
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            recipients=recipients,
            runbook="certificate",
            rules=[
                AlarmRule(
                    name=name,
                    summary=f"TLS certificate {name}: it expires soon and was not renewed.",
                    # Measured twice a day.
                    watch=MetricSource(
                        namespace="AWS/CertificateManager",
                        name="DaysToExpiry",
                        dimensions={"CertificateArn": arn},
                        statistic="Minimum",
                        period=86_400,
                    ),
                    thresholds=days_to_expiry,
                    comparison="<",
                    periods=1,
                    missing_data="missing",
                )
                for name, arn in certificate_arns.items()
            ],
        )
