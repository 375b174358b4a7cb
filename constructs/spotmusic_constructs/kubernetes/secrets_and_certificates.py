"""Certificate authority, certificates, and Secrets from AWS Secrets Manager."""

from collections.abc import Sequence
from typing import Unpack

from constructs import Construct

from spotmusic_constructs.kubernetes.certificate import Certificate
from spotmusic_constructs.kubernetes.external_secret import ExternalSecret
from spotmusic_constructs.kubernetes.helm_release import ChartRelease, LocalChart, Placement


class SecretsAndCertificates(ChartRelease):
    """Release of the certificates and Secrets that components refer to, deployed before them.

    Creates the release of the chart `trust`: with `creates_issuer` the ClusterIssuer and the
    ClusterSecretStore, and a Certificate or an ExternalSecret for each entry. Other stacks add
    their entries by a release without `creates_issuer`.

    Args:
        chart: local chart `trust`.
        release: name of the release, unique for each stack.
        region: region of the secrets.
        certificates: certificates of all components.
        external_secrets: Secrets of all components.
        creates_issuer: whether this release creates the ClusterIssuer and the ClusterSecretStore.
        authority_parameter: name of the parameter that receives the authority's certificate, for
            clients outside the cluster. Default: none.
        placement: cluster, and constructs that must be deployed before: cert-manager, External
            Secrets and its rights.

    Raises:
        ValueError: if two entries of one kind have the same name in a namespace.

    Example:
        SecretsAndCertificates(self, "Trust", cluster=cluster,
                               chart=LocalChart(path=charts / "trust"), region="sa-east-1",
                               certificates=kong.certificates,
                               external_secrets=kong.external_secrets,
                               after=[cert_manager, external_secrets])
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        chart: LocalChart,
        region: str,
        certificates: Sequence[Certificate],
        external_secrets: Sequence[ExternalSecret],
        release: str = "trust",
        creates_issuer: bool = True,
        authority_parameter: str | None = None,
        **placement: Unpack[Placement],
    ) -> None:
        for entries in (certificates, external_secrets):
            _reject_duplicates([(entry.namespace, entry.name) for entry in entries])
        super().__init__(
            scope,
            construct_id,
            chart=chart,
            release=release,
            namespace="cert-manager",
            values={
                "authority": {"enabled": creates_issuer},
                "publication": {"parameter": authority_parameter or "", "region": region},
                "store": {"enabled": creates_issuer, "region": region},
                "certificates": [certificate.to_values() for certificate in certificates],
                "externalSecrets": [secret.to_values() for secret in external_secrets],
            },
            # Helm 4 waits until every certificate is issued and every Secret exists, so that pods
            # need not wait.
            wait=True,
            **placement,
        )


def _reject_duplicates(names: Sequence[tuple[str, str]]) -> None:
    repeated = sorted(
        {f"{namespace}/{name}" for namespace, name in names if names.count((namespace, name)) > 1}
    )
    if repeated:
        raise ValueError(
            f"{', '.join(repeated)} is a duplicate name. Rename or remove one of the entries."
        )
