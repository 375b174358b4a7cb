import json
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_s3 as s3
from cdk_nag import AwsSolutionsChecks, NIST80053R5Checks

from spotmusic_cdk.settings import Settings
from spotmusic_cdk.settings.identity import MailSettings
from spotmusic_cdk.settings.services import REQUESTS_PER_TARGET, ServiceSettings
from spotmusic_constructs.secrets.parameter_tree import ParameterTree
from stacks.ecs_services import EcsServicesStack
from tests.conftest import feature_flags, sample_of
from tests.model.values import Json
from tests.templates import all_of
from tests.unit.services.service_fixture import ServiceFixture

TASK = "AWS::ECS::TaskDefinition"
MAXIMUM = 450
"""Resources of a stack (property 127); CloudFormation accepts 500."""


class EverySecret(dict[str, Any]):
    """Secrets of users, created on first access."""

    def __init__(self, fixture: ServiceFixture, prefix: str) -> None:
        super().__init__()
        self._fixture, self._prefix = fixture, prefix

    def __missing__(self, name: str) -> Any:
        self[name] = self._fixture.secret(f"{self._prefix}-{name}")
        return self[name]


class Registry(cdk.Stack):
    """Stack of images on which the services stack depends."""

    def __init__(self, fixture: ServiceFixture) -> None:
        super().__init__(cdk.Stage.of(fixture.stack), "registry")
        self.repositories = {"web-api": ecr.Repository.from_repository_name(self, "Repository", "dev/service")}
        self.images = SimpleNamespace(
            image=lambda name: f"111122223333.dkr.ecr.sa-east-1.amazonaws.com/dev/ecr-public/{name.partition('/')[2]}"
        )


def producers(fixture: ServiceFixture) -> dict[str, Any]:
    """Stubs of the stacks that the services stack consumes."""
    stack = fixture.stack

    def bucket(name: str) -> SimpleNamespace:
        return SimpleNamespace(bucket=s3.Bucket.from_bucket_name(stack, f"Bucket-{name}", name))

    keys = SimpleNamespace(logs=fixture.key)
    verdicts = SimpleNamespace(queue=SimpleNamespace(ref="https://verdicts", attr_arn="arn:aws:sqs:sa-east-1:111122223333:verdicts"))
    return {
        "network": SimpleNamespace(
            vpc=fixture.vpc, security_groups=SimpleNamespace(of=lambda _: fixture.security_group), private_zone=fixture.zone
        ),
        "registry": Registry(fixture),
        "secrets": SimpleNamespace(
            keys=keys,
            secrets=SimpleNamespace(
                redpanda_users=EverySecret(fixture, "redpanda"),
                rabbitmq_users=EverySecret(fixture, "rabbitmq"),
                rabbitmq_monitor=fixture.secret("monitor"),
            ),
            signing_keys=[SimpleNamespace(private_key=fixture.secret("signing"))],
            parameters=ParameterTree(stack, "Parameters", path="/spotmusic/dev", values={}),
        ),
        "data": SimpleNamespace(
            catalogue=SimpleNamespace(users=EverySecret(fixture, "catalogue")),
            cache=SimpleNamespace(users=EverySecret(fixture, "cache"), primary_endpoint="cache", reader_endpoint="cache-ro", port=6379),
            audio=bucket("audio"),
            uploads=bucket("uploads"),
            logs=bucket("log-bucket"),
            verdicts=defaultdict(lambda: verdicts),
        ),
    }


def synthesize(settings: Settings, outdir: Path) -> Json:
    app = cdk.App(outdir=str(outdir), context=feature_flags())
    fixture = ServiceFixture(cdk.Stack(app, "before", env=cdk.Environment(account="111122223333", region="sa-east-1")))
    EcsServicesStack(app, settings=settings, **producers(fixture))
    cdk.Validations.of(app).add_plugins(AwsSolutionsChecks(app), NIST80053R5Checks(app))
    app.synth()  # Raises for each unacknowledged finding.
    return dict(json.loads((outdir / "ecs-services.template.json").read_text()))


def with_services(services: Mapping[str, ServiceSettings], environment: str = "dev") -> Settings:
    return sample_of(environment).model_copy(update={"services": dict(services)})


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Json:
    services = sample_of("dev").services
    own = services["web-api"].model_copy(update={"image_tag": "1.0.0", "talks_to": (*services["web-api"].talks_to, "trends")})
    return synthesize(with_services({**services, "web-api": own}), tmp_path_factory.mktemp("dev"))


