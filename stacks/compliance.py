"""Validator and policy packs of a synthesis."""

import aws_cdk as cdk
from cdk_nag import AwsSolutionsChecks, NIST80053R5Checks


def register(app: cdk.App, *, validator: bool = False) -> None:
    """Register AwsSolutions and NIST 800-53 revision 5; findings fail the synthesis.

    Args:
        app: the application.
        validator: registers CDK's validator of templates too, which CDK omits with
            `CDK_VALIDATION=false` (default: False).
    """
    own = [cdk.CloudFormationValidatePlugin()] if validator else []
    cdk.Validations.of(app).add_plugins(*own, AwsSolutionsChecks(app), NIST80053R5Checks(app))
