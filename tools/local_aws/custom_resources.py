"""Custom resources with an unavailable backend: a Kubernetes API, a MySQL server, a running task.

All other custom resources run their Lambda function. These are recorded, and the summary names
them.
"""

import json
from collections.abc import Callable
from functools import partial

from botocore.exceptions import ClientError, ParamValidationError

from tools.local_aws.provider_schemas import Properties
from tools.local_aws.provisioning import Handler, Made, Resource
from tools.local_aws.stub import Register, record_of

HELM_CHART = "Custom::AWSCDK-EKS-HelmChart"
KUBERNETES_RESOURCE = "Custom::AWSCDK-EKS-KubernetesResource"
KUBERNETES_PATCH = "Custom::AWSCDK-EKS-KubernetesPatch"
KUBERNETES_VALUE = "Custom::AWSCDK-EKS-KubernetesObjectValue"
DATABASE_USERS = "Custom::DatabaseUsers"
TASK_RUN = "Custom::TaskRun"
"""No task runs here, so the function would wait for migrations until its timeout."""

KUBERNETES_TYPES = (HELM_CHART, KUBERNETES_RESOURCE, KUBERNETES_PATCH, KUBERNETES_VALUE)
MACHINE_TYPES = (DATABASE_USERS, TASK_RUN)


class RejectedPropertiesError(Exception):
    """Invalid properties: the provider function would reject them before it calls its backend."""


def types_without_engine(*, has_kubernetes: bool) -> list[str]:
    """Returns the custom resource types to record instead of running their function.

    Args:
        has_kubernetes: True if an API server is available for Helm releases.
    """
    return [*(() if has_kubernetes else KUBERNETES_TYPES), *MACHINE_TYPES]


def recorded_custom_resource(register: Register) -> Handler:
    """Returns a handler that validates the properties and records the resource.

    Args:
        register: register of records.
    """
    return Handler(create=partial(_create, register), update=partial(_update, register), delete=register.remove)


def _create(register: Register, resource: Resource) -> Made:
    _require_acceptable(resource)
    identifier = resource.generated_name(limit=128).lower()
    register.add(record_of(resource, identifier))
    return Made(identifier=identifier, attributes={"Value": ""})


def _update(register: Register, resource: Resource, identifier: str, _old: Properties) -> Made:
    _require_acceptable(resource)
    register.change(record_of(resource, identifier))
    return Made(identifier=identifier, attributes={"Value": ""})


def _require_acceptable(resource: Resource) -> None:
    _require_provider(resource)
    check = _CHECKS.get(resource.type)
    if check:
        check(resource.properties)


def _require_provider(resource: Resource) -> None:
    functions = resource.client("lambda")
    try:
        functions.get_function(FunctionName=resource.properties.get("ServiceToken", ""))
    except (ClientError, ParamValidationError) as error:
        raise RejectedPropertiesError(
            f"{resource.logical_id}: ServiceToken is not the ARN of a deployed Lambda function ({error})"
        ) from error


def _check_chart(properties: Properties) -> None:
    if not properties.get("Release"):
        raise RejectedPropertiesError("The Helm chart has no release name. Set Release.")
    if not (properties.get("Chart") or properties.get("ChartAssetURL")):
        raise RejectedPropertiesError("The Helm chart has no source. Set Chart or a chart asset.")
    _require_json(properties, "Values", dict)


def _check_manifest(properties: Properties) -> None:
    for document in _require_json(properties, "Manifest", list) or []:
        missing = {"apiVersion", "kind", "metadata"} - set(document)
        if missing:
            raise RejectedPropertiesError(f"A Kubernetes object of the manifest has no {', '.join(sorted(missing))}")


def _require_json(properties: Properties, name: str, kind: type) -> list[Properties] | None:
    text = properties.get(name)
    if text is None:
        return None
    try:
        value = json.loads(text)
    except (TypeError, json.JSONDecodeError) as error:
        raise RejectedPropertiesError(f"{name} is not JSON: {error}") from error
    if not isinstance(value, kind):
        raise RejectedPropertiesError(f"{name} must be a JSON {kind.__name__}")
    return value if isinstance(value, list) else None


_CHECKS: dict[str, Callable[[Properties], None]] = {HELM_CHART: _check_chart, KUBERNETES_RESOURCE: _check_manifest}
