"""Handles and their ARNs."""

import aws_cdk as cdk
from aws_cdk import aws_kms as kms
from aws_cdk import aws_secretsmanager as secretsmanager
from aws_cdk import aws_sns as sns

from spotmusic_constructs.arns import (
    key_arn,
    key_handle,
    secret_arn,
    secret_handle,
    topic_arn,
    topic_handle,
)

KEY = "arn:aws:kms:sa-east-1:111122223333:key/11112222-3333-4444-5555-666677778888"
SECRET = "arn:aws:secretsmanager:sa-east-1:111122223333:secret:reader-AbCdEf"
TOPIC = "arn:aws:sns:sa-east-1:111122223333:alarms"


def test_handles_keep_their_arn() -> None:
    stack = cdk.Stack(cdk.App(), "Stack")
    key, secret, topic = (
        key_handle(stack, "Key", KEY),
        secret_handle(stack, "Secret", SECRET),
        topic_handle(stack, "Topic", TOPIC),
    )
    assert (key_arn(key), secret_arn(secret), topic_arn(topic)) == (KEY, SECRET, TOPIC)
    assert (key.key_arn, secret.secret_arn, topic.topic_arn) == (KEY, SECRET, TOPIC)


def test_arns_of_other_resources_are_read() -> None:
    stack = cdk.Stack(cdk.App(), "Stack")
    key, secret, topic = (
        kms.Key(stack, "Key"),
        secretsmanager.Secret(stack, "Secret"),
        sns.Topic(stack, "Topic"),
    )
    assert (key_arn(key), secret_arn(secret), topic_arn(topic)) == (
        key.key_arn,
        secret.secret_arn,
        topic.topic_arn,
    )
