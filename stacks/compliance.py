"""Policy packs of every synthesis."""

import aws_cdk as cdk
from cdk_nag import AwsSolutionsChecks, NIST80053R5Checks


def register(app: cdk.App) -> None:
    """Registers AwsSolutions and NIST 800-53 revision 5; findings fail the synthesis."""
    cdk.Validations.of(app).add_plugins(AwsSolutionsChecks(app), NIST80053R5Checks(app))
