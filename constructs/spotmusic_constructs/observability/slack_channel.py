"""Slack channel of alarms."""

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_chatbot as chatbot
from aws_cdk import aws_iam as iam
from constructs import Construct

NO_RIGHTS = "AWSDenyAll"
"""Guardrail of the channel. The default is AdministratorAccess (AWS CloudFormation user guide,
SlackChannelConfiguration)."""


class SlackChannel(Construct):
    """Slack channel that receives alarms and grants no rights in the account.

    Creates the configuration of Amazon Q Developer in chat applications, formerly AWS Chatbot, and
    its role. The role has no rights, so alarms are shown without graphs. The guardrail denies
    members the rights of their own roles. Authorize the workspace in the console first, once for
    each account. SNS decrypts messages before it delivers them, so the keys of the topics need no
    statement for Amazon Q.

    Args:
        name: name of the configuration, of letters, digits, `-` and `_`, unique in the account.
        slack_workspace_id: id of the workspace, such as T0123ABCD.
        slack_channel_id: id of the channel, such as C0123ABCD.
        topic_arns: topics of alarms, of any region. Alarms of CloudWatch, budgets and events of
            EventBridge are shown; text of any other form is dropped.

    Example:
        SlackChannel(self, "Slack", name="spotmusic-prod", slack_workspace_id="T0123ABCD",
                     slack_channel_id="C0123ABCD", topic_arns=[recipients.topic.topic_arn])
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        slack_workspace_id: str,
        slack_channel_id: str,
        topic_arns: Sequence[str],
    ) -> None:
        super().__init__(scope, construct_id)
        role = iam.Role(
            self,
            "Role",
            description="Role of the Slack channel of alarms, without rights",
            # AWS documents no condition keys (Amazon Q Developer in chat applications administrator
            # guide); the role has no rights.
            assumed_by=iam.ServicePrincipal("chatbot.amazonaws.com"),
        )
        chatbot.CfnSlackChannelConfiguration(
            self,
            "Resource",
            # CloudFormation creates the configuration of another workspace before it deletes the
            # first: names must differ.
            configuration_name=f"{name}-{slack_workspace_id}",
            slack_workspace_id=slack_workspace_id,
            slack_channel_id=slack_channel_id,
            iam_role_arn=role.role_arn,
            guardrail_policies=[f"arn:{cdk.Aws.PARTITION}:iam::aws:policy/{NO_RIGHTS}"],
            logging_level="ERROR",
            sns_topic_arns=list(topic_arns),
        )
