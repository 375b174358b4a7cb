"""Workspace of Amazon Managed Service for Prometheus."""

import aws_cdk as cdk
from aws_cdk import aws_aps as aps
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from constructs import Construct

from spotmusic_constructs.arns import key_arn
from spotmusic_constructs.location import location_of
from spotmusic_constructs.log_delivery import delivery_policy
from spotmusic_constructs.observability.prometheus import Workspace


class PrometheusWorkspace(Construct):
    """Encrypted workspace of Amazon Managed Service for Prometheus, with a log of rejected samples.

    Creates the workspace, its log group and the policy of the log group. The service retains
    samples for 150 days.

    Args:
        name: alias of the workspace, and last part of the name of the log group
            `/aws/vendedlogs/prometheus/<name>`. Managed policies of AWS for delivered logs contain
            that prefix.
        key: customer-managed key of the data class "logs", with a policy that admits `aps` on
            behalf of the account.
        log_retention: retention of the log group.
        removal_policy: removal policy of workspace and log group.

    Attributes:
        workspace: workspace for the release of Prometheus in the cluster.

    Example:
        PrometheusWorkspace(self, "Prometheus", name="spotmusic-prod", key=keys.logs).workspace
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        key: kms.IKey,
        log_retention: logs.RetentionDays = logs.RetentionDays.ONE_YEAR,
        removal_policy: cdk.RemovalPolicy = cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
    ) -> None:
        super().__init__(scope, construct_id)
        location = location_of(scope)
        log_group = logs.LogGroup(
            self,
            "LogGroup",
            log_group_name=f"/aws/vendedlogs/prometheus/{name}",
            encryption_key=key,
            retention=log_retention,
            removal_policy=removal_policy,
        )
        admission = logs.CfnResourcePolicy(
            self,
            "Policy",
            policy_name=f"{name}-prometheus",
            policy_document=delivery_policy(
                location, "DeliveriesOfThisAccountWrite", log_group.log_group_arn
            ),
        )
        resource = aps.CfnWorkspace(
            self,
            "Resource",
            alias=name,
            kms_key_arn=key_arn(key),
            logging_configuration=aps.CfnWorkspace.LoggingConfigurationProperty(
                log_group_arn=log_group.log_group_arn
            ),
        )
        resource.apply_removal_policy(removal_policy)
        resource.add_resource_dependency(admission)

        self.workspace = Workspace(
            arn=resource.attr_arn,
            workspace_id=resource.attr_workspace_id,
            region=location.region,
        )
