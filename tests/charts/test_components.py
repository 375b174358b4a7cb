"""Certificates of components, and TLS of Grafana. Properties 103 to 105 cover the rest."""

from collections.abc import Callable

from tests.charts import transport
from tests.model.cluster import RenderedCluster


def test_grafana_uses_tls(deployed: Callable[[str], RenderedCluster], environment: str) -> None:
    ini = deployed(environment).releases["monitoring"].values["grafana"]["grafana.ini"]
    assert ini["server"]["protocol"] == "https"
    assert ini["database"]["ssl_mode"] == "true"
    assert ini["auth.anonymous"]["enabled"] is False


def test_certificates_name_their_servers(whole: RenderedCluster) -> None:
    assert transport.findings(whole) == []
