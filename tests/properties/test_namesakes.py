"""References name the intended resource, and not another of the same type."""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from functools import cache
from typing import Any

from tests.properties.promise import Verdicts, rule
from tools.model.assembly import Assembly, Resource

REFERENCES = ("Ref", "Fn::GetAtt", "Fn::ImportValue", "Fn::GetStackOutput")
DOCUMENTS = ("PolicyDocument", "KeyPolicy", "Policies", "AssumeRolePolicyDocument")
"""Properties that grant rights, which docs/grants lists."""
OWN_TABLE = {"AWS::EC2::SecurityGroupIngress", "AWS::EC2::SecurityGroupEgress"}
"""Types that the table of flows (spotmusic_cdk/flows.py) is compared with."""

MEANT: Mapping[str, str] = {
    # Keys are one for each class of data (P-030).
    "AWS::APS::Workspace KmsKeyArn": "secrets/LogsKey",
    "AWS::ECR::* EncryptionConfiguration.KmsKey": "secrets/ImagesKey",
    "AWS::ECS::Cluster *KmsKeyId": "secrets/LogsKey",
    "AWS::ElastiCache::ReplicationGroup KmsKeyId": "secrets/CacheKey",
    "AWS::EKS::Cluster EncryptionConfig.*": "secrets/KubernetesKey",
    "AWS::Logs::LogGroup KmsKeyId": "secrets/LogsKey network/FlowLogKey",
    "AWS::RDS::DBInstance *K[mM][sS]Key*": "secrets/DatabaseKey",
    "AWS::RDS::DBInstance SourceDBInstanceIdentifier*": "data/CatalogueInstance",
    "AWS::S3::Bucket BucketEncryption.*": "secrets/AudioKey secrets/KubernetesKey",
    "AWS::SNS::Topic KmsMasterKeyId": "*/NotificationsKey",
    "AWS::SecretsManager::Secret KmsKeyId": "secrets/SecretsKey",
    # Types of which one resource serves many.
    "AWS::Backup::BackupPlan *DestinationBackupVaultArn": "data/BackupCopies",
    "AWS::Backup::RestoreTestingSelection IamRoleArn": "data/BackupRole",
    "AWS::CloudWatch::* *Actions.*": "*/AlarmTopic */AlarmTopicPager",
    "AWS::Budgets::Budget *Address": "observability/AlarmTopic",
    "AWS::ECR::RepositoryCreationTemplate CustomRoleArn": "registry/ImagesCreationRole",
    "AWS::ECS::Service LoadBalancers.*RoleArn": "ecs-services/InfrastructureRole",
    "AWS::Events::Rule EventPattern.detail.bucket.name.*": "data/AudioBucket",
    "AWS::Events::Rule Targets.*.Arn.*": "observability/EventLogLogGroup",
    "AWS::FIS::ExperimentTemplate StopConditions.*.Value": "observability/*Outlasting",
    "AWS::S3::Bucket LoggingConfiguration.DestinationBucketName": (
        "data/LogsBucket network/BalancerLogsBucket"
    ),
    "AWS::ElasticLoadBalancingV2::LoadBalancer LoadBalancerAttributes.*": (
        "network/BalancerLogsBucket"
    ),
    "AWS::SQS::Queue RedrivePolicy.deadLetterTargetArn": "data/UploadVerdicts*DeadLetters",
    "AWS::WAFv2::LoggingConfiguration LogDestinationConfigs.*": "data/LogsBucket",
    "Custom::AWSCDK-EKS-HelmChart ServiceToken": (
        "eks-platform/KubernetesClusterKubectlProviderframeworkonEvent"
    ),
    # Tiers of the network.
    "AWS::EC2::VPCEndpoint RouteTableIds.*": "network/NetworkVpcapplicationSubnet?RouteTable",
    "AWS::EC2::VPCEndpoint SubnetIds.*": "network/NetworkVpcapplicationSubnet?Subnet",
    "AWS::ElastiCache::SubnetGroup SubnetIds.*": "network/NetworkVpcdataSubnet?Subnet",
    "AWS::RDS::DBSubnetGroup SubnetIds.*": "network/NetworkVpcdataSubnet?Subnet",
    # Names that CDK generates, or that state a purpose instead of the resource.
    "AWS::ECS::Service DeploymentConfiguration.Alarms.AlarmNames.*": (
        "ecs-services/*IngressDeploymentAlarm"
    ),
    "AWS::ECS::TaskDefinition ExecutionRoleArn": "*RolesExecutionRole",
    "AWS::EKS::AccessEntry PrincipalArn": (
        "eks-platform/Kubernetes*Role observability/FaultsPodRole"
    ),
    "AWS::ElastiCache::UserGroup UserIds.*": "data/CacheUsers* data/OwnCaches*Users*",
    "AWS::Lambda::Function Environment.Variables.USER_ON_EVENT_FUNCTION_ARN": (
        "eks-platform/KubernetesClusterKubectlProviderHandler"
    ),
    "AWS::Lambda::Function Environment.Variables.LOG_GROUP": "ecs-services/MigrationsLogs",
    "AWS::Lambda::Function Environment.Variables.USER_ARN": "secrets/ComponentsRabbitMQMonitor",
    "AWS::Lambda::Function Layers.*": "eks-platform/*Layer",
}
"""Pattern of the intended resource, by pattern of type and path, for names that do not match."""
NAMED_OTHERWISE = {
    (
        "network/CustomVpcRestrictDefaultSGCustomResourceProviderHandler",
        "network/DefaultGroupFunctionLogs",
    ),
    ("eks-platform/KubernetesClusterKubectlProviderHandler", "eks-platform/KubernetesKubectlRole"),
    ("eks-platform/RedpandaReleaseChart", "eks-platform/TieredStorageRole"),
    ("eks-platform/GroundReleaseChart", "eks-platform/KubernetesNodeRole"),
    ("observability/BrokerAlarmsKafkaHealthyCritical", "eks-platform/BrokersKafkaBootstrapTargets"),
    (
        "observability/BrokerAlarmsKafkaUnhealthyWarning",
        "eks-platform/BrokersKafkaBootstrapTargets",
    ),
    # The name of a replica begins with that of its source. An export of the replica would prevent
    # its removal.
    ("observability/CatalogueReader?Alarms*", "data/CatalogueInstance"),
    # Caches of single clients have the client's name.
    ("data/CatalogueUsers*Rotation", "data/CatalogueUsersFunction"),
    ("data/CacheUsers*Rotation", "data/CacheRotationFunction"),
    ("data/OwnCaches*ReplicationGroup", "network/SecurityGroupscache"),
    ("data/OwnCaches*RotationFunction", "network/SecurityGroupscacheusers"),
    ("data/PublishedOwnCacheHost", "data/OwnCacheskongReplicationGroup"),
    ("data/PublishedOwnCacheUsersKong", "data/OwnCacheskongUserskongsecret"),
}
"""Patterns of resources with what they lead to, although another is named more like them."""

