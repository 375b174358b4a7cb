"""Log group, trust policy and tags of CDK's function for the default security group."""

from typing import cast

import aws_cdk as cdk
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from constructs import Construct

from spotmusic_constructs.arns import key_arn
from spotmusic_constructs.location import location_of
from spotmusic_constructs.log_retention import days_of
from spotmusic_constructs.tagging import tag_like

_PROVIDER = "Custom::VpcRestrictDefaultSGCustomResourceProvider"


class DefaultGroupFunction(Construct):
    """Log group, trust policy and tags of the function behind `restrict_default_security_group`.

    Creates an encrypted log group with a retention, which Lambda's own lacks; restricts the trust
    policy of the role to Lambda of this account; and tags function and role. A stack has one such
    function.

    Args:
        key: customer-managed key with a policy that admits CloudWatch Logs in this region.
        log_retention: retention of the log group.

    Raises:
        RuntimeError: if no VPC of the stack restricts its default security group.

    Example:
        ThreeTierVpc(self, "Network", cidr="10.40.0.0/16",
                     availability_zones=["sa-east-1a", "sa-east-1b", "sa-east-1c"])
        DefaultGroupFunction(self, "DefaultGroupFunction", key=keys.logs)
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        key: kms.IKey,
        log_retention: logs.RetentionDays = logs.RetentionDays.ONE_YEAR,
    ) -> None:
        super().__init__(scope, construct_id)
        stack = cdk.Stack.of(self)
        location = location_of(stack)
        log_group = logs.CfnLogGroup(
            self, "Logs", kms_key_id=key_arn(key), retention_in_days=days_of(log_retention)
        )
        # It records deployments of this stack only, which CloudTrail records as well.
        log_group.apply_removal_policy(cdk.RemovalPolicy.DESTROY)

        provider = stack.node.find_child(_PROVIDER)
        function, role = (
            cast("cdk.CfnResource", provider.node.find_child(name)) for name in ("Handler", "Role")
        )
        function.add_property_override("LoggingConfig", {"LogGroup": log_group.ref})
        this_account = {"StringEquals": {"aws:SourceAccount": location.account}}
        role.add_property_override("AssumeRolePolicyDocument.Statement.0.Condition", this_account)
        tag_like(log_group, function, role)
