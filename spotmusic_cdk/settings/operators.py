"""The operators section of an environment file: the way of people into the network."""

from spotmusic_cdk.settings.model import Model


class OperatorsSettings(Model):
    """Access of people to what has no public address: the Kubernetes API, databases, the cache and the services."""

    network: bool = True
    """Security group `operators`, for an environment of AWS CloudShell in the VPC, and a task for tunnels of Session Manager
    (docs/access.md). Nothing stands in it until a person with the rights to do so starts one, and nothing is opened to the Internet.
    Without it nobody reaches a private API server."""
