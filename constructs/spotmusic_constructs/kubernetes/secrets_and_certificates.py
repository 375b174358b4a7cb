"""Who is trusted in the cluster: the platform's own authority, its certificates, and secrets from AWS Secrets Manager."""

from collections.abc import Sequence
from typing import Unpack

from constructs import Construct

from spotmusic_constructs.kubernetes.certificate import Certificate
from spotmusic_constructs.kubernetes.external_secret import ExternalSecret
from spotmusic_constructs.kubernetes.helm_release import ChartRelease, LocalChart, Placement


class SecretsAndCertificates(ChartRelease):
    """The certificates and Secrets that components name, each made in one release before them.

    Creates the release of the chart `trust`: the authority and the store of secrets where `creates_issuer` says so, and a Certificate or
    an ExternalSecret for each entry. Another stack brings its own entries by a second release that creates_issuer nothing.

    Args:
        chart: our chart `trust`.
        release: name of the release, one for each stack.
        region: region of the secrets.
        certificates: certificates of all components.
        external_secrets: Secrets of all components.
        creates_issuer: whether this release makes the authority and the store.
        authority_parameter: name of the parameter into which the authority's certificate is written, for clients outside the
            cluster that meet it; none when none does.
        placement: cluster, and constructs that must be deployed before: cert-manager, External Secrets and its rights.

    Raises:
        ValueError: two entries of one kind have one name in one namespace, of which only one would be made.

    Example:
        SecretsAndCertificates(self, "Trust", cluster=cluster, chart=LocalChart(path=CHARTS / "trust"), region="sa-east-1",
              certificates=kong.certificates, external_secrets=kong.external_secrets, after=[cert_manager, external_secrets])
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
            _refuse_repetition([(entry.namespace, entry.name) for entry in entries])
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
            # With Helm 4 it is done when every certificate is issued and every Secret there, so that no pod waits for one.
            wait=True,
            **placement,
        )


def _refuse_repetition(names: Sequence[tuple[str, str]]) -> None:
    repeated = sorted({f"{namespace}/{name}" for namespace, name in names if names.count((namespace, name)) > 1})
    if repeated:
        raise ValueError(f"{', '.join(repeated)} is asked for twice. Give each its own name, or ask once.")
