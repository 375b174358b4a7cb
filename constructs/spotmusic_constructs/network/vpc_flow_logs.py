"""VPC flow logs of accepted and rejected traffic."""

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from constructs import Construct

from spotmusic_constructs.arns import key_arn
from spotmusic_constructs.location import Location, location_of
from spotmusic_constructs.log_retention import days_of
from spotmusic_constructs.rights import Rights, allow


class VpcFlowLogs(Construct):
    """Flow log of accepted and rejected traffic of a VPC, in an encrypted log group.

    Creates the log group, the flow log and its role, which only flow logs of this account can
    assume.

    Args:
        vpc: VPC to record.
        key: customer-managed key with a policy that admits CloudWatch Logs in this region.
        log_retention: retention of the log group. PCI DSS (requirement 10.5.1) requires a year for
            audit trails.
        removal_policy: policy of the log group when its stack is deleted.

    Example:
        VpcFlowLogs(self, "FlowLogs", vpc=vpc, key=key)
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        vpc: ec2.IVpc,
        key: kms.IKey,
        log_retention: logs.RetentionDays = logs.RetentionDays.ONE_YEAR,
        removal_policy: cdk.RemovalPolicy = cdk.RemovalPolicy.RETAIN,
    ) -> None:
        super().__init__(scope, construct_id)

        self.log_group = logs.CfnLogGroup(
            self, "LogGroup", kms_key_id=key_arn(key), retention_in_days=days_of(log_retention)
        )
        self.log_group.apply_removal_policy(removal_policy)
        role = iam.Role(
            self,
            "Role",
            assumed_by=_flow_logs_of_this_account(location_of(scope)),
            description="Writes the flow logs of the VPC",
        )
        stream = ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"]
        rights = Rights(
            self,
            "Policy",
            role=role,
            statements=[allow(stream, [self.log_group.attr_arn])],
            description="Streams of the flow log group",
        )
        flow_log = ec2.CfnFlowLog(
            self,
            "FlowLog",
            resource_id=vpc.vpc_id,
            resource_type="VPC",
            traffic_type="ALL",
            log_destination_type="cloud-watch-logs",
            log_group_name=self.log_group.ref,
            deliver_logs_permission_arn=role.role_arn,
        )
        flow_log.node.add_dependency(*rights.policies)


def _flow_logs_of_this_account(location: Location) -> iam.ServicePrincipal:
    """Principal of flow logs of this account only (Amazon VPC user guide, flow logs)."""
    return iam.ServicePrincipal(
        "vpc-flow-logs.amazonaws.com",
        conditions={
            "StringEquals": {"aws:SourceAccount": location.account},
            "ArnLike": {"aws:SourceArn": location.arn("ec2", "vpc-flow-log/*")},
        },
    )
