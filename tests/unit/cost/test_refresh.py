"""Refresh of list prices from a recorded price list."""

import re
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.serving import serving
from tools.cost import prices, refresh
from tools.cost.prices import CostError, Price

HEAD = (
    '"FormatVersion","v1.0"\n'
    '"Disclaimer","d"\n'
    '"Publication Date","2026-11-20T00:00:00Z"\n'
    '"Version","1"\n'
    '"OfferCode","{code}"\n'
)
COLUMNS = (
    '"SKU","TermType","StartingRange","EndingRange","Unit","PricePerUnit","usageType","Cache '
    'Engine","Operating System","operation","Database Engine","Deployment Option"\n'
)
OFFERS = {
    "AmazonElastiCache": (
        '"1","OnDemand","0","Inf","Hrs","0.4","SAE1-NodeUsage:cache.r7g.large","Redis",""\n'
        '"2","OnDemand","0","Inf","Hrs","0.3","SAE1-NodeUsage:cache.r7g.large","Valkey",""\n'
        '"3","Reserved","0","Inf","Hrs","0.1","SAE1-NodeUsage:cache.r7g.large","Valkey",""\n'
    ),
    "AmazonEC2": (
        '"4","OnDemand","0","Inf","Hrs","0.5","SAE1-BoxUsage:m6a.large","","Linux"\n'
        '"5","OnDemand","0","Inf","Hrs","0.9","SAE1-BoxUsage:m6a.large","","Windows"\n'
    ),
}
FILE = """service,usage,unit,region,from,usd,date,status,source
AmazonEC2,BoxUsage:m6a.large,Hrs,sa-east-1,0,0.1377,2025-05-28,unverified,somewhere
AmazonEC2,BoxUsage:m9z.large,Hrs,sa-east-1,0,0.2,2025-05-28,unverified,somewhere
AmazonElastiCache,NodeUsage:cache.r7g.large:redis,Hrs,sa-east-1,0,0.436,2025-05-28,verified,list
AmazonElastiCache,NodeUsage:cache.r7g.large:valkey,Hrs,sa-east-1,0,0.3488,2025-05-28,verified,list
awskms,KMS-Keys,Months,any,0,1,2026-08-21,verified,somewhere
"""


@pytest.fixture
def endpoint() -> Iterator[str]:
    """Price list with two offers, in any region."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            code = self.path.split("/")[4]
            rows = OFFERS.get(code)
            self.send_response(404 if rows is None else 200)
            self.end_headers()
            if rows is not None:
                self.wfile.write((HEAD.format(code=code) + COLUMNS + rows).encode())

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    with serving(server):
        yield f"http://127.0.0.1:{server.server_port}"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "prices.csv"
    path.write_text(FILE)
    return path


def refreshed(endpoint: str, file: Path, *options: str) -> None:
    refresh.main(["--endpoint", endpoint, "--file", str(file), *options])


def test_refresh_takes_prices_and_date(
    endpoint: str, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file.chmod(0o640)
    refreshed(endpoint, file)
    assert oct(file.stat().st_mode) == "0o100640"
    lines = file.read_text().splitlines()
    source = '"AWS price list, bulk offer file AmazonEC2"'
    assert f"AmazonEC2,BoxUsage:m6a.large,Hrs,sa-east-1,0,0.5,2026-11-20,verified,{source}" in lines
    assert [line.split(",")[5] for line in lines[1:]] == ["0.5", "0.2", "0.4", "0.3", "1"]
    out = capsys.readouterr().out
    assert "3 of 5 prices changed" in out
    expected = (
        "1 are not in the price list, and are kept: AmazonEC2 BoxUsage:m9z.large in sa-east-1"
    )
    assert expected in out


def test_refresh_adds_a_region(endpoint: str, file: Path) -> None:
    refreshed(endpoint, file, "--region", "eu-central-1")
    assert prices.read(file).usd("AmazonEC2", "BoxUsage:m6a.large", "eu-central-1", 10) == 5


def test_refresh_completes_a_region(endpoint: str, file: Path) -> None:
    """A release has usage types that an earlier added region lacks."""
    file.write_text(
        FILE + "AmazonEC2,BoxUsage:c6a.large,Hrs,eu-central-1,0,0.1,2025-05-28,verified,somewhere\n"
    )
    refreshed(endpoint, file, "--region", "eu-central-1")
    assert prices.read(file).of_kind("AmazonEC2", "BoxUsage:", "eu-central-1") == {
        "c6a.large": 0.1,
        "m6a.large": 0.5,
    }


def test_refresh_adds_classes_of_settings(
    endpoint: str, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Settings accept classes without a shipped price, for which `make cost` names this command."""
    offer = '"5","OnDemand","0","Inf","Hrs","0.6","SAE1-NodeUsage:cache.r8g.large","Redis",""\n'
    monkeypatch.setitem(OFFERS, "AmazonElastiCache", OFFERS["AmazonElastiCache"] + offer)
    refreshed(endpoint, file)
    usage = "NodeUsage:cache.r8g.large:redis"
    assert prices.read(file).usd("AmazonElastiCache", usage, "sa-east-1", 10) == 6


