"""Names in certificates, compared with the names that clients verify."""

from collections.abc import Iterator

from tests.charts.validation import name_of
from tools.model.cluster import Release, RenderedCluster
from tools.model.values import Json


def findings(platform: RenderedCluster) -> list[str]:
    """Return certificates without names, and server names without a certificate."""
    found = [
        problem
        for release, certificate in platform.of_kind("Certificate")
        for problem in _nameless(release, certificate)
    ]
    for release in platform.releases.values():
        if release.chart == "redpanda":
            found += _nameless_brokers(release)
    return found + list(_unknown_servers(platform))


def _nameless(release: str, certificate: Json) -> Iterator[str]:
    spec = certificate["spec"]
    if not (spec.get("dnsNames") or spec.get("isCA")):
        yield (
            f"{name_of(certificate)} of release {release} has no dnsNames: "
            "it would never be issued, and its pods wait for its Secret"
        )


def _nameless_brokers(release: Release) -> list[str]:
    """Certificates of brokers without `applyInternalDNSNames`, for which the chart renders
    `dnsNames: null`.
    """
    return [
        (
            f"{release}: tls.certs.{name} has an issuer and no applyInternalDNSNames: "
            "its Certificate would have no names, and never be issued"
        )
        for name, certificate in release.values["tls"]["certs"].items()
        if "issuerRef" in certificate
        and not certificate.get("applyInternalDNSNames")
        and certificate.get("enabled", True)
    ]


def _unknown_servers(platform: RenderedCluster) -> Iterator[str]:
    """Server names of monitors that no certificate of their namespace contains."""
    names: dict[str, set[str]] = {}
    for _, certificate in platform.of_kind("Certificate"):
        names.setdefault(certificate["metadata"]["namespace"], set()).update(
            certificate["spec"].get("dnsNames") or []
        )
    for release in platform.releases.values():
        # Names that the chart of the brokers adds.
        names.setdefault(release.namespace, set()).update(
            {"redpanda.redpanda.svc"} if release.chart == "redpanda" else ()
        )
    for release_name, monitor in platform.of_kind("ServiceMonitor"):
        for endpoint in monitor["spec"]["endpoints"]:
            server = (endpoint.get("tlsConfig") or {}).get("serverName")
            namespace = monitor["metadata"]["namespace"]
            if (
                server
                and "ca" in endpoint["tlsConfig"]
                and not _covers(names.get(namespace, set()), server)
            ):
                yield (
                    f"{name_of(monitor)} of release {release_name} expects {server}, which no "
                    f"certificate of {namespace} has"
                )


def _covers(names: set[str], server: str) -> bool:
    return server in names or f"*.{server.partition('.')[2]}" in names
