"""Claims of docs/compliance.md and docs/privacy.md, compared with settings, templates and
components."""

import json
import re
from collections.abc import Callable, Mapping
from typing import get_args

import pytest

from spotmusic_cdk.settings.data import BucketSettings
from spotmusic_cdk.settings.model import LogDays
from spotmusic_constructs.data.backup_plan import CONTINUOUS_DAYS
from spotmusic_constructs.data.log_bucket import REQUEST_DAYS
from spotmusic_constructs.data.upload_verdicts import RETENTION_DAYS as VERDICT_DAYS
from spotmusic_constructs.identity.realm import ADMIN_EVENT_DAYS, EVENT_DAYS
from spotmusic_constructs.log_retention import KEPT
from spotmusic_constructs.streaming.redpanda_access import DEAD_LETTER_HOURS
from spotmusic_constructs.streaming.redpanda_values import SEGMENT_DAYS
from tests.documents import code
from tests.properties.log_writers import ACCESS_DAYS
from tests.templates import only, properties_of
from tools.checkout import ROOT, settings_of
from tools.model.templates import Template
from tools.model.values import Json

COMPLIANCE = (ROOT / "docs" / "compliance.md").read_text()
PRIVACY = (ROOT / "docs" / "privacy.md").read_text()
PROPERTIES = "".join(path.read_text() for path in (ROOT / "docs" / "properties").glob("*.md"))
Templates = Callable[[str], dict[str, Template]]


def section(document: str, title: str) -> str:
    return re.split(
        r"^## ", document.partition(f"## {title}\n")[2], maxsplit=1, flags=re.MULTILINE
    )[0]


def remaining() -> dict[str, str]:
    """Retention in days by copy, from the table of copies after an erasure."""
    rows = re.findall(
        r"^\| ([^|]+) \| ([^|]+) \| [^|]+ \|$",
        section(COMPLIANCE, "Data that remains after an erasure"),
        flags=re.MULTILINE,
    )
    return {copy: days for copy, days in rows if copy not in ("copy", "---")}


def test_log_days_cover_six_months() -> None:
    lowest = BucketSettings.model_json_schema()["properties"]["log_days"]["minimum"]
    assert min(lowest - 1, *get_args(LogDays), EVENT_DAYS) >= ACCESS_DAYS
    assert KEPT.access.name == "ONE_YEAR"


def deleted_after(buckets: Mapping[str, Json], name: str) -> int:
    """Days until the last version of an object is deleted."""
    (bucket,) = (bucket for id_, bucket in buckets.items() if id_.startswith(name))
    (rule,) = (rule for rule in bucket["LifecycleConfiguration"]["Rules"] if "Prefix" not in rule)
    kept: int = rule["NoncurrentVersionExpiration"]["NoncurrentDays"]
    return kept + int(rule["ExpirationInDays"])


def test_remaining_copies_match_retention(templates: Templates) -> None:
    buckets = properties_of(templates("prod")["data"]["Resources"], "AWS::S3::Bucket")
    data, observability = settings_of("prod").data, settings_of("prod").observability
    topics, queues = settings_of("prod").topics, settings_of("prod").queues
    expected = {
        "automated backups of databases": CONTINUOUS_DAYS,
        "recovery points in both vaults": data.backup.retention_days,
        "replaced or erased audio": data.buckets.audio_noncurrent_days,
        "uploads": deleted_after(buckets, "Uploads"),
        "verdicts on uploads, with the key of the object": VERDICT_DAYS,
        "snapshots of the cache": data.cache.snapshot_retention_days,
        "events in Redpanda": (
            max(topic.retention_hours for topic in topics.values()) // 24 + SEGMENT_DAYS
        ),
        "events that a service could not read (`dead-letters.<service>`)": (
            DEAD_LETTER_HOURS // 24 + SEGMENT_DAYS
        ),
        "records of access in S3": deleted_after(buckets, "Logs"),
        "logs of services, pods, databases (slow statements with their values) and the cache": (
            observability.access_log_days
        ),
        "access logs of application load balancers, with whole queries": REQUEST_DAYS,
        "events of logins in Keycloak": EVENT_DAYS,
        "events of administrators in Keycloak, security records": ADMIN_EVENT_DAYS,
    }
    table = remaining()
    assert {copy: table.pop(copy) for copy in expected} == {
        copy: str(days) for copy, days in expected.items()
    }
    waiting, dead = {
        (queue.message_ttl_hours, queue.dead_letter_hours) for queue in queues.values()
    }.pop()
    assert table.pop("unconsumed tasks, then dead letters") == f"{waiting // 24} + {dead // 24}"
    assert table.pop("snapshots of databases and caches by hand, and their last ones") == (
        "until a person deletes them"
    )
    ((compacted, until),) = table.items()
    assert until == f"until a tombstone, then {2 * SEGMENT_DAYS}"
    assert set(re.findall(r"`(events\.[a-z-]+)`", compacted)) == {
        n for n, topic in topics.items() if topic.cleanup_policy == "compact"
    }


def test_compliance_names_properties_that_exist() -> None:
    numbers = set(re.findall(r"P-(\d+)", COMPLIANCE))
    assert numbers
    assert {int(number) for number in numbers} <= {
        int(number) for number in re.findall(r"^## P-(\d+)$", PROPERTIES, flags=re.MULTILINE)
    }


def test_production_ends_tls_at_every_edge(templates: Templates) -> None:
    distribution = only(templates("prod")["edge"]["Resources"], "AWS::CloudFront::Distribution")
    found = distribution["DistributionConfig"].get("PriceClass", "PriceClass_All")
    assert found == "PriceClass_All"
    assert "`edge.price_class: all`" in COMPLIANCE


def test_web_acl_samples_are_a_named_transfer(templates: Templates) -> None:
    sampled = '"SampledRequestsEnabled": true' in json.dumps(templates("prod")["edge"])
    assert sampled == ("WAF's samples, us-east-1" in section(COMPLIANCE, "Transfers abroad"))


@pytest.mark.parametrize(
    "field",
    [
        "knowledge",
        "what happened",
        "kinds and categories",
        "number of persons",
        "risk",
        "measures",
        "reported to ANPD",
    ],
)
def test_incident_register_has_required_fields(field: str) -> None:
    """Resolução CD/ANPD 15/2024, annex, art. 10 §1; also for incidents that were not
    communicated.
    """
    register = section(PRIVACY, "Register of incidents")
    assert field in register
    assert "reported to the persons" in register
    assert "not reported, or late: reasons" in register
    assert "five years" in register


@pytest.mark.parametrize("term", ["three business days", "20 business days", "90 days", "15 days"])
def test_privacy_names_the_terms_of_the_law(term: str) -> None:
    assert term in PRIVACY


def test_erasures_are_applied_again_after_a_restore() -> None:
    assert "**After a restore**" in section(PRIVACY, "Erasure")
    assert "../privacy.md#erasure" in (ROOT / "docs" / "runbooks" / "restore.md").read_text()
    text = (ROOT / "docs" / "runbooks" / "security-finding.md").read_text()
    assert "../privacy.md#an-incident" in text


def test_snapshots_by_hand_are_deleted_by_hand() -> None:
    """RDS deletes no manual snapshot, and persons who are erased later stay in it."""
    documents = {path: path.read_text() for path in (ROOT / "docs").rglob("*.md")}
    kept = {
        path.name: text
        for path, text in documents.items()
        if any(re.search(r"create-db-snapshot|--final-db-snapshot-id", line) for line in code(text))
    }
    assert kept
    assert {
        name for name, text in kept.items() if "aws rds delete-db-snapshot" not in text
    } == set()
