"""A TLS certificate that cert-manager issues from the platform's own authority."""

from dataclasses import dataclass

INTERNAL_CA = "spotmusic-internal-ca"
"""ClusterIssuer of every certificate inside the platform."""


@dataclass(frozen=True, kw_only=True)
class Certificate:
    """A Certificate resource and the Secret of the same name that holds its key, its chain and the authority (`ca.crt`).

    Args:
        namespace: namespace of both.
        name: name of both.
        dns_names: names that clients call the server by.

    Example:
        Certificate(namespace="kong", name="kong-proxy-tls", dns_names=("kong-proxy.kong.svc",))
    """

    namespace: str
    name: str
    dns_names: tuple[str, ...]

    def to_values(self) -> dict[str, object]:
        """Returns the entry of a chart's values that describes it."""
        return {"namespace": self.namespace, "name": self.name, "dnsNames": list(self.dns_names)}


def service_names(service: str, namespace: str, *, pods: bool = False) -> tuple[str, ...]:
    """Returns the names by which pods call a Service, and with `pods` those of the pods behind a headless one."""
    names = (f"{service}.{namespace}.svc", f"{service}.{namespace}.svc.cluster.local")
    return (*names, *(f"*.{name}" for name in names)) if pods else names
