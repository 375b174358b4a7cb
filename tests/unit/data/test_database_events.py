import pytest
from aws_cdk import aws_rds as rds

from spotmusic_constructs.data.database_events import DatabaseEvents
from tests.conftest import new_stack
from tests.templates import Resources, all_of, only, resources_of
from tests.unit.data.templates import KEY, key_of, statements


def synthesized(*emails: str) -> Resources:
    stack = new_stack()
    instance = rds.DatabaseInstance.from_database_instance_attributes(
        stack, "Instance", instance_identifier="catalogue", instance_endpoint_address="db", port=3306, security_groups=[]
    )
    DatabaseEvents(stack, "Events", instances={"Catalogue": instance}, key=key_of(stack), emails=emails)
    return resources_of(stack)


@pytest.fixture(scope="module")
def minimal() -> Resources:
    return synthesized()


def test_database_events_cover_reviewed_categories(minimal: Resources) -> None:
    subscription = only(minimal, "AWS::RDS::EventSubscription")
    assert subscription["SourceType"] == "db-instance"
    assert subscription["SourceIds"] == ["catalogue"]
    assert set(subscription["EventCategories"]) >= {"failover", "failure", "low storage", "maintenance"}


def test_event_topic_admits_own_rds_over_tls(minimal: Resources) -> None:
    found = statements(minimal, "AWS::SNS::TopicPolicy")
    allowed = found["DatabasesOfThisAccountTell"]
    assert allowed["Principal"] == {"Service": "events.rds.amazonaws.com"}
    assert allowed["Condition"] == {"StringEquals": {"aws:SourceAccount": "111122223333"}}
    (denied,) = [s for s in found.values() if s["Effect"] == "Deny"]
    assert denied["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_database_event_topic_uses_customer_key(minimal: Resources) -> None:
    assert only(minimal, "AWS::SNS::Topic")["KmsMasterKeyId"] == KEY


def test_everybody_who_is_named_reads_it(minimal: Resources) -> None:
    assert all_of(minimal, "AWS::SNS::Subscription") == []
    subscriptions = all_of(synthesized("one@example.com", "two@example.com"), "AWS::SNS::Subscription")
    assert [s["Endpoint"] for s in subscriptions] == ["one@example.com", "two@example.com"]