def test_project_keeps_its_own_prices(
    endpoint: str, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The wheel has the platform's prices, which the next release replaces."""
    own = file.with_name("own") / "prices.csv"
    own.parent.mkdir()
    monkeypatch.setattr(prices, "PATH", file)
    monkeypatch.setattr(prices, "OWN", own)
    for region, count in (("eu-central-1", 3), ("sa-east-1", 6)):
        refreshed(endpoint, file, "--own", "--region", region)
        assert len(own.read_text().splitlines()) == 1 + count
    assert file.read_text() == FILE
    assert [
        prices.read().usd("AmazonEC2", "BoxUsage:m6a.large", region, 10)
        for region in ("eu-central-1", "sa-east-1")
    ] == [5, 5]
    assert prices.read().usd("awskms", "KMS-Keys", "eu-central-1", 2) == 2


def listed(price: Price) -> str:
    """Row of a price in the list of AWS, with separate columns for operation, engine and
    deployment.
    """
    usage, engine, operation = price.usage, "", ""
    if usage.startswith("NodeUsage:"):
        usage, _, engine = usage.rpartition(":")
    elif "Usage:LoadBalancing:" in usage:
        usage, operation = re.split(r"(?<=Usage):", usage, maxsplit=1)
    database = (
        "Any" if usage.endswith("-Storage") else "MySQL" if price.service == "AmazonRDS" else ""
    )
    deployment = ("Multi-AZ" if "Multi-AZ" in usage else "Single-AZ") if database else ""
    cells = (
        "1",
        "OnDemand",
        f"{price.start:.0f}",
        "Inf",
        price.unit,
        "7",
        f"EUC1-{usage}",
        engine.title(),
        "",
        operation,
    )
    return ",".join(f'"{cell}"' for cell in (*cells, database, deployment)) + "\n"


def test_new_region_gets_every_usage_type(
    endpoint: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    known = [row for row in prices.read() if row.region == refresh.REFERENCE]
    for service in {row.service for row in known}:
        monkeypatch.setitem(
            OFFERS, service, "".join(listed(row) for row in known if row.service == service)
        )
    refresh.write(tmp_path / "prices.csv", known)
    refreshed(endpoint, tmp_path / "prices.csv", "--region", "eu-central-1")
    assert "not in the price list" not in capsys.readouterr().out
    added = [row for row in prices.read(tmp_path / "prices.csv") if row.region == "eu-central-1"]
    assert {row.usd for row in added} == {7}


@pytest.mark.parametrize("offers", [{}, {"AmazonEC2": ""}])
def test_failed_refresh_leaves_the_file(
    endpoint: str,
    file: Path,
    offers: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(globals(), "OFFERS", offers)
    with pytest.raises(CostError, match=r"prices\.csv is unchanged"):
        refreshed(endpoint, file)
    assert file.read_text() == FILE
    assert [path.name for path in file.parent.iterdir()] == ["prices.csv"]


@pytest.mark.parametrize("page", ["<html>\n\n</html>\n", '"' + "x" * 140_000])
def test_page_of_a_proxy_leaves_the_file(
    endpoint: str, file: Path, page: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(globals(), "HEAD", page)
    monkeypatch.setitem(globals(), "COLUMNS", "")
    with pytest.raises(CostError, match=r"unknown form: .*prices\.csv is unchanged"):
        refreshed(endpoint, file)
    assert file.read_text() == FILE


def test_refresh_reports_missing_internet(file: Path) -> None:
    address = "http://127.0.0.1:9/offers/v1.0/aws/AmazonEC2/current/sa-east-1/index.csv"
    with pytest.raises(CostError, match=f"^The AWS price list cannot be read from {address}"):
        refreshed("http://127.0.0.1:9", file)
    assert file.read_text() == FILE


def test_shipped_file_survives_a_rewrite(tmp_path: Path) -> None:
    refresh.write(tmp_path / "prices.csv", prices.read())
    assert sorted((tmp_path / "prices.csv").read_text().splitlines()) == sorted(
        prices.PATH.read_text().splitlines()
    )
