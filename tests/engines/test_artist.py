"""Artist's path in the embedded AWS as one test: upload, verdict, copy, row, playback, takedown.

Policies of the service's role, of buckets and of tags are evaluated (`tools/local_aws/rights.py`).
The test replaces missing parts of the embedded AWS. It tags the object in place of a scan of
GuardDuty. Events of `aws.guardduty` cannot be sent, so it evaluates the deployed rule and uses
another source to reach the target. Log events are not counted, so it evaluates the deployed filter
patterns. CloudFront has no listener, so it verifies the signature with the public key. The deployed
users write the row to MySQL.
"""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatch
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import parse_qs, urlsplit
from urllib.request import Request, urlopen

import boto3
import pymysql
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from spotmusic_constructs.data.upload_verdicts import DETAIL_TYPE, RECEIVES
from tests.engines.edge import valid
from tests.engines.stand_ins import create_users
from tests.engines.stores import MASTER, mysql
from tests.engines.test_service import EXAMPLE, LIBRARIES
from tests.filter_patterns import matches
from tests.local.state import own_state
from tools.checkout import settings_of
from tools.local_aws import ACCOUNT, process, session
from tools.local_aws.deployment import LocalDeployment
from tools.local_aws.task import environment_of_task
from tools.local_aws.workspace import RunningEmulator
from tools.model.values import Json

pytestmark = [pytest.mark.local, pytest.mark.walk("artist")]

REGION, EDGE = "sa-east-1", "us-east-1"
SOUND = b"fLaC"
TAG, CLEAN = "GuardDutyMalwareScanStatus", "NO_THREATS_FOUND"
OWNER, READER = "web-api", "playback"
"""Services of dev with `uploads` and `audio: write`, and with `audio`."""


