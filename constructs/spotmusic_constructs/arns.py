"""Handles of keys, secrets and topics, and the ARN of each.

A handle lets other constructs use a resource without a change of its policy. Each property of a
handle is two calls to the CDK process, so the ARN of a handle is kept here.
"""

from weakref import WeakKeyDictionary

from aws_cdk import aws_kms as kms
from aws_cdk import aws_secretsmanager as secretsmanager
from aws_cdk import aws_sns as sns
from constructs import Construct

_ARNS: WeakKeyDictionary[kms.IKey | secretsmanager.ISecret | sns.ITopic, str] = WeakKeyDictionary()


def key_handle(scope: Construct, construct_id: str, arn: str) -> kms.IKey:
    """Create a handle of the key with this ARN."""
    handle = kms.Key.from_key_arn(scope, construct_id, arn)
    _ARNS[handle] = arn
    return handle


def secret_handle(scope: Construct, construct_id: str, arn: str) -> secretsmanager.ISecret:
    """Create a handle of the secret with this complete ARN."""
    handle = secretsmanager.Secret.from_secret_complete_arn(scope, construct_id, arn)
    _ARNS[handle] = arn
    return handle


def topic_handle(scope: Construct, construct_id: str, arn: str) -> sns.ITopic:
    """Create a handle of the topic with this ARN."""
    handle = sns.Topic.from_topic_arn(scope, construct_id, arn)
    _ARNS[handle] = arn
    return handle


def key_arn(key: kms.IKey) -> str:
    """Return the ARN of a key."""
    return _ARNS.get(key) or key.key_arn


def secret_arn(secret: secretsmanager.ISecret) -> str:
    """Return the ARN of a secret."""
    return _ARNS.get(secret) or secret.secret_arn


def topic_arn(topic: sns.ITopic) -> str:
    """Return the ARN of a topic."""
    return _ARNS.get(topic) or topic.topic_arn
