"""Configuration of services in Parameter Store."""

import re
from collections.abc import Mapping

from aws_cdk import aws_iam as iam
from aws_cdk import aws_ssm as ssm
from constructs import Construct

from spotmusic_constructs.location import location_of

_STANDARD_BYTES = 4096
"""Longest value of the tier Standard. The tier Advanced allows 8 KiB, for 0.05 USD a month (AWS
Systems Manager pricing, 2026-11). A parameter does not return from it."""
_ID_SEPARATORS = re.compile(r"[^a-zA-Z0-9]+")


class ParameterTree(Construct):
    """Parameters below one path, for configuration that is not secret and equal for all services.

    Creates one String parameter per value. Names are explicit because services read them by path;
    ARNs are known at synthesis, so readers in other stacks need no reference.

    Args:
        path: path of the tree, such as `/spotmusic/dev`.
        parameters: value by name below the path, such as `{"kafka/bootstrap-servers":
            "brokers.internal:9093"}`. No secrets: every reader of the path reads these parameters.

    Example:
        tree = ParameterTree(self, "Parameters", path="/spotmusic/dev",
                             parameters={"log-level": "info"})
        tree.grant_read(task_role)
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, path: str, parameters: Mapping[str, str]
    ) -> None:
        super().__init__(scope, construct_id)
        self.path = path
        location = location_of(scope)
        self._arn = location.arn("ssm", "parameter")
        self.names = tuple(f"{path}/{name}" for name in parameters)

        for name, value in parameters.items():
            tier = "Advanced" if len(value.encode()) > _STANDARD_BYTES else None
            ssm.CfnParameter(
                self,
                _ID_SEPARATORS.sub("-", name),
                type="String",
                tier=tier,
                name=f"{path}/{name}",
                value=value,
            )

    def arn_of(self, name: str) -> str:
        """Return the ARN of the parameter with this full name, or of the path itself."""
        return f"{self._arn}{name}"

    def grant_read(self, grantee: iam.IGrantable) -> iam.Grant:
        """Let `grantee` read every parameter of the tree, one by one or all by their path."""
        return iam.Grant.add_to_principal(
            grantee=grantee,
            actions=["ssm:GetParameter", "ssm:GetParameters", "ssm:GetParametersByPath"],
            resource_arns=[self.arn_of(self.path), *map(self.arn_of, self.names)],
        )
