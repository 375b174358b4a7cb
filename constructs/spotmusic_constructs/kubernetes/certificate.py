"""TLS certificate that cert-manager issues from the platform's own authority."""

from dataclasses import dataclass

INTERNAL_CA = "spotmusic-internal-ca"
"""ClusterIssuer of all internal certificates."""


@dataclass(frozen=True, kw_only=True)
class Certificate:
    """Certificate resource and its Secret with the key, the chain and the authority (`ca.crt`).

    Args:
        namespace: namespace of the Certificate and the Secret.
        name: name of the Certificate and the Secret.
        dns_names: names that clients call the server by.

    Example:
        Certificate(namespace="kong", name="kong-proxy-tls", dns_names=("kong-proxy.kong.svc",))
    """

    namespace: str
    name: str
    dns_names: tuple[str, ...]

    def to_values(self) -> dict[str, object]:
        """Return the entry of a chart's values."""
        return {"namespace": self.namespace, "name": self.name, "dnsNames": list(self.dns_names)}


def service_names(service: str, namespace: str, *, pods: bool = False) -> tuple[str, ...]:
    """Return the DNS names of a Service, and with `pods` those of a headless Service's pods."""
    names = (f"{service}.{namespace}.svc", f"{service}.{namespace}.svc.cluster.local")
    return (*names, *(f"*.{name}" for name in names)) if pods else names