@dataclass(frozen=True)
class Walk:
    """Deployed environment as AWS and as its tasks."""

    emulator: RunningEmulator

    @property
    def endpoint(self) -> str:
        return self.emulator.endpoint

    def record(self, resource_type: str, identifier: str) -> Json:
        """Properties of a resource that the embedded AWS only records."""
        (found,) = (
            r
            for r in process.recorded(self.emulator)
            if (r["type"], r["identifier"]) == (resource_type, identifier)
        )
        properties: Json = found["properties"]
        return properties

    def aws(self, service: str, region: str = REGION) -> Any:
        return session.client(service, self.endpoint, region=region)

    def variables(self, service: str) -> dict[str, str]:
        return environment_of_task(service, self.endpoint, region=REGION)

    def task(self, service: str) -> boto3.Session:
        """Session with the permissions of a service's task."""
        ecs, own = self.aws("ecs"), {"name": "SERVICE", "value": service}
        every = (
            ecs.describe_task_definition(taskDefinition=arn)["taskDefinition"]
            for arn in _task_definitions(ecs)
        )
        (role,) = {
            definition["taskRoleArn"]
            for definition in every
            if any(
                own in container["environment"] for container in definition["containerDefinitions"]
            )
        }
        given = self.aws("sts").assume_role(RoleArn=role, RoleSessionName="task")["Credentials"]
        return boto3.Session(given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])

    def as_task(self, service: str, client: str, region: str = REGION) -> Any:
        config = Config(
            retries={"total_max_attempts": 1},
            proxies={},
            inject_host_prefix=False,
            signature_version="s3v4" if client == "s3" else None,
        )
        return self.task(service).client(
            client, region_name=region, endpoint_url=self.endpoint, config=config
        )

    def event(self, key: str, status: str, bucket: str | None = None) -> Json:
        """GuardDuty event of one object (GuardDuty user guide, monitoring S3 object scans)."""
        uploads = self.variables(OWNER)["UPLOADS_BUCKET"]
        head = self.aws("s3").head_object(Bucket=uploads, Key=key)
        scanned = {
            "bucketName": bucket or uploads,
            "objectKey": key,
            "eTag": head["ETag"],
            "versionId": head["VersionId"],
        }
        done = {"scanResultStatus": status, "threats": None}
        detail = {"scanStatus": "COMPLETED", "s3ObjectDetails": scanned, "scanResultDetails": done}
        about = {
            "id": "1",
            "account": ACCOUNT,
            "time": "2026-11-29T03:00:00Z",
            "region": REGION,
            "resources": [],
        }
        return {**about, "source": "aws.guardduty", "detail-type": DETAIL_TYPE, "detail": detail}

    def upload(self, key: str) -> None:
        """Upload an object as the artist's client does, by URL and without credentials."""
        bucket = self.variables(OWNER)["UPLOADS_BUCKET"]
        service = self.as_task(OWNER, "s3")
        address = service.generate_presigned_url(
            "put_object", Params={"Bucket": bucket, "Key": key}, ExpiresIn=3600
        )
        assert _put(address) == HTTPStatus.OK
        assert _put(address.replace(key, f"other-{key}")) == HTTPStatus.FORBIDDEN

    def scan(self, key: str, status: str) -> None:
        """Tags an object as the scan does."""
        tags = {"TagSet": [{"Key": TAG, "Value": status}]}
        self.aws("s3").put_object_tagging(
            Bucket=self.variables(OWNER)["UPLOADS_BUCKET"], Key=key, Tagging=tags
        )

    def deliver(self, event: Json) -> None:
        """Send an event to the queues of rules that match it."""
        events = self.aws("events")
        targets = [target for target in self.targets(event) if ":sqs:" in target["Arn"]]
        events.put_rule(Name="walk", EventPattern=json.dumps({"source": ["walk"]}))
        events.put_targets(Rule="walk", Targets=targets)
        entry = {
            "Source": "walk",
            "DetailType": event["detail-type"],
            "Detail": json.dumps(event["detail"]),
        }
        assert events.put_events(Entries=[entry])["FailedEntryCount"] == 0
        events.remove_targets(Rule="walk", Ids=[target["Id"] for target in targets])
        events.delete_rule(Name="walk")

    def targets(self, event: Json) -> list[Json]:
        """Targets of the deployed rules that match an event."""
        events, text = self.aws("events"), json.dumps(event)
        rules = (
            rule for page in events.get_paginator("list_rules").paginate() for rule in page["Rules"]
        )
        matching = [
            rule["Name"]
            for rule in rules
            if "EventPattern" in rule
            and events.test_event_pattern(EventPattern=rule["EventPattern"], Event=text)["Result"]
        ]
        return [
            target
            for name in matching
            for target in events.list_targets_by_rule(Rule=name)["Targets"]
        ]

    def alarms(self, namespace: str, metric: str, **dimensions: str) -> list[Json]:
        """Alarms with actions on a metric."""
        wanted = [{"Name": name, "Value": value} for name, value in dimensions.items()]
        pages = self.aws("cloudwatch").get_paginator("describe_alarms").paginate()
        every = (alarm for page in pages for alarm in page["MetricAlarms"] if alarm["AlarmActions"])
        found = (
            alarm
            for alarm in every
            if (alarm.get("Namespace"), alarm.get("MetricName")) == (namespace, metric)
        )
        return [alarm for alarm in found if alarm["Dimensions"] == wanted]


def _task_definitions(ecs: Any) -> list[str]:
    return list(ecs.list_task_definitions(status="ACTIVE")["taskDefinitionArns"])


def _put(address: str) -> int:
    try:
        put = Request(address, data=SOUND, method="PUT")  # noqa: S310 - on loopback
        with urlopen(put) as answer:  # noqa: S310
            return int(answer.status)
    except HTTPError as error:
        return error.code


def refused(call: Callable[..., Any], **arguments: Any) -> bool:
    with pytest.raises(ClientError, match="not authorized") as error:
        call(**arguments)
    return "AccessDenied" in error.value.response["Error"]["Code"]