_HASH = re.compile(r"[0-9A-F]{8}$")
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z][a-z]+|[a-z]+|\d+")

Found = tuple[Resource, str, str, Any]
"""Resource, path with `*` for indices, names next to the reference, and the reference."""


def references_of(platform: Assembly) -> Iterator[Found]:
    for resource in platform.resources:
        if resource.type not in OWN_TABLE:
            for path, label, value in _references(resource.properties, "", ""):
                yield resource, path, label, value


def _references(value: Any, path: str, label: str) -> Iterator[tuple[str, str, Any]]:
    if isinstance(value, Mapping):
        function = next(iter(value)) if len(value) == 1 else ""
        if function in REFERENCES:
            yield path, label, value
            return
        label += f" {value['Name']}" if isinstance(value.get("Name"), str) else ""
        for key, item in value.items():
            if key not in DOCUMENTS:
                yield from _references(
                    item, path if key.startswith("Fn::") else f"{path}.{key}".strip("."), label
                )
    elif isinstance(value, list):
        for item in value:
            yield from _references(item, path if path.endswith("*") else f"{path}.*", label)


@cache
def words(text: str, services: tuple[str, ...]) -> frozenset[str]:
    """Words of a logical id or of a name in capitals, in the singular; a service name is one
    word.
    """
    apart = (
        re.sub("|".join(services), lambda match: f" {match[0].capitalize()} ", text)
        if services
        else text
    )
    return frozenset(word.lower().removesuffix("s") for word in _WORD.findall(apart)) - {"user"}


