"""Values of resources that a stack has read during its deployment (ADR 23)."""

from collections.abc import Iterator

from tools.changes.change import Change, Effect
from tools.changes.replacement import named, replaced
from tools.model.templates import Templates, of_type

READER = "Custom::DeployedValues"


def changes(before: Templates, now: Templates) -> Iterator[Change]:
    """Yield values that a stack has read and that an update replaces, moves or deletes.

    Args:
        before: deployed templates.
        now: templates of the coming deployment.
    """
    for stack, id_, properties in of_type(before, READER):
        if id_ not in now.get(stack, {}).get("Resources", {}):
            continue
        again = f'-c again="{id_[:-8]} <time>"'
        reads_again = f"Deploy, then `npx cdk deploy -c env=<env> {again} <env>/{stack}`."
        first = f"Deploy {stack} first: `npx cdk deploy -c env=<env> --exclusively <env>/{stack}`."
        for name in properties["Names"]:
            parameter = f"{properties['Path']}/{name}"
            old, new = _sources(before, parameter), _sources(now, parameter)
            if old and not new:
                detail = f"{name} is deleted with its resource before {stack} uses another"
                yield Change(Effect.INTERRUPTION, stack, id_, detail, first)
                continue
            for producer, source in old:
                if replaced(before, now, producer, source):
                    why = "which is replaced"
                elif (producer, source) not in new:
                    why = "and CloudFormation does not read the new one"
                else:
                    continue
                detail = f"{name} keeps the value of {producer}/{source}, {why}"
                yield Change(Effect.INTERRUPTION, stack, id_, detail, reads_again)


def _sources(templates: Templates, parameter: str) -> list[tuple[str, str]]:
    """Return stack and logical id of each resource behind a parameter."""
    return [
        source
        for stack, _, properties in of_type(templates, "AWS::SSM::Parameter")
        if properties.get("Name") == parameter
        for source in named(templates, stack, properties["Value"])
    ]
