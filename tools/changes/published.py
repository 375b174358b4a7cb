"""Values of replaced resources that a stack has read during its deployment (ADR 23)."""

from collections.abc import Iterator

from tools.changes.change import Change, Effect
from tools.changes.replacement import named, replaced
from tools.model.templates import Templates, of_type

READER = "Custom::DeployedValues"


def changes(before: Templates, now: Templates) -> Iterator[Change]:
    """Yield values that a stack has read from replaced resources.

    Args:
        before: deployed templates.
        now: templates of the coming deployment.
    """
    for stack, id_, properties in of_type(now, READER):
        if id_ not in before.get(stack, {}).get("Resources", {}):
            continue
        again = f'-c again="{id_[:-8]} <time>"'
        advice = f"Deploy, then `npx cdk deploy -c env=<env> {again} <env>/{stack}`."
        for name in properties["Names"]:
            for source in _replaced_sources(before, now, f"{properties['Path']}/{name}"):
                detail = f"{name} keeps the value of {source}, which is replaced"
                yield Change(Effect.INTERRUPTION, stack, id_, detail, advice)


def _replaced_sources(before: Templates, now: Templates, parameter: str) -> Iterator[str]:
    """Yield stack and logical id of each replaced resource behind a parameter."""
    for stack, _, properties in of_type(now, "AWS::SSM::Parameter"):
        if properties.get("Name") == parameter:
            sources = named(now, stack, properties["Value"])
            yield from (
                f"{producer}/{id_}"
                for producer, id_ in sources
                if replaced(before, now, producer, id_)
            )
