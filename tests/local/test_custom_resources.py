"""Custom resources without a backend: validation and records."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tools.local_aws import custom_resources, session
from tools.local_aws.provider_schemas import Properties
from tools.local_aws.provisioning import Handler, Resource
from tools.local_aws.stub import Register

FUNCTION = "arn:aws:lambda:sa-east-1:000000000000:function:provider"


class Functions:
    """Stub of the Lambda API with one function."""

    def get_function(self, *, FunctionName: str) -> dict[str, Any]:  # noqa: N803 - boto3's name
        if FunctionName != FUNCTION:
            raise ClientError({"Error": {"Code": "ResourceNotFoundException"}}, "GetFunction")
        return {}


@pytest.fixture
def handler(monkeypatch: pytest.MonkeyPatch) -> Handler:
    monkeypatch.setattr(session, "client", lambda *_arguments, **_options: Functions())
    return custom_resources.recorded_custom_resource(Register())


def resource(resource_type: str, properties: Properties) -> Resource:
    return Resource(
        type=resource_type,
        account="000000000000",
        region="sa-east-1",
        endpoint="http://127.0.0.1:1",
        stack="spotmusic-dev-eks-platform",
        logical_id="Kong",
        properties={"ServiceToken": FUNCTION, **properties},
    )


def test_a_release_is_recorded(handler: Handler) -> None:
    assert handler.create(resource(custom_resources.HELM_CHART, {"Release": "kong", "Chart": "kong", "Values": "{}"})).identifier


@pytest.mark.parametrize(
    ("resource_type", "properties", "expected"),
    [
        (custom_resources.HELM_CHART, {"Chart": "kong"}, "Release"),
        (custom_resources.HELM_CHART, {"Release": "kong"}, "chart asset"),
        (custom_resources.HELM_CHART, {"Release": "kong", "Chart": "kong", "Values": "{"}, "not JSON"),
        (custom_resources.KUBERNETES_RESOURCE, {"Manifest": "{}"}, "list"),
        (custom_resources.KUBERNETES_RESOURCE, {"Manifest": '[{"kind": "Namespace"}]'}, "apiVersion, metadata"),
        (
            custom_resources.DATABASE_USERS,
            {"ServiceToken": "arn:aws:lambda:sa-east-1:000000000000:function:other"},
            "not the ARN of a deployed Lambda",
        ),
    ],
)
def test_invalid_custom_resource_is_rejected(handler: Handler, resource_type: str, properties: Properties, expected: str) -> None:
    with pytest.raises(custom_resources.RejectedPropertiesError, match=expected):
        handler.create(resource(resource_type, properties))


def test_kubernetes_api_installs_charts() -> None:
    assert custom_resources.HELM_CHART in custom_resources.types_without_engine(has_kubernetes=False)
    assert custom_resources.HELM_CHART not in custom_resources.types_without_engine(has_kubernetes=True)
    assert custom_resources.DATABASE_USERS in custom_resources.types_without_engine(has_kubernetes=True)


def test_migrations_are_recorded_without_tasks() -> None:
    assert custom_resources.TASK_RUN in custom_resources.types_without_engine(has_kubernetes=True)
