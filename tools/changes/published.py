"""Values that a stack reads while it is deployed, and keeps when their resource is replaced
(docs/adr/0023).
"""

from collections.abc import Iterator

from tools.changes.change import Change, Effect
from tools.changes.replacement import named, replaced
from tools.model.templates import Templates

READER = "Custom::DeployedValues"


def changes(before: Templates, now: Templates) -> Iterator[Change]:
    """Yields the values that a stack has read from a resource that is replaced.

    Args:
        before: deployed templates.
        now: templates of the coming deployment.
    """
    for stack, template in now.items():
        for id_, resource in template["Resources"].items():
            if resource["Type"] == READER and id_ in before.get(stack, {}).get("Resources", {}):
                again = f'`npx cdk deploy -c env=<env> -c again="{id_[:-8]} <time>" <env>/{stack}`'
                for name in resource["Properties"]["Names"]:
                    for source in _replaced_sources(
                        before, now, f"{resource['Properties']['Path']}/{name}"
                    ):
                        detail = f"{name} stays the one of {source}, which is replaced"
                        yield Change(
                            effect=Effect.INTERRUPTION,
                            stack=stack,
                            subject=id_,
                            detail=detail,
                            advice=f"Deploy, then {again}.",
                        )


def _replaced_sources(before: Templates, now: Templates, parameter: str) -> Iterator[str]:
    """Yields stack and logical id of each replaced resource behind a parameter."""
    for stack, template in now.items():
        for resource in template["Resources"].values():
            if (
                resource["Type"] == "AWS::SSM::Parameter"
                and resource["Properties"].get("Name") == parameter
            ):
                for producer, id_ in named(now, stack, resource["Properties"]["Value"]):
                    if replaced(before, now, producer, id_):
                        yield f"{producer}/{id_}"