def container(template: Json, service: str) -> Json:
    (found,) = (
        c
        for t in all_of(template["Resources"], TASK)
        for c in t["ContainerDefinitions"]
        if {"Name": "SERVICE", "Value": service} in c["Environment"]
    )
    return dict(found)


def names(entries: list[Json]) -> set[str]:
    return {entry["Name"].partition("_")[0] for entry in entries}


def test_service_receives_its_connections_only(template: Json) -> None:
    assert names(container(template, "trends")["Secrets"]) == {"LOG", "IDENTITY", "CACHE", "EVENTS"}
    assert {"Name": "CATALOGUE_CONNECTIONS", "Value": "5"} in container(template, "playback")["Environment"]
    assert {"Name": "CATALOGUE_DBNAME", "Value": "catalogue"} in container(template, "playback")["Environment"]
    assert names(container(template, "playback")["Secrets"]) == {"LOG", "IDENTITY", "CATALOGUE", "CACHE", "EVENTS", "AUDIO"}


def test_track_writer_has_no_signing_key(template: Json) -> None:
    assert {"Name": "AUDIO_BUCKET", "Value": "audio"} in container(template, "web-api")["Environment"]
    assert {"Name": "UPLOADS_VERDICTS_QUEUE", "Value": "https://verdicts"} in container(template, "web-api")["Environment"]
    assert "AUDIO" not in names(container(template, "web-api")["Secrets"])
    role = next(body for id_, body in template["Resources"].items() if id_.startswith("webapiRolesTaskRole"))
    statements = role["Properties"]["Policies"][0]["PolicyDocument"]["Statement"]
    (writes,) = (found for found in statements if "audio/*" in json.dumps(found["Resource"]))
    assert writes["Action"] == ["s3:PutObject", "s3:AbortMultipartUpload", "s3:DeleteObject"]


def test_track_writer_can_invalidate_cache(template: Json) -> None:
    role = next(body for id_, body in template["Resources"].items() if id_.startswith("webapiRolesTaskRole"))
    statements = role["Properties"]["Policies"][0]["PolicyDocument"]["Statement"]
    (drops,) = (found for found in statements if found["Action"] == "cloudfront:CreateInvalidation")
    assert drops["Condition"] == {"StringEquals": {"aws:ResourceTag/Project": "spotmusic", "aws:ResourceTag/Env": "dev"}}


def test_migrations_use_own_user(template: Json) -> None:
    (task,) = (body["Properties"] for id_, body in template["Resources"].items() if id_.startswith("MigrationsTaskTaskDefinition"))
    (found,) = task["ContainerDefinitions"]
    assert found["Command"] == ["migrate"]
    assert "PortMappings" not in found
    assert names(found["Secrets"]) == {"LOG", "IDENTITY", "CATALOGUE"}
    assert "catalogue-catalogue-migrations" in json.dumps(found["Environment"])


def test_services_start_after_migrations(template: Json) -> None:
    (run,) = (id_ for id_, body in template["Resources"].items() if body["Type"] == "Custom::TaskRun")
    services = [body for body in template["Resources"].values() if body["Type"] == "AWS::ECS::Service"]
    assert [run in service["DependsOn"] for service in services] == [True] * 5


def test_migrations_require_image(tmp_path: Path) -> None:
    made = synthesize(sample_of("dev"), tmp_path)["Resources"]
    assert [id_ for id_ in made if id_.startswith("Migrations")] == []


def test_caller_receives_service_address(template: Json) -> None:
    assert {"Name": "TRENDS_URL", "Value": "http://trends:8080"} in container(template, "web-api")["Environment"]


def environment(template: Json, service: str) -> Json:
    return {entry["Name"]: entry["Value"] for entry in container(template, service)["Environment"]}


def test_environment_contains_routes_groups_queues(template: Json) -> None:
    assert environment(template, "trends")["ROUTE"] == "/v1/trends"
    assert environment(template, "trends")["EVENTS_GROUP"] == "trends"
    assert environment(template, "trends")["EVENTS_SASL_MECHANISM"] == "SCRAM-SHA-512"
    assert environment(template, "web-api")["TASKS_PUBLISHES"] == "notifications"
    assert environment(template, "notifications")["TASKS_QUEUES"] == "notifications"
    assert "EVENTS_GROUP" not in environment(template, "playback")
    assert "ROUTE" not in environment(template, "notifications")


def test_signing_key_is_secret_field(template: Json) -> None:
    (key,) = (secret for secret in container(template, "playback")["Secrets"] if secret["Name"] == "AUDIO_SIGNING_KEY")
    assert ":private_key::" in json.dumps(key)


