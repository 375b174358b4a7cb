"""Exports that retain network connections while tasks use them (docs/adr/0001)."""

import aws_cdk as cdk
from constructs import Construct

from spotmusic_cdk.settings import Settings


def export_connections(network: cdk.Stack, *, settings: Settings) -> None:
    """Export each connection of a service from the network stack.

    Rules are not exported, because a change of the number of brokers replaces them.
    """
    connections = Construct(network, "Connections")
    for name, service in settings.services.items():
        for word in service.connections:
            export = export_name(settings, name, word)
            cdk.CfnOutput(connections, f"{name}-{word}", value=word, export_name=export)


def import_connections(stack: cdk.Stack, *, settings: Settings) -> None:
    """Import the connections of each service into the stack of its tasks."""
    for name, service in settings.services.items():
        if service.connections:
            imports = [
                {"Fn::ImportValue": export_name(settings, name, word)}
                for word in service.connections
            ]
            value = cdk.Token.as_string({"Fn::Join": [" ", imports]})
            cdk.CfnOutput(
                stack, f"Connections-{name}", value=value, description=f"Connections of {name}"
            )


def export_name(settings: Settings, service: str, word: str) -> str:
    """Return the name of the export of a word of `talks_to`."""
    return f"{settings.stack_name('network')}:{service}-talks-to-{word}"
