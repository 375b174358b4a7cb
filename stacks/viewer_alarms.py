"""Alarms of CloudFront, its web ACL and its certificate, and forwarded events."""

import aws_cdk as cdk
from aws_cdk import aws_certificatemanager as acm

from spotmusic_cdk.settings import Settings
from spotmusic_cdk.settings.regions import WITHOUT_BUDGETS
from spotmusic_constructs.edge.edge_alarms import ANY_REQUEST, DistributionAlarms, WebAclAlarms
from spotmusic_constructs.edge.web_acl import WebAcl
from spotmusic_constructs.edge_region import EDGE_REGION
from spotmusic_constructs.observability.alarm import Recipients
from spotmusic_constructs.observability.certificate_alarms import CertificateAlarms
from spotmusic_constructs.observability.event_forwarding import EventForwarding
from spotmusic_constructs.secrets.data_keys import NOTIFICATIONS
from spotmusic_constructs.secrets.encryption_key import EncryptionKey
from stacks.alarm_recipients import alarm_topic, budgets
from stacks.environment_stack import EnvironmentStack


def viewer_alarms(
    stack: EnvironmentStack,
    *,
    settings: Settings,
    distribution_id: str,
    web_acl: WebAcl,
    certificate: acm.ICertificate | None,
) -> Recipients:
    """Create the alarms, and return their recipients, which are topics of the same region."""
    key = EncryptionKey(
        stack,
        "NotificationsKey",
        data_class="notifications",
        use=NOTIFICATIONS,
        removal_policy=stack.data_removal,
    ).key
    alarms = alarm_topic(stack, settings=settings, key=key)
    cdk.CrossStackReferences.of(alarms).produce(cdk.ReferenceStrength.WEAK)
    DistributionAlarms(
        stack,
        "DistributionAlarms",
        recipients=alarms.recipients,
        distribution_id=distribution_id,
        requests=ANY_REQUEST if settings.production else None,
    )
    WebAclAlarms(
        stack, "WebAclAlarms", recipients=alarms.recipients, metric_name=web_acl.metric_name
    )
    if settings.region in WITHOUT_BUDGETS:
        budgets(stack, settings=settings, topic=alarms.topic)
    if settings.region != EDGE_REGION:
        EventForwarding(
            stack, "EventForwarding", region=settings.region, sources=["aws.health", "aws.kms"]
        )
    if certificate:
        CertificateAlarms(
            stack,
            "CertificateAlarms",
            recipients=alarms.recipients,
            certificate_arns={"Viewers": certificate.certificate_arn},
        )
    return alarms.recipients
