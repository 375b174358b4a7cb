"""Values of another stack that is deployed at the same time."""

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct, IDependable

from spotmusic_constructs import durations
from spotmusic_constructs.location import location_of
from spotmusic_constructs.platform_function import (
    CUSTOM_RESOURCE_FINDINGS,
    CUSTOM_RESOURCES,
    PlatformFunction,
)
from spotmusic_constructs.rights import allow

MOST_NAMES = 10
"""Parameters of one request (AWS Systems Manager API, GetParameters)."""


class DeployedValues(PlatformFunction):
    """Values of a `ParameterTree` in another stack, read during the deployment.

    A reference between stacks delays the whole later stack until the earlier one is complete. With
    this construct both are deployed at the same time, and only the users of the values wait.
    Creates the function, its role, its log group and the custom resource. The function waits up to
    14 minutes until all parameters exist; then the deployment fails. CloudFormation does not call
    it again when a value changes: publish the value of another resource under another name.

    Args:
        path: path of the tree.
        parameter_names: names below the path, letters and digits only; at most ten.
        log_key: customer-managed key of the data class "logs".
        log_retention: retention of the function's log group.
        after: constructs that must be deployed before the wait begins, such as a resource that
            takes as long as the other stack.

    Raises:
        ValueError: if there are more than ten names.

    Example:
        values = DeployedValues(self, "DataValues", path="/spotmusic/dev/data",
                                parameter_names=["CacheHost"], log_key=keys.logs)
        host = values.of("CacheHost")
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        path: str,
        parameter_names: Sequence[str],
        log_key: kms.IKey,
        log_retention: logs.RetentionDays = logs.RetentionDays.ONE_YEAR,
        after: Sequence[IDependable] = (),
    ) -> None:
        if len(parameter_names) > MOST_NAMES:
            raise ValueError(
                f"parameter_names: {len(parameter_names)} names exceed the limit of a request, "
                f"{MOST_NAMES}. Use two constructs."
            )
        location = location_of(scope)
        super().__init__(
            scope,
            construct_id,
            description="Reads values of another stack for a deployment",
            code=lambda_.Code.from_asset(str(CUSTOM_RESOURCES), exclude=["__pycache__"]),
            handler="deployed_values.handler",
            statements=[
                allow(
                    ["ssm:GetParameters"],
                    [location.arn("ssm", f"parameter{path}/{name}") for name in parameter_names],
                )
            ],
            log_key=log_key,
            log_retention=log_retention,
            timeout=durations.minutes(15),
            acknowledged=CUSTOM_RESOURCE_FINDINGS,
        )
        self._values = cdk.CustomResource(
            self,
            "Resource",
            resource_type="Custom::DeployedValues",
            service_token=self.arn,
            service_timeout=durations.minutes(16),
            properties={"Path": path, "Names": list(parameter_names)},
        )
        self._values.node.add_dependency(*self.rights.policies, *after)

    def of(self, name: str) -> str:
        """Value of a parameter."""
        return self._values.get_att_string(name)
