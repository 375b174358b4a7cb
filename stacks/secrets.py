"""Secrets stack: keys, secrets and configuration for all other stacks."""

from datetime import date

from constructs import Construct

from spotmusic_cdk.connections.brokers import AMQP_ENDPOINT, BOOTSTRAP_SERVERS, SCHEMA_REGISTRY
from spotmusic_cdk.connections.catalogue import AUTHORITY
from spotmusic_cdk.connections.connection import ISSUER, LOG_LEVEL
from spotmusic_cdk.settings import Settings
from spotmusic_constructs.arns import secret_arn
from spotmusic_constructs.data.rds_ca import rds_ca
from spotmusic_constructs.messaging.rabbitmq import AMQPS_PORT
from spotmusic_constructs.secrets.component_secrets import ComponentSecrets
from spotmusic_constructs.secrets.data_keys import create_data_keys
from spotmusic_constructs.secrets.generated_secret import ManualRotation
from spotmusic_constructs.secrets.parameter_tree import ParameterTree
from spotmusic_constructs.secrets.signing_key_pair import SigningKeyPair
from spotmusic_constructs.secrets.signing_key_provider import SigningKeyProvider
from spotmusic_constructs.streaming.redpanda_values import (
    ADVERTISED_SCHEMA_REGISTRY_PORT,
    BOOTSTRAP_PORT,
)
from stacks.environment_stack import EnvironmentStack

ROTATE_BEFORE = date(2027, 5, 24)
"""Due date of the manual rotation of secrets, half a year after the last one. Move it with each
rotation."""
RUNBOOK = "docs/runbooks/secret-rotation.md"


class SecretsStack(EnvironmentStack):
    """Keys by class of data, passwords of components, key pairs of audio URLs, and configuration.

    Attributes:
        keys: keys by class of data.
        secrets: passwords of Redpanda, RabbitMQ, Keycloak and Grafana.
        signing_keys: key pairs in the order of the environment file. The first one signs.
        parameters: configuration below `/spotmusic/<environment>`.
    """

    def __init__(self, scope: Construct, *, settings: Settings) -> None:
        super().__init__(
            scope,
            "secrets",
            settings=settings,
            data_class="secret",
            description=(
                "Spotmusic: encryption keys, secrets that components share, "
                "and configuration that services read"
            ),
        )
        by_hand = ManualRotation(owner=settings.owner, before=ROTATE_BEFORE, runbook=RUNBOOK)

        self.keys = create_data_keys(self, removal_policy=self.data_removal)
        self.secrets = ComponentSecrets(
            self,
            "Components",
            key=self.keys.secrets,
            event_users=settings.services_talking_to("events"),
            task_users=settings.services_talking_to("tasks"),
            manual_rotation=by_hand,
            removal_policy=self.data_removal,
        )
        provider = SigningKeyProvider(
            self,
            "SigningKeyProvider",
            log_key=self.keys.logs,
            log_retention=self.log_retention.security,
        )
        self.signing_keys = tuple(
            SigningKeyPair(
                self,
                f"SigningKey-{name}",
                key_name=name,
                key=self.keys.secrets,
                provider=provider,
                manual_rotation=by_hand,
                removal_policy=self.data_removal,
            )
            for name in settings.edge.signing_keys
        )
        for pair in self.signing_keys:
            # A rotation changes which pair signs: an export of the signer alone would be in use.
            self.export_value(secret_arn(pair.private_key))
        self.parameters = ParameterTree(
            self, "Parameters", path=settings.parameter_path, parameters=_configuration(settings)
        )


def _configuration(settings: Settings) -> dict[str, str]:
    """Return addresses for services. The private zone determines them before resources exist."""
    zone = settings.private_domain
    # Without a domain there is no certificate inside the VPC.
    scheme = "https" if settings.domain else "http"
    return {
        "environment": settings.name,
        "region": settings.region,
        LOG_LEVEL: "info" if settings.production else "debug",
        BOOTSTRAP_SERVERS: f"brokers.{zone}:{BOOTSTRAP_PORT}",
        SCHEMA_REGISTRY: f"https://brokers.{zone}:{ADVERTISED_SCHEMA_REGISTRY_PORT}",
        AMQP_ENDPOINT: f"amqps://brokers.{zone}:{AMQPS_PORT}",
        "gateway/url": f"{scheme}://gateway.{zone}",
        "services/url": f"{scheme}://services.{zone}",
        ISSUER: settings.issuer,
        AUTHORITY: rds_ca(settings.region),
    }
