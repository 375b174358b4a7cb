"""Kubernetes Secret that External Secrets creates from AWS Secrets Manager."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class SecretField:
    """Field of a JSON secret in Secrets Manager.

    Args:
        secret_arn: ARN of the secret.
        field: name of the field in its JSON.
    """

    secret_arn: str
    field: str


@dataclass(frozen=True, kw_only=True)
class ExternalSecret:
    """Kubernetes Secret and the source of each key.

    A component lists the Secrets that its values refer to, and the stack passes all of them to the
    chart that creates them. Each name has one owner.

    Args:
        namespace: namespace of the Secret.
        name: name of the Secret.
        fields: field in Secrets Manager by variable name.
        template: value by key of the Secret, as a Go template over the variables (`{{ .password
            }}`). Default: one key for each variable.
        labels: labels of the Secret, which operators use to select Secrets.

    Example:
        field = SecretField(secret_arn=admin.secret_arn, field="password")
        ExternalSecret(namespace="keycloak", name="keycloak-db", fields={"password": field})
    """

    namespace: str
    name: str
    fields: Mapping[str, SecretField]
    template: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)

    @property
    def keys(self) -> frozenset[str]:
        """Keys of the Secret."""
        return frozenset(self.template or self.fields)

    def to_values(self) -> dict[str, object]:
        """Return the entry of a chart's values, with the names of the ExternalSecret resource."""
        data = [
            {
                "secretKey": variable,
                "remoteRef": {"key": source.secret_arn, "property": source.field},
            }
            for variable, source in self.fields.items()
        ]
        return {
            "namespace": self.namespace,
            "name": self.name,
            "data": data,
            "template": dict(self.template),
            "labels": dict(self.labels),
        }
