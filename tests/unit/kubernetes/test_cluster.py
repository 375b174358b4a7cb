import json
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_lambda as lambda_

from spotmusic_cdk import versions
from spotmusic_constructs.kubernetes.cluster import KubernetesCluster
from spotmusic_constructs.kubernetes.kubectl import kubectl_layer
from stacks import compliance
from tests.conftest import new_app
from tests.templates import Resources, of_type, only, properties_of, resources_of
from tests.unit.imported import group_of, key_of, vpc_of
from tools.model.values import ACCOUNT, Json

ADMINISTRATOR = f"arn:aws:iam::{ACCOUNT}:role/break-glass"


def synthesize(**changes: Any) -> Resources:
    app = new_app()
    compliance.register(app)
    stack = cdk.Stack(app, "test", env=cdk.Environment(account=ACCOUNT, region="sa-east-1"))
    arguments: dict[str, Any] = {
        "name": "spotmusic-test",
        "kubernetes_version": "1.36",
        # The real layer has 30 MB. Only tests of layers need it.
        "kubectl_layer": lambda_.LayerVersion.from_layer_version_arn(
            stack, "Layer", f"arn:aws:lambda:sa-east-1:{ACCOUNT}:layer:kubectl:1"
        ),
        "vpc": vpc_of(stack),
        "control_plane_security_group": group_of(stack, "sg-control"),
        "kubectl_security_group": group_of(stack, "sg-kubectl"),
        "key": key_of(stack),
        "log_key": key_of(stack, "LogKey"),
        "tag_keys": ["Project", "CostCenter"],
        "administrators": [ADMINISTRATOR],
    }
    KubernetesCluster(stack, "Kubernetes", **{**arguments, **changes})
    cdk.Tags.of(stack).add("Project", "spotmusic")
    # With the policy packs registered, this raises for each unacknowledged finding.
    return resources_of(stack)


@pytest.fixture(scope="module")
def template() -> Resources:
    return synthesize()


@pytest.fixture(scope="module")
def for_developers() -> Resources:
    return synthesize(
        kubernetes_version="1.29",
        administrators=(),
        tag_keys=(),
        public_access_cidrs=["54.240.193.128/26"],
        deletion_protection=False,
    )


def cluster(template: Resources) -> Json:
    return only(template, "AWS::EKS::Cluster")


def test_removed_administrator_keeps_other_entries(template: Resources) -> None:
    first = f"arn:aws:iam::{ACCOUNT}:role/administrators"
    entries = properties_of(template, "AWS::EKS::AccessEntry")
    both = synthesize(administrators=[first, ADMINISTRATOR])
    assert properties_of(both, "AWS::EKS::AccessEntry").keys() > entries.keys()


def test_cluster_without_tags_has_no_tagging_policy(for_developers: Resources) -> None:
    assert "aws:TagKeys" not in json.dumps(for_developers)


def test_kubectl_barrier_has_stack_tags(template: Resources) -> None:
    (barrier,) = [r["Properties"] for name, r in template.items() if "KubectlReadyBarrier" in name]
    assert barrier["Tags"] == {"Project": "spotmusic"}


def test_releases_are_deleted_before_kubectl_rights(template: Resources) -> None:
    (barrier,) = [resource for name, resource in template.items() if "KubectlReadyBarrier" in name]
    assert [name for name in barrier["DependsOn"] if "KubectlRolePolicy" in name]


def test_oldest_cluster_has_its_layer(stack: cdk.Stack) -> None:
    """tests/stacks/test_changed_settings.py has the layers of other versions."""
    kubectl_layer(stack, "Layer", package=versions.KUBERNETES["1.29"].layer.package)
    layer = only(resources_of(stack), "AWS::Lambda::LayerVersion")
    assert "kubectl 1.29." in layer["Description"]


def test_development_cluster_is_deletable(for_developers: Resources) -> None:
    found = cluster(for_developers)
    assert found["Version"] == "1.29"
    config = found["ResourcesVpcConfig"]
    assert (config["EndpointPublicAccess"], config["PublicAccessCidrs"]) == (
        True,
        ["54.240.193.128/26"],
    )
    assert found["DeletionProtection"] is False
    groups = of_type(for_developers, "AWS::Logs::LogGroup").values()
    assert {group["DeletionPolicy"] for group in groups} == {"Delete"}
