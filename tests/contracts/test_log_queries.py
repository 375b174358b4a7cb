"""Tables of the log queries, compared with logged fields and a log line."""

import re

from spotmusic_constructs.edge.access_log_delivery import FIELDS
from tools.checkout import ROOT, settings_of

DOCUMENT = (ROOT / "docs" / "log-queries.md").read_text()
CONTRACT = ROOT / "constructs" / "spotmusic_constructs" / "services" / "README.md"
WORDS = set(re.findall(r"\w+", "as by count desc display filter ispresent pct requests sort stats"))
"""Words of the query language, and the name of a result."""
LINE = (
    "https 2026-11-29T03:14:15.186641Z app/gateway/0123456789abcdef 192.0.2.1:2817 10.0.0.1:8443 "
    "0.086 0.048 0.037 502 - 0 57 "
    '"GET https://gateway.internal.spotmusic.example:443/v1/search HTTP/1.1" "curl/7.46.0" '
    "ECDHE-RSA-AES128-GCM-SHA256 TLSv1.2 "
    "arn:aws:elasticloadbalancing:sa-east-1:111122223333:targetgroup/kong/0123456789abcdef "
    '"Root=1-00000000-000000000000000000000000" "gateway.internal.spotmusic.example" '
    '"arn:aws:acm:sa-east-1:111122223333:certificate/12345678" 1 2026-11-29T03:14:15.126000Z '
    '"waf,forward" "-" "-" "10.0.0.1:8443" "-" "-" "-" TID_0000'
)
"""Line of an Application Load Balancer (Elastic Load Balancing user guide, access log entries)."""


def columns(table: str) -> list[str]:
    """Columns of a table in the order of the document."""
    (body,) = re.findall(
        rf"CREATE EXTERNAL TABLE {table} \((.*?)\)\nPARTITIONED", DOCUMENT, flags=re.DOTALL
    )
    return [column.split()[0].strip("`") for column in re.sub(r"<[^()]*>", "", body).split(",")]


def test_cloudfront_table_has_the_delivered_fields() -> None:
    spelt = [re.sub(r"\((\w[\w-]*)\)", r"_\1", field).replace("-", "_").lower() for field in FIELDS]
    assert columns("cloudfront") == spelt


def test_service_queries_read_fields_of_the_contract() -> None:
    section = DOCUMENT.partition("## Services")[2].partition("\n## ")[0]
    prefix = settings_of("dev").stack_name("ecs-services").replace("-dev-", "-<env>-")
    assert f"namePrefix: ['{prefix}-']" in section
    queries = re.sub(r"'.*?'", "", " ".join(re.findall(r'^ask "(.*)"$', section, re.MULTILINE)))
    fields = {*re.findall(r"(?<!@)\b[a-z_]+\b", queries)} - WORDS
    contract = CONTRACT.read_text().partition("Log to standard output")[2].partition("\n- ")[0]
    assert fields
    assert fields <= {*re.findall(r"`(\w+)`", contract)}


def test_load_balancer_pattern_reads_a_line() -> None:
    (pattern,) = re.findall(r"'input\.regex'='(.*)'\)$", DOCUMENT, flags=re.MULTILINE)
    found = re.fullmatch(pattern.replace('\\"', '"').replace("\\\\s", "\\s"), LINE)
    assert found
    read = dict(zip(columns("gateway"), found.groups(), strict=False))
    assert (read["elb_status_code"], read["target_status_code"], read["target_ip"]) == (
        "502",
        "-",
        "10.0.0.1",
    )
    assert (read["conn_trace_id"], read["request_url"]) == (
        "TID_0000",
        "https://gateway.internal.spotmusic.example:443/v1/search",
    )
