"""Handles of keys, secrets, topics and security groups, and ARNs and names of resources.

A handle lets other constructs use a resource without a change of its policy. Each property of a
construct is a call to the CDK process, so each is read once.
"""

from weakref import WeakKeyDictionary

from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_eks_v2 as eks
from aws_cdk import aws_elasticloadbalancingv2 as elbv2
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_secretsmanager as secretsmanager
from aws_cdk import aws_sns as sns
from constructs import Construct

_READ: WeakKeyDictionary[object, dict[str, str]] = WeakKeyDictionary()


def key_handle(scope: Construct, construct_id: str, arn: str) -> kms.IKey:
    """Create a handle of the key with this ARN."""
    handle = kms.Key.from_key_arn(scope, construct_id, arn)
    _READ[handle] = {"key_arn": arn}
    return handle


def secret_handle(scope: Construct, construct_id: str, arn: str) -> secretsmanager.ISecret:
    """Create a handle of the secret with this complete ARN."""
    handle = secretsmanager.Secret.from_secret_complete_arn(scope, construct_id, arn)
    _READ[handle] = {"secret_arn": arn}
    return handle


def topic_handle(scope: Construct, construct_id: str, arn: str) -> sns.ITopic:
    """Create a handle of the topic with this ARN."""
    handle = sns.Topic.from_topic_arn(scope, construct_id, arn)
    _READ[handle] = {"topic_arn": arn}
    return handle


def group_handle(scope: Construct, construct_id: str, group_id: str) -> ec2.ISecurityGroup:
    """Create a handle of the security group with this id, which ignores new rules."""
    handle = ec2.SecurityGroup.from_security_group_id(scope, construct_id, group_id, mutable=False)
    _READ[handle] = {"security_group_id": group_id}
    return handle


def key_arn(key: kms.IKey) -> str:
    """Return the ARN of a key."""
    return _read(key, "key_arn")


def secret_arn(secret: secretsmanager.ISecret) -> str:
    """Return the ARN of a secret."""
    return _read(secret, "secret_arn")


def topic_arn(topic: sns.ITopic) -> str:
    """Return the ARN of a topic."""
    return _read(topic, "topic_arn")


def bucket_arn(bucket: s3.IBucket) -> str:
    """Return the ARN of a bucket."""
    return _read(bucket, "bucket_arn")


def objects_arn(bucket: s3.IBucket, key_pattern: str = "*") -> str:
    """Return the ARN of the objects of a bucket with keys that match the pattern."""
    return f"{bucket_arn(bucket)}/{key_pattern}"


def bucket_name(bucket: s3.IBucket) -> str:
    """Return the name of a bucket."""
    return _read(bucket, "bucket_name")


def cluster_arn(cluster: ecs.ICluster | eks.ICluster) -> str:
    """Return the ARN of a cluster."""
    return _read(cluster, "cluster_arn")


def cluster_name(cluster: ecs.ICluster | eks.ICluster) -> str:
    """Return the name of a cluster."""
    return _read(cluster, "cluster_name")


def group_id(security_group: ec2.ISecurityGroup) -> str:
    """Return the id of a security group."""
    return _read(security_group, "security_group_id")


def load_balancer_name(load_balancer: elbv2.ApplicationLoadBalancer) -> str:
    """Return the full name of a load balancer, a dimension of its metrics."""
    return _read(load_balancer, "load_balancer_full_name")


def _read(construct: object, name: str) -> str:
    read = _READ.setdefault(construct, {})
    if name not in read:
        read[name] = getattr(construct, name)
    return read[name]
