"""A Kubernetes Secret that External Secrets makes from AWS Secrets Manager."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class SecretField:
    """One field of a JSON secret in Secrets Manager.

    Args:
        secret_arn: ARN of the secret.
        field: name of the field in its JSON.
    """

    secret_arn: str
    field: str


@dataclass(frozen=True, kw_only=True)
class ExternalSecret:
    """A Kubernetes Secret and where each of its keys comes from.

    A component names the Secrets that its values refer to; the stack hands all of them to the chart that makes them. So no
    name is written twice, and none refers to nothing.

    Args:
        namespace: namespace of the Secret.
        name: name of the Secret.
        fields: field of Secrets Manager by variable name.
        template: value by key of the Secret, as a Go template over the variables (`{{ .password }}`); each variable becomes a
            key of its own when left out.
        labels: labels of the Secret, by which an operator finds those that are meant for it.

    Example:
        ExternalSecret(namespace="keycloak", name="keycloak-db", fields={"password": SecretField(secret_arn=arn, field="password")})
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
        """Returns the entry of a chart's values that describes it, with the names that the ExternalSecret resource uses."""
        data = [
            {"secretKey": variable, "remoteRef": {"key": source.secret_arn, "property": source.field}}
            for variable, source in self.fields.items()
        ]
        return {"namespace": self.namespace, "name": self.name, "data": data, "template": dict(self.template), "labels": dict(self.labels)}
