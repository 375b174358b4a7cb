"""Experiments of AWS FIS: actions, targets and stop alarms."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_fis as fis
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from constructs import Construct

PODS = "aws:eks:pod"
LOG_SCHEMA = 2
"""Version of the records (AWS FIS user guide, experiment logging)."""

_VALUE = re.compile(r"[\w\s.:/=+@-]+")
"""Valid parameters of a target (AWS FIS API reference, CreateExperimentTemplateTargetInput). The
schema of CloudFormation, and with it cfn-lint, accepts any text."""


@dataclass(frozen=True, kw_only=True)
class Target:
    """Resources that an experiment may affect.

    Args:
        resource_type: type by AWS FIS's name, such as `aws:ec2:subnet`.
        tags: tags that a resource must have, all of them. AWS FIS ignores tags of pods.
        parameters: further conditions, by AWS FIS's names for the type.
        filters: values by path in the answer of the service's Describe call.
        selection: `ALL`, or `COUNT(1)` for one at random.

    Raises:
        ValueError: if neither tags nor parameters select a resource, or AWS FIS would reject a
            parameter.
    """

    resource_type: str
    tags: Mapping[str, str] = field(default_factory=dict)
    parameters: Mapping[str, str] = field(default_factory=dict)
    filters: Mapping[str, str] = field(default_factory=dict)
    selection: str = "ALL"

    def __post_init__(self) -> None:
        if not (self.parameters if self.resource_type == PODS else self.tags):
            raise ValueError(
                f"{self.resource_type}: no target is selected. "
                "Set tags, or for pods parameters: cluster, namespace and label."
            )
        for name, value in self.parameters.items():
            if not cdk.Token.is_unresolved(value) and not _VALUE.fullmatch(value):
                raise ValueError(
                    f"parameters: AWS FIS rejects {name}={value!r}. "
                    "Use letters, digits, spaces and _.:/=+-@, and no comma."
                )


@dataclass(frozen=True, kw_only=True)
class Action:
    """Action on a target.

    Args:
        action_id: action of AWS FIS.
        target: the target.
        target_key: name of the target in the action, such as `Subnets`.
        parameters: parameters of the action.
    """

    action_id: str
    target: Target
    target_key: str
    parameters: Mapping[str, str] = field(default_factory=dict)


class Experiment(Construct):
    """Experiment template of AWS FIS.

    Creates the template. Experiments affect this account only, and are recorded.

    Args:
        description: fault, in a sentence.
        actions: actions by name; all start at once.
        role: role with the rights of the actions.
        stop_alarms: alarms of which any stops the experiment; at least one.
        log_group: log group of the record.
        may_miss: whether an action without a target is skipped; otherwise the experiment fails.

    Raises:
        ValueError: if there is no stop alarm.

    Example:
        Experiment(self, "Failover", description="Fail over the database",
                   actions={"failover": failover}, role=role, stop_alarms=[errors],
                   log_group=log_group)
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        description: str,
        actions: Mapping[str, Action],
        role: iam.IRole,
        stop_alarms: Sequence[cloudwatch.CfnAlarm],
        log_group: logs.ILogGroup,
        may_miss: bool = False,
    ) -> None:
        super().__init__(scope, construct_id)
        if not stop_alarms:
            raise ValueError(
                f"{construct_id}: stop_alarms is empty. "
                "Add an alarm that fires when listeners are affected."
            )
        template = fis.CfnExperimentTemplate
        self.template = template(
            self,
            "Template",
            description=description,
            actions={
                name: template.ExperimentTemplateActionProperty(
                    action_id=action.action_id,
                    parameters=dict(action.parameters) or None,
                    targets={action.target_key: name},
                )
                for name, action in actions.items()
            },
            targets={name: _target(action.target) for name, action in actions.items()},
            stop_conditions=[
                template.ExperimentTemplateStopConditionProperty(
                    source="aws:cloudwatch:alarm", value=alarm.attr_arn
                )
                for alarm in stop_alarms
            ],
            experiment_options=template.ExperimentTemplateExperimentOptionsProperty(
                account_targeting="single-account",
                empty_target_resolution_mode="skip" if may_miss else "fail",
            ),
            log_configuration=template.ExperimentTemplateLogConfigurationProperty(
                log_schema_version=LOG_SCHEMA,
                # Untyped, because CDK (aws-cdk-lib 2.275) writes the typed property with a
                # lower-case letter that CloudFormation refuses.
                cloud_watch_logs_configuration={"LogGroupArn": log_group.log_group_arn},
            ),
            role_arn=role.role_arn,
            tags={"Name": construct_id},
        )


def _target(target: Target) -> fis.CfnExperimentTemplate.ExperimentTemplateTargetProperty:
    template = fis.CfnExperimentTemplate
    return template.ExperimentTemplateTargetProperty(
        resource_type=target.resource_type,
        resource_tags=dict(target.tags) or None,
        parameters=dict(target.parameters) or None,
        filters=[
            template.ExperimentTemplateTargetFilterProperty(path=path, values=[value])
            for path, value in target.filters.items()
        ]
        or None,
        selection_mode=target.selection,
    )
