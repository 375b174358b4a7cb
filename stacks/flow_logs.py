"""Flow logs of the VPC, with their key."""

from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_kms as kms

from spotmusic_cdk.settings import Settings
from spotmusic_constructs.log_retention import retention_of
from spotmusic_constructs.network.vpc_flow_logs import VpcFlowLogs
from spotmusic_constructs.secrets.data_keys import LOG_GROUPS
from spotmusic_constructs.secrets.encryption_key import EncryptionKey, KeyUse
from stacks.environment_stack import EnvironmentStack


def flow_logs(stack: EnvironmentStack, *, settings: Settings, vpc: ec2.IVpc) -> kms.IKey:
    """Create the flow logs, and return the key of logs in the network stack."""
    key = EncryptionKey(
        stack,
        "FlowLogKey",
        data_class="flow-logs",
        use=KeyUse(description="Flow logs of the VPC", via=(), principals=(LOG_GROUPS,)),
        removal_policy=stack.data_removal,
    ).key
    VpcFlowLogs(
        stack,
        "FlowLogs",
        vpc=vpc,
        key=key,
        log_retention=retention_of(settings.network.flow_log_retention_days),
        removal_policy=stack.data_removal,
    )
    return key
