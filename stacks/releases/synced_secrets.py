"""Secrets that External Secrets Operator copies to the cluster."""

from aws_cdk import aws_secretsmanager as secretsmanager

from spotmusic_constructs.arns import secret_handle
from stacks.realm import secrets_of
from stacks.releases.release_context import ReleaseContext


def synced_secrets(context: ReleaseContext) -> tuple[secretsmanager.ISecret, ...]:
    """Return all secrets that pods read, including Grafana's."""
    secrets = context.secrets.secrets
    return (
        secrets.redpanda_admin,
        *((context.redpanda_license,) if context.redpanda_license else ()),
        *context.redpanda_users.values(),
        secrets.rabbitmq_default_user,
        secrets.rabbitmq_monitor,
        *context.rabbitmq_users.values(),
        secrets.keycloak_admin,
        secrets.keycloak_automation,
        secrets.keycloak_clients,
        secrets.grafana_admin,
        *context.data.users.values(),
        *(
            secret_handle(context.stack, f"RealmSecret{place}", arn)
            for place, arn in enumerate(dict.fromkeys(secrets_of(context.settings)))
        ),
    )
