"""Where experiments belong: the alarms that end them, and the record of what they did."""

from collections.abc import Mapping, Sequence

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_eks as eks
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from constructs import Construct

from spotmusic_constructs.resilience.experiment import Action, Experiment


class FaultInjection(Construct):
    """Experiments of AWS FIS with the same alarms and one encrypted record.

    Creates the log group and the policy that lets experiments of this account write to it; `add` makes an experiment template.

    Args:
        name: name of the log group's policy, which CloudWatch Logs demands.
        stop_alarms: alarms of which any ends an experiment.
        key: customer-managed key of the data class "logs".
        retention: how long records are kept.
        removal_policy: what happens to the records when their stack goes.

    Example:
        faults = FaultInjection(self, "Faults", name="spotmusic-staging-experiments", stop_alarms=[errors], key=keys.logs)
        faults.add("Failover", description="The database fails over", actions={"failover": action}, role=role)
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        stop_alarms: Sequence[cloudwatch.CfnAlarm],
        key: kms.IKey,
        retention: logs.RetentionDays = logs.RetentionDays.ONE_YEAR,
        removal_policy: cdk.RemovalPolicy = cdk.RemovalPolicy.RETAIN,
    ) -> None:
        super().__init__(scope, construct_id)
        stack = cdk.Stack.of(self)
        self._stop_alarms = stop_alarms
        self.log_group = logs.LogGroup(self, "Log", encryption_key=key, retention=retention, removal_policy=removal_policy)
        self._admission = logs.CfnResourcePolicy(
            self, "LogPolicy", policy_name=name, policy_document=stack.to_json_string(_delivered_from(stack, self.log_group.log_group_arn))
        )

    def add(
        self, construct_id: str, *, description: str, actions: Mapping[str, Action], role: iam.IRole, may_miss: bool = False
    ) -> Experiment:
        """Makes an experiment.

        Args:
            construct_id: its name.
            description: what is lost, in a sentence.
            actions: actions by name; all begin at once.
            role: role with the rights of the actions.
            may_miss: whether an action that finds no target is left out.
        """
        experiment = Experiment(
            self,
            construct_id,
            description=description,
            actions=actions,
            role=role,
            stop_alarms=self._stop_alarms,
            log_group=self.log_group,
            may_miss=may_miss,
        )
        experiment.node.add_dependency(self._admission, role)
        return experiment


def admit_to_cluster(scope: Construct, construct_id: str, *, cluster: str, role: iam.IRole, user: str) -> eks.CfnAccessEntry:
    """Lets experiments into a cluster as a user of Kubernetes, who may what roles of the cluster say and nothing else."""
    return eks.CfnAccessEntry(scope, construct_id, cluster_name=cluster, principal_arn=role.role_arn, username=user, type="STANDARD")


def _delivered_from(stack: cdk.Stack, log_group_arn: str) -> dict[str, object]:
    """Who writes for AWS FIS: CloudWatch Logs itself (Amazon CloudWatch Logs user guide, logs sent to CloudWatch Logs)."""
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "ExperimentsOfThisAccountWrite",
                "Effect": "Allow",
                "Principal": {"Service": "delivery.logs.amazonaws.com"},
                "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
                "Resource": log_group_arn,
                "Condition": {
                    "StringEquals": {"aws:SourceAccount": stack.account},
                    "ArnLike": {"aws:SourceArn": f"arn:{stack.partition}:logs:{stack.region}:{stack.account}:*"},
                },
            }
        ],
    }