@pytest.fixture(scope="module")
def walk(request: pytest.FixtureRequest) -> Iterator[Walk]:
    with own_state("artist", request) as workspace:
        deployment = LocalDeployment(workspace=workspace, environment="dev", region=REGION)
        deployment.up()
        emulator = process.running(workspace)
        assert emulator is not None
        yield Walk(emulator)


@pytest.fixture(scope="module")
def catalogue(walk: Walk, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, Path]]:
    """MySQL with the environment's users, and a table of the migrations."""
    folder = tmp_path_factory.mktemp("catalogue")
    with mysql(folder, MASTER, "--require-secure-transport=ON") as server:
        environments = {name: walk.variables(name) for name in (OWNER, READER)}
        create_users(folder / "socket", settings_of("dev"), environments)
        with pymysql.connect(
            unix_socket=str(folder / "socket"), user="master", password="master"
        ) as connection:
            connection.cursor().execute(
                "CREATE TABLE catalogue.tracks (id INT AUTO_INCREMENT PRIMARY KEY, audio "
                "VARCHAR(200) UNIQUE)"
            )
        yield server.port, folder / "tls.crt"


def test_upload_becomes_a_track(walk: Walk, catalogue: tuple[int, Path]) -> None:
    given, key, track = walk.variables(OWNER), "one.flac", "audio/1.flac"
    service, queue = walk.as_task(OWNER, "s3"), given["UPLOADS_VERDICTS_QUEUE"]
    copy = {
        "CopySource": {"Bucket": given["UPLOADS_BUCKET"], "Key": key},
        "Bucket": given["AUDIO_BUCKET"],
        "TaggingDirective": "REPLACE",
    }
    walk.upload(key)
    assert refused(service.get_object, Bucket=given["UPLOADS_BUCKET"], Key=key)
    assert refused(service.copy_object, Key=track, **copy)
    assert refused(
        service.put_object_tagging,
        Bucket=given["UPLOADS_BUCKET"],
        Key=key,
        Tagging={"TagSet": [{"Key": TAG, "Value": CLEAN}]},
    )
    walk.scan(key, CLEAN)
    walk.deliver(walk.event(key, CLEAN))
    (message,) = walk.as_task(OWNER, "sqs").receive_message(QueueUrl=queue, WaitTimeSeconds=5)[
        "Messages"
    ]
    scanned = json.loads(message["Body"])["detail"]["s3ObjectDetails"]
    assert (scanned["bucketName"], scanned["objectKey"]) == (given["UPLOADS_BUCKET"], key)
    service.copy_object(Key=track, CopySourceIfMatch=scanned["eTag"], **copy)
    assert refused(service.copy_object, Key="elsewhere/1.flac", **copy)
    assert refused(service.get_object, Bucket=given["AUDIO_BUCKET"], Key=track)
    rows(catalogue, given, "INSERT INTO tracks (audio) VALUES (%s)", track)
    walk.as_task(OWNER, "sqs").delete_message(
        QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"]
    )

    player = walk.variables(READER)
    ((found,),) = rows(catalogue, player, "SELECT audio FROM tracks")
    with pytest.raises(pymysql.err.OperationalError, match="denied"):
        rows(catalogue, player, "DELETE FROM tracks")
    actual = (
        walk.as_task(READER, "s3")
        .get_object(Bucket=player["AUDIO_BUCKET"], Key=found)["Body"]
        .read()
    )
    assert actual == SOUND
    assert refused(
        walk.as_task(READER, "s3").put_object, Bucket=player["AUDIO_BUCKET"], Key=found, Body=b""
    )


def test_track_plays_by_signed_address(walk: Walk, tmp_path: Path) -> None:
    if not LIBRARIES.is_dir():
        pytest.skip("the example's requirements are not installed. Run `make engine-tools`")
    verify(walk, signed(walk, walk.variables(READER), "audio/1 2.flac"), tmp_path)


