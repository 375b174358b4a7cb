"""Subscriptions of on-call services, such as PagerDuty, to a topic."""

from collections.abc import Sequence
from hashlib import sha256

from aws_cdk import aws_sns as sns
from constructs import Construct


def subscribe_endpoints(scope: Construct, topic_arn: str, endpoints: Sequence[str]) -> None:
    """Subscribe HTTPS addresses to a topic.

    Each address must confirm its subscription; on-call services do so automatically.

    Args:
        scope: parent of the subscriptions.
        topic_arn: topic of the same region.
        endpoints: addresses that begin with `https://`.
    """
    for endpoint in endpoints:
        # The digest keeps keys in addresses out of logical ids; a removed address replaces no
        # other.
        construct_id = f"Endpoint-{sha256(endpoint.encode()).hexdigest()[:12]}"
        sns.CfnSubscription(
            scope, construct_id, topic_arn=topic_arn, protocol="https", endpoint=endpoint
        )