def test_callers_depend_on_called_services(template: Json) -> None:
    services = {id_: found for id_, found in template["Resources"].items() if found["Type"] == "AWS::ECS::Service"}
    (caller,) = (found for id_, found in services.items() if id_.startswith("webapi"))
    assert [id_ for id_ in caller["DependsOn"] if id_ in services] == [id_ for id_ in services if id_.startswith("trends")]


def test_service_without_tag_runs_bootstrap_image(template: Json) -> None:
    assert container(template, "web-api")["HealthCheck"]["Command"] == ["CMD", "healthcheck"]
    assert "nginx-unprivileged:" in json.dumps(container(template, "trends")["Image"])


def test_routed_service_scales_on_default_requests(template: Json) -> None:
    policies = [
        policy["TargetTrackingScalingPolicyConfiguration"]
        for policy in all_of(template["Resources"], "AWS::ApplicationAutoScaling::ScalingPolicy")
    ]
    counted = [p["TargetValue"] for p in policies if p.get("PredefinedMetricSpecification", {}).get("ResourceLabel")]
    assert counted == [REQUESTS_PER_TARGET] * sum(service.route is not None for service in sample_of("dev").services.values())


def test_bootstrap_worker_has_health_check(template: Json) -> None:
    assert "127.0.0.1:8080/healthz" in container(template, "notifications")["HealthCheck"]["Command"][1]


def test_audio_signer_reads_edge_region_parameters(template: Json) -> None:
    assert {"Name": "AUDIO_PARAMETERS_REGION", "Value": "us-east-1"} in container(template, "playback")["Environment"]
    assert "ssm:us-east-1:" in json.dumps(all_of(template["Resources"], "AWS::IAM::Role"))


def test_stack_without_services_has_cluster_only(tmp_path: Path) -> None:
    template = synthesize(with_services({}), tmp_path)
    types = {resource["Type"] for resource in template["Resources"].values()}
    assert not types & {"AWS::ECS::Service", "AWS::Lambda::Function", "AWS::IAM::Role"}
    assert "AWS::ECS::Cluster" in types


@pytest.mark.parametrize("environment", ["dev", "prod"])
def test_stack_holds_forty_services(environment: str, tmp_path: Path) -> None:
    kinds = list(sample_of(environment).services.values())
    services = {
        f"s{number}": kinds[number % len(kinds)].model_copy(
            update={"deployment": "rolling", **({"route": f"/v1/r{number}"} if kinds[number % len(kinds)].route else {})}
        )
        for number in range(40)
    }
    assert len(synthesize(with_services(services, environment), tmp_path)["Resources"]) <= MAXIMUM


def test_service_settings_and_secrets_are_private(tmp_path: Path) -> None:
    services = sample_of("dev").services
    arn = "arn:aws:secretsmanager:sa-east-1:111122223333:secret:spotmusic/fcm-AbCdEf"
    own = services["notifications"].model_copy(update={"settings": {"CHANNELS": "mail"}, "secrets": {"FCM_KEY": arn}})
    template = synthesize(with_services({**services, "notifications": own}), tmp_path)
    assert environment(template, "notifications")["CHANNELS"] == "mail"
    assert {"Name": "FCM_KEY", "ValueFrom": arn} in container(template, "notifications")["Secrets"]
    readers = [role for role in all_of(template["Resources"], "AWS::IAM::Role") if arn in json.dumps(role)]
    assert len(readers) == 1
    assert "CHANNELS" not in environment(template, "playback")


def test_service_sends_mail_from_one_address(tmp_path: Path) -> None:
    services = sample_of("dev").services
    sends = services["notifications"].model_copy(update={"talks_to": (*services["notifications"].talks_to, "mail")})
    mail = MailSettings(sender="hello@news.music.example", identity="music.example")
    settings = with_services({**services, "notifications": sends}).model_copy(update={"mail": mail})
    template = synthesize(settings, tmp_path)
    assert environment(template, "notifications")["MAIL_SENDER"] == "hello@news.music.example"
    roles = {id_: json.dumps(body) for id_, body in template["Resources"].items() if "ses:SendEmail" in json.dumps(body)}
    ((id_, role),) = roles.items()
    assert id_.startswith("notificationsRolesTaskRole")
    assert '{"StringEquals": {"ses:FromAddress": "hello@news.music.example"}}' in role
    assert ':identity/music.example"' in role
