"""The role that publishes the metrics of a database's operating system."""

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from constructs import Construct

from spotmusic_constructs.acknowledge import acknowledge

_POLICY = "service-role/AmazonRDSEnhancedMonitoringRole"


def monitoring_role(scope: Construct) -> iam.Role:
    """Makes the role of enhanced monitoring, which only RDS of this account takes."""
    role = iam.Role(
        scope,
        "MonitoringRole",
        description="Publishes the metrics of the operating system",
        assumed_by=iam.ServicePrincipal(
            "monitoring.rds.amazonaws.com", conditions={"StringEquals": {"aws:SourceAccount": cdk.Stack.of(scope).account}}
        ),
        managed_policies=[iam.ManagedPolicy.from_aws_managed_policy_name(_POLICY)],
    )
    finding = f"AwsSolutions::AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/{_POLICY}]"
    acknowledge(role, {finding: "RDS asks for this policy by name; it writes to the log group RDSOSMetrics only."})
    return role
