"""What policy packs find on a database, and why it stays."""

ACKNOWLEDGED = {
    "AwsSolutions::AwsSolutions-RDS11": (
        "Who may connect is decided by security groups that name each client; another port would only surprise MySQL's clients."
    ),
    "NIST.800.53.R5::NIST.800.53.R5-RDSLoggingEnabled[LogExport::general]": (
        "The general log holds every statement with listeners' data in it (LGPD art. 6); the audit, error and slow query logs are exported."
    ),
}


def deviations(*, multi_az: bool, production: bool) -> dict[str, str]:
    """Returns what an environment that no listener depends on does without."""
    findings: dict[str, str] = {}
    if not multi_az:
        reason = "No listener depends on this environment, and its file does without a standby; production refuses to."
        findings["AwsSolutions::AwsSolutions-RDS3"] = reason
        findings["NIST.800.53.R5::NIST.800.53.R5-RDSMultiAZSupport"] = reason
    if not production:
        reason = "No listener depends on this environment: it may be taken down, and leaves a last snapshot unless it says otherwise twice."
        findings["AwsSolutions::AwsSolutions-RDS10"] = reason
        findings["NIST.800.53.R5::NIST.800.53.R5-RDSInstanceDeletionProtectionEnabled"] = reason
    return findings
