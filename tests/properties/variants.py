"""Production with the other cache engine: only three of the eight stacks differ."""

import json
from pathlib import Path

import aws_cdk as cdk

from spotmusic_cdk.settings import Settings
from stacks.data import DataStack
from stacks.network import NetworkStack
from stacks.secrets import SecretsStack
from tests.conftest import Template, feature_flags

VALKEY = "prod-valkey"


def with_valkey(settings: Settings) -> Settings:
    """Returns the environment with the other engine."""
    cache = settings.data.cache.model_copy(update={"engine": "valkey"})
    return settings.model_copy(update={"data": settings.data.model_copy(update={"cache": cache})})


def data_templates(settings: Settings) -> dict[str, Template]:
    """Synthesizes the data stack and its dependencies."""
    stage = cdk.Stage(cdk.App(context=feature_flags()), settings.name)
    network, secrets = NetworkStack(stage, settings=settings), SecretsStack(stage, settings=settings)
    DataStack(stage, settings=settings, network=network, secrets=secrets)
    assembly = stage.synth()
    return {
        stack.display_name.split("/")[1].split(" ")[0]: json.loads(Path(assembly.directory, stack.template_file).read_text())
        for stack in assembly.stacks
    }
