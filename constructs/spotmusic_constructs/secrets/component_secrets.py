"""Passwords of the components on Kubernetes and of their client services."""

from collections.abc import Iterable, Mapping

import aws_cdk as cdk
from aws_cdk import aws_kms as kms
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from spotmusic_constructs.secrets.generated_secret import GeneratedSecret, ManualRotation


class ComponentSecrets(Construct):
    """Passwords of Redpanda, RabbitMQ, Keycloak and Grafana, one secret for each user.

    Creates generated secrets `{"username": …, "password": …}`, and one `{"grafana": …}` of
    Keycloak's OIDC clients. They are replaced by hand: a component accepts one password of a user
    at a time, so both sides must change together.

    Args:
        key: customer-managed key of the data class "secrets".
        event_users: users of Redpanda: its client services.
        task_users: users of RabbitMQ: its client services.
        manual_rotation: owner and due date of the replacement.
        removal_policy: policy of the secrets when the stack is deleted.

    Example:
        secrets = ComponentSecrets(
            self,
            "Components",
            key=keys.secrets,
            event_users=["playback"],
            task_users=["web-api"],
            manual_rotation=by_hand,
        )
        secrets.redpanda_users["playback"].grant_read(role)
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        key: kms.IKey,
        event_users: Iterable[str],
        task_users: Iterable[str],
        manual_rotation: ManualRotation,
        removal_policy: cdk.RemovalPolicy = cdk.RemovalPolicy.RETAIN,
    ) -> None:
        super().__init__(scope, construct_id)

        def user(id_: str, username: str, description: str) -> secretsmanager.ISecret:
            return GeneratedSecret(
                self,
                id_,
                key=key,
                description=description,
                username=username,
                manual_rotation=manual_rotation,
                removal_policy=removal_policy,
            ).secret

        def users(component: str, names: Iterable[str]) -> Mapping[str, secretsmanager.ISecret]:
            return {
                name: user(f"{component}-{name}", name, f"{component} user of {name}")
                for name in names
            }

        self.redpanda_admin = user("RedpandaAdmin", "admin", "Redpanda superuser")
        self.redpanda_users = users("Redpanda", event_users)
        self.rabbitmq_default_user = user(
            "RabbitMQDefaultUser", "operator", "RabbitMQ administrator"
        )
        self.rabbitmq_monitor = user(
            "RabbitMQMonitor", "queue-depth", "RabbitMQ user that only counts waiting messages"
        )
        self.rabbitmq_users = users("RabbitMQ", task_users)
        self.keycloak_admin = user(
            "KeycloakAdmin", "admin", "Keycloak administrator of the master realm"
        )
        self.keycloak_automation = user(
            "KeycloakAutomation", "automation", "Keycloak service account of the realm's jobs"
        )
        self.grafana_admin = user(
            "GrafanaAdmin", "admin", "Grafana administrator, for the day that Keycloak is down"
        )
        self.keycloak_clients = GeneratedSecret(
            self,
            "KeycloakClients",
            key=key,
            description="Secrets of the OIDC clients that Keycloak knows, by client id",
            generated_field="grafana",
            manual_rotation=manual_rotation,
            removal_policy=removal_policy,
        ).secret