def test_verdicts_of_uploads_alone_are_delivered(walk: Walk) -> None:
    walk.upload("two.flac")
    of_another = walk.event("two.flac", CLEAN, bucket="another")
    assert [target for target in walk.targets(of_another) if ":sqs:" in target["Arn"]] == []
    queue = walk.variables(OWNER)["UPLOADS_VERDICTS_QUEUE"]
    assert refused(walk.as_task(OWNER, "sqs").send_message, QueueUrl=queue, MessageBody="forged")


@pytest.mark.parametrize("status", ["THREATS_FOUND", "UNSUPPORTED", "ACCESS_DENIED", "FAILED"])
def test_bad_scan_is_refused_and_alarmed(walk: Walk, status: str) -> None:
    given, key = walk.variables(OWNER), f"{status}.flac"
    walk.upload(key)
    walk.scan(key, status)
    assert refused(walk.as_task(OWNER, "s3").get_object, Bucket=given["UPLOADS_BUCKET"], Key=key)
    event = walk.event(key, status)
    groups = [
        target["Arn"].rpartition(":")[2]
        for target in walk.targets(event)
        if ":logs:" in target["Arn"]
    ]
    filters = walk.aws("logs").get_paginator("describe_metric_filters").paginate()
    counted = [
        found["metricTransformations"][0]
        for page in filters
        for found in page["metricFilters"]
        if found["logGroupName"] in groups and matches(found["filterPattern"], event)
    ]
    assert [
        len(walk.alarms(count["metricNamespace"], count["metricName"])) for count in counted
    ] == [1]
    walk.deliver(event)
    (message,) = walk.as_task(OWNER, "sqs").receive_message(
        QueueUrl=given["UPLOADS_VERDICTS_QUEUE"]
    )["Messages"]
    assert json.loads(message["Body"])["detail"]["scanResultDetails"]["scanResultStatus"] == status
    walk.as_task(OWNER, "sqs").delete_message(
        QueueUrl=given["UPLOADS_VERDICTS_QUEUE"], ReceiptHandle=message["ReceiptHandle"]
    )


def test_verdict_that_fails_becomes_a_dead_letter(walk: Walk) -> None:
    walk.upload("three.flac")
    walk.deliver(walk.event("three.flac", CLEAN))
    service, queue = walk.as_task(OWNER, "sqs"), walk.variables(OWNER)["UPLOADS_VERDICTS_QUEUE"]
    for _ in range(RECEIVES):
        (message,) = service.receive_message(QueueUrl=queue)["Messages"]
        service.change_message_visibility(
            QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=0
        )
    assert "Messages" not in service.receive_message(QueueUrl=queue)
    asked = walk.aws("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=["RedrivePolicy"])[
        "Attributes"
    ]
    name = json.loads(asked["RedrivePolicy"])["deadLetterTargetArn"].rpartition(":")[2]
    letters = walk.aws("sqs").get_queue_url(QueueName=name)["QueueUrl"]
    (letter,) = walk.aws("sqs").receive_message(QueueUrl=letters)["Messages"]
    assert letter["MessageId"] == message["MessageId"]
    assert len(walk.alarms("AWS/SQS", "ApproximateNumberOfMessagesVisible", QueueName=name)) == 1


