"""Ways of people into the platform: what docs/access.md says is what the table of flows, the settings and the versions say."""

from collections.abc import Callable
from pathlib import Path

from spotmusic_cdk import flows, versions
from spotmusic_cdk.settings import parse
from spotmusic_constructs.data.mysql_instance import MASTER_USERNAME
from spotmusic_constructs.network.flows import INTERNET
from tests.conftest import ROOT, Template, settings_of
from tests.documents import code

ACCESS = (ROOT / "docs" / "access.md").read_text()


def reached(environment: str) -> set[tuple[str, int]]:
    """Parties and ports that people reach."""
    return {(flow.target, flow.port) for flow in flows.table(settings_of(environment)) if flow.source == flows.OPERATORS}


def test_operators_reach_the_private_api_server_and_databases() -> None:
    assert settings_of("prod").kubernetes.endpoint == "private"
    assert reached("prod") == {
        ("kubernetes-control-plane", 443),
        ("catalogue-database", 3306),
        ("identity-database", 3306),
        ("cache", 6379),
        ("services-load-balancer", 443),
        (INTERNET, 443),
    }


def test_nobody_opens_a_connection_to_operators() -> None:
    assert [flow for name in ("dev", "staging", "prod") for flow in flows.table(settings_of(name)) if flow.target == flows.OPERATORS] == []


def test_operators_can_be_left_out_of_development() -> None:
    text = (ROOT / "tests" / "environments" / "dev.yaml").read_text() + "\noperators: {network: false}\n"
    settings = parse(text, source=Path("environments/dev.yaml"))
    assert flows.OPERATORS not in {party for flow in flows.table(settings) for party in (flow.source, flow.target)}


def test_access_document_names_the_pinned_tools() -> None:
    current = settings_of("prod").kubernetes.version
    commands = "\n".join(code(ACCESS))
    assert f"stable-{current}.txt" in commands
    assert f"helm-v{versions.HELM[current][0]}-linux-amd64" in commands
    assert f"For Kubernetes {current}, kubectl {current} and Helm {versions.HELM[current][0]}" in ACCESS
    for minor, (helm, _) in versions.HELM.items():
        if minor in {"1.34", "1.35"}:
            assert f"{minor} " in ACCESS
            assert helm in ACCESS


def test_access_document_names_the_group_and_the_user() -> None:
    assert f"`spotmusic-<env>-network/{flows.OPERATORS}`" in ACCESS
    assert f"-u {MASTER_USERNAME} " in ACCESS


def test_tunnel_is_run_by_what_the_stack_tells(templates: Callable[[str], dict[str, Template]]) -> None:
    for environment in ("dev", "prod"):
        assert "RunTunnel" in templates(environment)["observability"]["Outputs"]
    assert "--stack-name spotmusic-<env>-observability" in ACCESS
    assert "OutputKey=='RunTunnel'" in ACCESS


def test_runbooks_with_kubectl_lead_to_the_way_in() -> None:
    """A page that names the tunnel or a statement of SQL says from where."""
    pages = ("grafana-access", "database")
    assert [page for page in pages if "../access.md" not in (ROOT / "docs" / "runbooks" / f"{page}.md").read_text()] == []
