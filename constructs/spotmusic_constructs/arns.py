"""Handles of keys, secrets and topics, and the ARN of each.

A handle lets other constructs use a resource without a change of its policy. Each property of a
handle is two calls to the CDK process, so each ARN is kept here.
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
    if key not in _ARNS:
        _ARNS[key] = key.key_arn
    return _ARNS[key]


def secret_arn(secret: secretsmanager.ISecret) -> str:
    """Return the ARN of a secret."""
    if secret not in _ARNS:
        _ARNS[secret] = secret.secret_arn
    return _ARNS[secret]


def topic_arn(topic: sns.ITopic) -> str:
    """Return the ARN of a topic."""
    if topic not in _ARNS:
        _ARNS[topic] = topic.topic_arn
    return _ARNS[topic]
