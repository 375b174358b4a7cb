"""Alarms that the emulator's CloudWatch rejects: metric math, and composite alarms that watch one."""

from typing import Any

from tools.local_aws.provisioning import Handler, Resource
from tools.local_aws.stub import Register, recorded, recorded_if

_METRIC_ALARM = "AWS::CloudWatch::Alarm"


def metric_alarm(service: Handler, register: Register) -> Handler:
    """Returns the handler of `AWS::CloudWatch::Alarm`. The emulator stores one metric per alarm and
    drops expressions.

    Args:
        service: the emulator's own handler.
        register: where the records go.
    """
    recorder = recorded(register, attributes=_attributes)
    return recorded_if(lambda alarm: bool(alarm.properties.get("Metrics")), otherwise=service, recorder=recorder, register=register)


def composite_alarm(service: Handler, register: Register) -> Handler:
    """Returns the handler of `AWS::CloudWatch::CompositeAlarm`. The emulator rejects rules with
    unknown alarms.

    Args:
        service: the handler that calls the service.
        register: where the records go.
    """

    def watches_a_record(alarm: Resource) -> bool:
        rule = str(alarm.properties.get("AlarmRule", ""))
        return any(name in rule for name in register.identifiers(_METRIC_ALARM, alarm.region))

    return recorded_if(watches_a_record, otherwise=service, recorder=recorded(register, attributes=_attributes), register=register)


def _attributes(resource: Resource, identifier: str) -> dict[str, Any]:
    return {"Arn": f"arn:aws:cloudwatch:{resource.region}:{resource.account}:alarm:{identifier}"}
