"""Certificates of components, and Grafana's doors. Quorum, TLS and volumes are properties 103 to 105, in tests/properties."""

from collections.abc import Callable

from tests.charts import transport
from tests.model.cluster import RenderedCluster


def test_grafana_and_its_database_speak_tls(deployed: Callable[[str], RenderedCluster], environment: str) -> None:
    ini = deployed(environment).releases["monitoring"].values["grafana"]["grafana.ini"]
    assert ini["server"]["protocol"] == "https"
    assert ini["database"]["ssl_mode"] == "true"
    assert ini["auth.anonymous"]["enabled"] is False


def test_certificates_have_the_names_of_their_servers(whole: RenderedCluster) -> None:
    assert transport.findings(whole) == []
