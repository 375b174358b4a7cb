"""Name, partition, region and account of a stack."""

from dataclasses import dataclass
from functools import cache
from weakref import WeakKeyDictionary

import aws_cdk as cdk
from aws_cdk.region_info import RegionInfo
from constructs import IConstruct


@dataclass(frozen=True, kw_only=True)
class Location:
    """Stack, partition, region and account: names, or references that CloudFormation resolves."""

    stack_name: str
    partition: str
    region: str
    account: str

    def arn(
        self, service: str, resource: str, *, region: str | None = None, account: str | None = None
    ) -> str:
        """Return an ARN here.

        Args:
            service: namespace of the service, such as `ecs`.
            resource: last part, such as `cluster/services`.
            region: another region, or the empty string for a global resource.
            account: another account, or the empty string for a resource without one.
        """
        region = self.region if region is None else region
        account = self.account if account is None else account
        return f"arn:{self.partition}:{service}:{region}:{account}:{resource}"


_LOCATIONS: WeakKeyDictionary[IConstruct, Location] = WeakKeyDictionary()


def place(stack: cdk.Stack, *, stack_name: str, region: str, account: str | None) -> None:
    """Record the location of a stack from its arguments.

    This avoids calls to the CDK process, except for an unknown partition or account.

    Args:
        stack: stack to record.
        stack_name: name of the stack.
        region: region of the stack.
        account: account of the stack. Default: that of the credentials.
    """
    partition = _partition(region) or stack.partition
    _LOCATIONS[stack] = Location(
        stack_name=stack_name,
        partition=partition,
        region=region,
        account=account or _this_account(),
    )


@cache
def facts_of(region: str) -> RegionInfo | None:
    """Return CDK's facts on a region, or None if the region is a reference."""
    return None if cdk.Token.is_unresolved(region) else RegionInfo.get(region)


@cache
def _partition(region: str) -> str | None:
    facts = facts_of(region)
    return facts.partition if facts else None


@cache
def _this_account() -> str:
    return cdk.Aws.ACCOUNT_ID


def location_of(construct: IConstruct) -> Location:
    """Return the location of the construct's stack, read once for each stack.

    Each property of a stack is a call to the CDK process, and so is the stack of a construct: a
    construct passes its scope, which others have as well.
    """
    if construct not in _LOCATIONS:
        stack = construct if isinstance(construct, cdk.Stack) else cdk.Stack.of(construct)
        if stack not in _LOCATIONS:
            _LOCATIONS[stack] = Location(
                stack_name=stack.stack_name,
                partition=stack.partition,
                region=stack.region,
                account=stack.account,
            )
        _LOCATIONS[construct] = _LOCATIONS[stack]
    return _LOCATIONS[construct]