def test_takedown_leaves_versions_and_no_copies(walk: Walk) -> None:
    given, key, storage = walk.variables(OWNER), "audio/four.flac", walk.aws("s3")
    service, bucket = walk.as_task(OWNER, "s3"), given["AUDIO_BUCKET"]
    version = service.put_object(Bucket=bucket, Key=key, Body=SOUND)["VersionId"]
    service.delete_object(Bucket=bucket, Key=key)
    with pytest.raises(ClientError, match="NoSuchKey"):
        storage.get_object(Bucket=bucket, Key=key)
    assert storage.get_object(Bucket=bucket, Key=key, VersionId=version)["Body"].read() == SOUND
    assert refused(service.delete_object, Bucket=bucket, Key=key, VersionId=version)

    path = f"{given['AUDIO_PARAMETERS']}/distribution-id"
    id_ = walk.as_task(OWNER, "ssm", EDGE).get_parameter(Name=path)["Parameter"]["Value"]
    batch = {"Paths": {"Quantity": 1, "Items": [f"/{key}"]}, "CallerReference": "takedown"}
    walk.as_task(OWNER, "cloudfront", EDGE).create_invalidation(
        DistributionId=id_, InvalidationBatch=batch
    )
    assert refused(
        walk.as_task(READER, "cloudfront", EDGE).create_invalidation,
        DistributionId=id_,
        InvalidationBatch=batch,
    )
    found = walk.aws("cloudfront", EDGE).list_invalidations(DistributionId=id_)["InvalidationList"][
        "Quantity"
    ]
    assert found == 1


def rows(
    catalogue: tuple[int, Path], given: Mapping[str, str], statement: str, *values: str
) -> list[Any]:
    """Return the result of a statement by a service's user."""
    port, authority = catalogue
    user, password = given["CATALOGUE_USERNAME"], given["CATALOGUE_PASSWORD"]
    where: dict[str, Any] = {
        "host": "localhost",
        "port": port,
        "database": given["CATALOGUE_DBNAME"],
    }
    ssl = {"ca": str(authority), "check_hostname": True}
    connection = pymysql.connect(user=user, password=password, ssl=ssl, autocommit=True, **where)
    with connection, connection.cursor() as cursor:
        cursor.execute(statement, values)
        return list(cursor.fetchall())


def signed(walk: Walk, given: Mapping[str, str], key: str) -> str:
    """URL of an object, signed by the example."""
    read, path = walk.as_task(READER, "ssm", EDGE).get_parameter, given["AUDIO_PARAMETERS"]
    keys = json.loads(read(Name=f"{path}/signing-keys")["Parameter"]["Value"])
    domain = read(Name=f"{path}/domain-name")["Parameter"]["Value"]
    arguments = (
        "*sys.argv[1:3], signing_key=os.environ['AUDIO_SIGNING_KEY'], key_pair_id=sys.argv[3]"
    )
    code = f"import os, sys, signing; print(signing.signed_address({arguments}))"
    words = [sys.executable, "-c", code, domain, key, keys[given["AUDIO_SIGNER"]]]
    environment = {"AUDIO_SIGNING_KEY": given["AUDIO_SIGNING_KEY"], "PYTHONPATH": str(LIBRARIES)}
    return subprocess.run(
        words, cwd=EXAMPLE, env=environment, check=True, capture_output=True, text=True
    ).stdout.strip()


def verify(walk: Walk, address: str, folder: Path) -> None:
    """Verify the signature of a URL as CloudFront does, with a key of the behavior's group."""
    url, edge = urlsplit(address), walk.aws("cloudfront", EDGE)
    (distribution,) = edge.list_distributions()["DistributionList"]["Items"]
    assert url.hostname in (distribution["DomainName"], *distribution["Aliases"].get("Items", []))
    behaviors = distribution["CacheBehaviors"]["Items"]
    (behavior,) = (
        found for found in behaviors if fnmatch(url.path, f"/{found['PathPattern'].lstrip('/')}")
    )
    groups = behavior["TrustedKeyGroups"]["Items"]
    ids = {
        id_
        for group in groups
        for id_ in walk.record("AWS::CloudFront::KeyGroup", group)["KeyGroupConfig"]["Items"]
    }
    (signer,) = parse_qs(url.query)["Key-Pair-Id"]
    assert signer in ids
    key = walk.record("AWS::CloudFront::PublicKey", signer)["PublicKeyConfig"]["EncodedKey"]
    (folder / "key").write_text(key)
    assert valid(address, folder)
