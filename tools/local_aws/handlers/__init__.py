"""Handlers of resource types whose service API the emulator has, but not its CloudFormation: one
module per service.
"""

from tools.local_aws.handlers import (
    backup,
    budgets,
    cloudfront,
    cloudwatch,
    ec2,
    ecs,
    eks,
    iam,
    logs,
    rds,
    secretsmanager,
    wafv2,
)
from tools.local_aws.provisioning import Handler

SERVICE_HANDLERS: dict[str, Handler] = {
    **backup.HANDLERS,
    **budgets.HANDLERS,
    **cloudfront.HANDLERS,
    **cloudwatch.HANDLERS,
    **ec2.HANDLERS,
    **ecs.HANDLERS,
    **eks.HANDLERS,
    **iam.HANDLERS,
    **logs.HANDLERS,
    **rds.HANDLERS,
    **secretsmanager.HANDLERS,
    **wafv2.HANDLERS,
}
