"""`Fn::GetStackOutput` for outputs of stacks in any region of the account."""

from collections.abc import Callable
from typing import Any

Resolve = Callable[..., Any]


class UnresolvableOutputError(ValueError):
    """The output does not exist or is not readable. CloudFormation fails the resource with this
    message.
    """


def with_stack_outputs(resolve: Resolve, *, stacks: Any, account: Callable[[], str], region: Callable[[], str]) -> Resolve:
    """Wraps the emulator's resolver of intrinsic functions, which finds stacks of the reader's
    region only.

    Args:
        resolve: the emulator's resolver: its first argument is the value, the others resolve
            references.
        stacks: the emulator's stacks, by account, region and name.
        account: the current request's account id.
        region: the current request's region.
    """

    def resolved(value: Any, *context: Any) -> Any:
        if not (isinstance(value, dict) and set(value) == {"Fn::GetStackOutput"}):
            return resolve(value, *context)
        asked = {name: resolved(part, *context) for name, part in value["Fn::GetStackOutput"].items()}
        if "RoleArn" in asked:
            raise UnresolvableOutputError("Fn::GetStackOutput with RoleArn reads another account; the embedded AWS has one account only")
        return _output(stacks, account(), asked.get("Region") or region(), asked["StackName"], asked["OutputName"])

    return resolved


def _output(stacks: Any, account: str, region: str, stack_name: str, output_name: str) -> str:
    stack = stacks.get_scoped(account, region, stack_name) or {}
    if stack.get("StackStatus", "DELETE_COMPLETE") != "DELETE_COMPLETE":
        for output in stack.get("Outputs", []):
            if output["OutputKey"] == output_name:
                return str(output["OutputValue"])
    raise UnresolvableOutputError(f"Output '{output_name}' of stack '{stack_name}' not found in {region}")
