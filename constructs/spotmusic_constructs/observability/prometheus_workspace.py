"""Where Prometheus keeps its samples for good."""

from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_aps as aps
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from constructs import Construct

from spotmusic_constructs.observability.prometheus import Workspace


class PrometheusWorkspace(Construct):
    """An encrypted workspace of Amazon Managed Service for Prometheus, with a log of what it refuses.

    Creates the workspace, its log group and the policy that lets the service write there. Samples are kept for 150 days, the
    service's default.

    Args:
        name: name that the console shows, and last part of the log group's name `/aws/vendedlogs/prometheus/<name>`: AWS' own
            policies for delivered logs know that prefix.
        key: customer-managed key of the data class "logs", whose policy admits `aps` on behalf of the account.
        retention: how long log events are kept.
        removal_policy: what happens to workspace and log group when their stack goes.

    Example:
        workspace = PrometheusWorkspace(self, "Prometheus", name="spotmusic-prod", key=keys.logs)
        workspace.prometheus_endpoint
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        key: kms.IKey,
        retention: logs.RetentionDays = logs.RetentionDays.ONE_YEAR,
        removal_policy: cdk.RemovalPolicy = cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
    ) -> None:
        super().__init__(scope, construct_id)
        stack = cdk.Stack.of(self)
        log_group = logs.LogGroup(
            self,
            "LogGroup",
            log_group_name=f"/aws/vendedlogs/prometheus/{name}",
            encryption_key=key,
            retention=retention,
            removal_policy=removal_policy,
        )
        admission = logs.CfnResourcePolicy(
            self, "Policy", policy_name=f"{name}-prometheus", policy_document=stack.to_json_string(_policy(stack, log_group.log_group_arn))
        )
        resource = aps.CfnWorkspace(
            self,
            "Resource",
            alias=name,
            kms_key_arn=key.key_arn,
            logging_configuration=aps.CfnWorkspace.LoggingConfigurationProperty(log_group_arn=log_group.log_group_arn),
        )
        resource.apply_removal_policy(removal_policy)
        resource.add_resource_dependency(admission)

        self.arn = resource.attr_arn
        self._workspace_id = resource.attr_workspace_id
        self.prometheus_endpoint = resource.attr_prometheus_endpoint
        """Address of the workspace, ending in a slash."""

    @property
    def workspace(self) -> Workspace:
        """What the release of Prometheus in the cluster has to know."""
        return Workspace(arn=self.arn, workspace_id=self._workspace_id, region=cdk.Stack.of(self).region)


def _policy(stack: cdk.Stack, log_group_arn: str) -> dict[str, Any]:
    source = f"arn:{stack.partition}:logs:{stack.region}:{stack.account}:*"
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "DeliveriesOfThisAccountWrite",
                "Effect": "Allow",
                "Principal": {"Service": "delivery.logs.amazonaws.com"},
                "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
                "Resource": log_group_arn,
                "Condition": {"StringEquals": {"aws:SourceAccount": stack.account}, "ArnLike": {"aws:SourceArn": source}},
            }
        ],
    }
