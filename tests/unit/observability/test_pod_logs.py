"""Fluent Bit, which sends the logs of all pods to one encrypted log group."""

import re
import subprocess
from functools import partial

import pytest
from aws_cdk import aws_kms as kms
from aws_cdk.assertions import Template

from spotmusic_cdk import versions
from spotmusic_constructs.observability.pod_logs import PodLogs
from tests.conftest import new_stack
from tests.helm_values import REGISTRY, Images, cluster_in, releases
from tests.model.values import Json
from tests.unit.gateway.lua import interpreter


@pytest.fixture(scope="module")
def made() -> tuple[Json, Json]:
    stack = new_stack()
    key = kms.Key.from_key_arn(stack, "Key", "arn:aws:kms:sa-east-1:111122223333:key/logs")
    PodLogs(stack, "PodLogs", cluster=cluster_in(stack), chart=versions.FLUENT_BIT, images=Images(), key=key)
    return Template.from_stack(stack).to_json()["Resources"], releases(stack)["fluent-bit"]


@pytest.fixture
def resources(made: tuple[Json, Json]) -> Json:
    return made[0]


@pytest.fixture
def values(made: tuple[Json, Json]) -> Json:
    return dict(made[1]["Values"])


def only(resources: Json, type_: str) -> tuple[str, Json]:
    ((id_, body),) = [(id_, body) for id_, body in resources.items() if body["Type"] == type_]
    return id_, body


def test_gateway_lines_contain_no_queries(values: Json) -> None:
    filters = values["config"]["filters"]
    assert re.search(r"^ *Match kong\.\*$", filters, re.MULTILINE)
    (code,) = re.findall(r"^ *code (.+)$", filters, re.MULTILINE)
    line = (
        '2026/11/29 10:00:00 [error] 1#0: *7 upstream timed out, client: 198.51.100.7, request: "GET /v1/search?q=s3cr3t HTTP/1.1", '
        'upstream: "https://10.40.0.9:443/v1/search?q=s3cr3t", referrer: "https://spotmusic.example/callback?code=s3cr3t&state=1"'
    )
    program = f"{code} local changed, time, record = without_queries('kong.a.proxy', 7, {{ log = [[{line}]] }}) print(changed, record.log)"
    run = partial(subprocess.run, capture_output=True, text=True, check=True)
    changed, _, cut = run([interpreter(), "-e", program]).stdout.partition("\t")
    assert changed == "2"
    assert "s3cr3t" not in cut
    assert 'request: "GET /v1/search? HTTP/1.1"' in cut
    assert run([interpreter(), "-e", f"{code} print(without_queries('t', 7, {{ log = 'a line' }}))"]).stdout.startswith("0\t")


def test_pod_log_group_is_encrypted_and_retained(resources: Json) -> None:
    _, group = only(resources, "AWS::Logs::LogGroup")
    assert group["Properties"] == {"KmsKeyId": "arn:aws:kms:sa-east-1:111122223333:key/logs", "RetentionInDays": 365}
    assert group["DeletionPolicy"] == "Retain"


def test_fluent_bit_writes_own_group(resources: Json) -> None:
    group, _ = only(resources, "AWS::Logs::LogGroup")
    _, policy = only(resources, "AWS::IAM::ManagedPolicy")
    (statement,) = policy["Properties"]["PolicyDocument"]["Statement"]
    assert statement["Resource"] == {"Fn::GetAtt": [group, "Arn"]}
    assert sorted(statement["Action"]) == ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"]


def test_fluent_bit_output_names_own_group(resources: Json, values: Json) -> None:
    group, _ = only(resources, "AWS::Logs::LogGroup")
    assert f"log_group_name {group}\n" in values["config"]["outputs"]
    assert "region sa-east-1\n" in values["config"]["outputs"]


def test_fluent_bit_retries_without_limit(values: Json) -> None:
    assert "Retry_Limit no_limits\n" in values["config"]["outputs"]
    assert "Mem_Buf_Limit 16MB\n" in values["config"]["inputs"]
    assert "DB /var/lib/fluent-bit/tail.db\n" in values["config"]["inputs"]


def test_log_stream_names_namespace_pod_container(values: Json) -> None:
    pattern = re.search(r"Tag_Regex (.+)", values["config"]["inputs"])
    assert pattern
    name = f"/var/log/containers/kong-7d9f8c-x2x4z_kong_proxy-{'0a' * 32}.log"
    found = re.search(pattern[1].replace("(?<", "(?P<"), name)
    assert found
    assert found.groupdict() == {"pod": "kong-7d9f8c-x2x4z", "namespace": "kong", "container": "proxy"}


def test_fluent_bit_excludes_own_lines(values: Json) -> None:
    assert "Exclude_Path /var/log/containers/*_pod-logs_*.log\n" in values["config"]["inputs"]


def test_fluent_bit_runs_restricted_on_every_node(values: Json) -> None:
    assert values["tolerations"] == [{"operator": "Exists"}]
    assert values["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert values["securityContext"]["readOnlyRootFilesystem"] is True
    assert values["serviceAccount"]["automountServiceAccountToken"] is False
    assert values["rbac"] == {"create": False}
    assert [mount["name"] for mount in values["daemonSetVolumeMounts"] if not mount.get("readOnly")] == ["position"]


def test_fluent_bit_image_uses_own_registry(values: Json) -> None:
    assert values["image"]["repository"].startswith(f"{REGISTRY}/")
    assert values["image"]["tag"] in versions.FLUENT_BIT.images["fluent-bit"]


def test_fluent_bit_has_service_monitor(values: Json) -> None:
    assert values["serviceMonitor"] == {"enabled": True}
    assert values["testFramework"] == {"enabled": False}
