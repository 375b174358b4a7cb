"""Stacks of an assembly without files."""

from pathlib import Path
from typing import Any

from tools.local_aws import ACCOUNT
from tools.local_aws.assembly import SynthesizedStack


def stack_of(**resources: dict[str, Any]) -> SynthesizedStack:
    """Stack `dev/data` with these resources."""
    return SynthesizedStack(
        id="dev/data",
        name="spotmusic-dev-data",
        account=ACCOUNT,
        region="sa-east-1",
        template=Path("data.template.json"),
        dependencies=set(),
        protected=False,
        resources=resources,
    )