def likely(platform: Assembly, resource: Resource, label: str, target: Resource) -> list[Resource]:
    """Resources of the target's type with the most words of the name in common."""
    services = tuple(name.replace("-", "") for name in platform.settings.services)
    own = words(_HASH.sub("", resource.id), services) | words(label, services)
    common = {
        other: len(own & words(_HASH.sub("", other.id), services))
        for other in platform.all(target.type)
    }
    return [other for other, number in common.items() if number == max(common.values())]


@rule
def test_references_have_intended_targets(platform: Assembly) -> Verdicts:
    for resource, path, label, value in references_of(platform):
        if (target := platform.target(resource.stack, value)) is not None:
            yield resource, is_meant(resource, path, label, target), f"{path} leads to {target}."


def is_meant(resource: Resource, path: str, label: str, target: Resource) -> bool:
    place = f"{resource.type} {path}"
    for pattern, names in MEANT.items():
        if fnmatchcase(place, pattern):
            return any(fnmatchcase(target.name, name) for name in names.split())
    named = label if resource.type == "AWS::ECS::TaskDefinition" else ""
    otherwise = any(
        fnmatchcase(resource.name, pattern) and target.name == name
        for pattern, name in NAMED_OTHERWISE
    )
    return otherwise or target in likely(resource.platform, resource, named, target)


@rule
def test_references_have_one_attribute(platform: Assembly) -> Verdicts:
    """References at the same place use the same attribute: all names, or all ARNs."""
    read: dict[tuple[str, ...], dict[str, list[Resource]]] = defaultdict(lambda: defaultdict(list))
    for resource, path, label, value in references_of(platform):
        target = platform.target(resource.stack, value)
        if target is not None and resource.type != "Custom::AWSCDK-EKS-HelmChart":
            attribute = platform.text(resource.stack, value).partition(".")[2]
            read[resource.type, path, label if path.endswith("Value") else "", target.type][
                attribute
            ].append(resource)
    for place, attributes in read.items():
        fewest = min(attributes.values(), key=len)
        yield (
            fewest[0],
            len(attributes) == 1,
            f"{place}: {sorted(attributes)} are read. Read the same of each.",
        )


@rule
def test_lists_refer_to_each_once(platform: Assembly) -> Verdicts:
    for resource in platform.resources:
        for items in _lists(resource.properties):
            texts = [platform.text(resource.stack, item) for item in items]
            yield resource, len(set(texts)) == len(texts), f"{texts}: name each once."


def _lists(value: Any) -> Iterator[list[Any]]:
    """Yield lists of references at any depth."""
    if isinstance(value, list):
        if value and all(
            isinstance(item, Mapping) and len(item) == 1 and next(iter(item)) in REFERENCES
            for item in value
        ):
            yield value
        for item in value:
            yield from _lists(item)
    elif isinstance(value, Mapping):
        for key, item in value.items():
            if not key.startswith("Fn::"):
                yield from _lists(item)


@rule
def test_alarms_of_one_severity_share_topics(platform: Assembly) -> Verdicts:
    notified: dict[tuple[str, bool], dict[frozenset[str], list[Resource]]] = defaultdict(
        lambda: defaultdict(list)
    )
    for alarm in platform.some("AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm"):
        if alarm["AlarmActions"]:
            topics = frozenset(target.name for target in alarm.targets("AlarmActions"))
            notified[alarm.stack, "Critical" in alarm.id][topics].append(alarm)
    for ways in notified.values():
        fewest = min(ways.values(), key=len)
        yield (
            fewest[0],
            len(ways) == 1,
            f"Similar alarms notify {[sorted(topics) for topics in ways]}. Use the same topics.",
        )
