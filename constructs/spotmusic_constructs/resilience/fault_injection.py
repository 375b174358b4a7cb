"""Experiments of an environment, their stop alarms and their record."""

from collections.abc import Mapping, Sequence

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_eks_v2 as eks
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from constructs import Construct

from spotmusic_constructs.location import location_of
from spotmusic_constructs.log_delivery import delivery_policy
from spotmusic_constructs.resilience.experiment import Action, Experiment


class FaultInjection(Construct):
    """Experiments of AWS FIS with the same alarms and one encrypted record.

    Creates the log group and its policy; `add` creates an experiment template.

    Args:
        name: name of the policy of the log group.
        stop_alarms: alarms of which any stops an experiment.
        key: customer-managed key of the data class "logs".
        log_retention: retention of the log group.
        removal_policy: removal policy of the log group.

    Example:
        faults = FaultInjection(self, "Faults", name="spotmusic-staging-experiments",
                                stop_alarms=[errors], key=keys.logs)
        faults.add("Failover", description="Fail over the database",
                   actions={"failover": failover}, role=role)
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        stop_alarms: Sequence[cloudwatch.CfnAlarm],
        key: kms.IKey,
        log_retention: logs.RetentionDays = logs.RetentionDays.ONE_YEAR,
        removal_policy: cdk.RemovalPolicy = cdk.RemovalPolicy.RETAIN,
    ) -> None:
        super().__init__(scope, construct_id)
        self._stop_alarms = stop_alarms
        self.log_group = logs.LogGroup(
            self, "Log", encryption_key=key, retention=log_retention, removal_policy=removal_policy
        )
        self._admission = logs.CfnResourcePolicy(
            self,
            "LogPolicy",
            policy_name=name,
            policy_document=delivery_policy(
                location_of(scope), "ExperimentsOfThisAccountWrite", self.log_group.log_group_arn
            ),
        )

    def add(
        self,
        construct_id: str,
        *,
        description: str,
        actions: Mapping[str, Action],
        role: iam.IRole,
        may_miss: bool = False,
    ) -> Experiment:
        """Create an experiment template.

        Args:
            construct_id: name of the experiment.
            description: fault, in a sentence.
            actions: actions by name; all start at once.
            role: role with the rights of the actions.
            may_miss: whether an action without a target is skipped.
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


def admit_to_cluster(
    scope: Construct, construct_id: str, *, cluster_name: str, role: iam.IRole, user: str
) -> eks.CfnAccessEntry:
    """Admit experiments to a cluster as a Kubernetes user with the rights of its roles there."""
    return eks.CfnAccessEntry(
        scope,
        construct_id,
        cluster_name=cluster_name,
        principal_arn=role.role_arn,
        username=user,
        type="STANDARD",
    )
