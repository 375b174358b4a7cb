"""Names of ECS services in Parameter Store, for stacks without imports of them."""

from collections.abc import Iterator, Mapping, Sequence

import aws_cdk as cdk
from aws_cdk import aws_ssm as ssm
from constructs import Construct

NAMES_PER_PARAMETER = 20
"""Services of one parameter. Parameters of Parameter Store and of templates have at most 4,096
bytes (AWS quotas, read 2026-11). An entry has at most 114: twice a name of 24, 64 that
CloudFormation adds (the stack name has up to 35), and two separators."""
_BEGIN, _EQUALS = "|", "="


class ServiceNames(Construct):
    """Parameters with the names of services.

    An export cannot be deleted while a stack imports it. A parameter can: a stack that reads it
    keeps the value of its last update, so a service can be deleted first. Creates one String
    parameter for every 20 services.

    Args:
        path: path of the parameters, such as `/spotmusic/dev/ecs-services`.
        service_names: name of each ECS service by the name of the service.

    Example:
        ServiceNames(self, "Names", path="/spotmusic/dev/ecs-services",
                     service_names={"playback": playback.service.service_name})
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, path: str, service_names: Mapping[str, str]
    ) -> None:
        super().__init__(scope, construct_id)
        for number, page in enumerate(_pages(list(service_names))):
            value = "".join(
                f"{_BEGIN}{service}{_EQUALS}{service_names[service]}" for service in page
            )
            ssm.CfnParameter(
                self,
                f"Page{number}",
                type="String",
                name=f"{path}/{number}",
                description="Names of ECS services",
                value=value,
            )


def published_names(scope: Construct, *, path: str, services: Sequence[str]) -> dict[str, str]:
    """Return the names in the parameters of `ServiceNames`, by the name of the service.

    CloudFormation reads them at each creation and update of the stack, which fails without the
    parameter or the service.

    Args:
        scope: parent of the template parameters.
        path: path of `ServiceNames`.
        services: services of `ServiceNames`, in the same order.
    """
    found: dict[str, str] = {}
    for number, page in enumerate(_pages(services)):
        read = cdk.CfnParameter(
            scope,
            f"ServiceNames{number}",
            type="AWS::SSM::Parameter::Value<String>",
            default=f"{path}/{number}",
        )
        value = read.value_as_string
        for service in page:
            rest = {"Fn::Select": [1, {"Fn::Split": [f"{_BEGIN}{service}{_EQUALS}", value]}]}
            found[service] = cdk.Token.as_string({"Fn::Select": [0, {"Fn::Split": [_BEGIN, rest]}]})
    return found


def _pages(services: Sequence[str]) -> Iterator[Sequence[str]]:
    yield from (
        services[first : first + NAMES_PER_PARAMETER]
        for first in range(0, len(services), NAMES_PER_PARAMETER)
    )
