import json

import pytest
from aws_cdk import aws_ecr as ecr

from spotmusic_constructs.services.image import (
    bootstrap_image,
    given_image,
    nginx_configuration,
    own_image,
)
from tests.unit.services.service_fixture import ServiceFixture


def test_own_image_name_splits_no_reference() -> None:
    """Fn::Split rejects outputs of another stack, such as the ARN of the repository."""
    fixture = ServiceFixture()
    image = own_image(ecr.Repository(fixture.stack, "Repository"), tag="1.4.2")
    assert "Fn::Select" not in json.dumps(fixture.stack.resolve(image.name))


@pytest.mark.parametrize(
    ("registry", "arn"),
    [
        (
            "444455556666.dkr.ecr.sa-east-1.amazonaws.com",
            "ecr:sa-east-1:444455556666:repository/team/playback",
        ),
        ("registry.example.com", None),
        ("public.ecr.aws", None),
    ],
)
def test_given_image_has_ecr_repository(registry: str, arn: str | None) -> None:
    name = f"{registry}/team/playback@sha256:{'0' * 64}"
    image = given_image(name)
    assert (image.name, image.from_cache, image.health_command) == (
        name,
        False,
        ("CMD", "healthcheck"),
    )
    assert str(image.repository_arn).partition(":ecr:")[2] == (
        arn.removeprefix("ecr:") if arn else ""
    )


@pytest.mark.parametrize("path", ["/healthz", "/metrics", "/"])
def test_bootstrap_configuration_suits_read_only_container(path: str) -> None:
    configuration = nginx_configuration(8080, path)
    for directive in (
        "pid",
        "client_body_temp_path",
        "proxy_temp_path",
        "fastcgi_temp_path",
        "uwsgi_temp_path",
        "scgi_temp_path",
    ):
        assert f"{directive} /tmp/" in configuration
    assert configuration.count(f"location = {path} ") == 1
    assert "location / { return 503" in configuration
    assert "'" not in configuration


def test_bootstrap_health_check_uses_service_port() -> None:
    image = bootstrap_image(
        "public.ecr.aws/nginx/nginx-unprivileged:1", port=9000, health_path="/ready"
    )
    assert "http://127.0.0.1:9000/ready" in image.health_command[1]
    assert "listen 9000;" in image.command[0]
