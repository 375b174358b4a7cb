"""What a template has to say itself, because of what AWS would take for it otherwise: by type and path, what is accepted, and why."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Said:
    """What has to stand at a path.

    Args:
        accepted: values of which one has to stand there; anything will do where it names none.
        why: what AWS does otherwise, and what becomes of that.
    """

    accepted: tuple[object, ...]
    why: str


ANYTHING: tuple[object, ...] = ()
_AUTO_MODE = "EKS takes the three parts of Auto Mode together or refuses them: nodes, volumes and load balancers (Amazon EKS user guide)."
_DEFAULT_POOLS = "Pools of AWS's own choice would run beside ours, without our limits and labels."
_STALE = "A count that comes late says what waited then, and scaling believes it is now: 24 hours are the default."

SAID: Mapping[str, Mapping[str, Said]] = {
    "AWS::CertificateManager::Certificate": {
        "ValidationMethod": Said(("DNS",), "By default it is an e-mail that somebody has to answer, again at every renewal."),
        "DomainValidationOptions.0.HostedZoneId": Said(ANYTHING, "A deployment would wait for days until somebody writes the record."),
    },
    "AWS::CloudFront::Distribution": {
        "DistributionConfig.Enabled": Said((True,), "It would answer nobody."),
        "DistributionConfig.IPV6Enabled": Said((True,), "Off by default, and our names lead there by IPv6 too."),
        "DistributionConfig.HttpVersion": Said(("http2", "http3", "http2and3"), "HTTP/1.1 by default: a page waits for its files in turn."),
        "DistributionConfig.PriceClass": Said(("PriceClass_All",), "Classes 100 and 200 have no edges in South America."),
    },
    "AWS::CloudFront::Function": {
        "AutoPublish": Said((True,), "It would stay in development, and the distribution goes on with what was published before."),
    },
    "AWS::CloudFront::MonitoringSubscription": {
        "MonitoringSubscription.RealtimeMetricsSubscriptionConfig.RealtimeMetricsSubscriptionStatus": Said(
            ("Enabled",), "The alarm on how long origins take reads what it brings."
        ),
    },
    "AWS::CloudFront::ResponseHeadersPolicy": {
        "ResponseHeadersPolicyConfig.CustomHeadersConfig.Items": Said(ANYTHING, "Pages could ask for camera, microphone and place."),
        "ResponseHeadersPolicyConfig.RemoveHeadersConfig.Items": Said(ANYTHING, "Answers would tell what software made them."),
    },
    "AWS::CloudFront::VpcOrigin": {
        "VpcOriginEndpointConfig.OriginProtocolPolicy": Said(("https-only", "http-only"), "By default it is what the viewer speaks."),
    },
    "AWS::EKS::Addon": {
        "ResolveConflicts": Said(("OVERWRITE",), "By default an update fails where somebody changed a field by hand."),
    },
    "AWS::EKS::Cluster": {
        "ComputeConfig.Enabled": Said((True,), _AUTO_MODE),
        "StorageConfig.BlockStorage.Enabled": Said((True,), _AUTO_MODE),
        "KubernetesNetworkConfig.ElasticLoadBalancing.Enabled": Said((True,), _AUTO_MODE),
        "ComputeConfig.NodePools": Said(([],), _DEFAULT_POOLS),
    },
    "AWS::KMS::Key": {
        "RotationPeriodInDays": Said(tuple(range(90, 366)), "KMS takes 90 days or more; a year is what auditors ask for at the most."),
    },
    "AWS::Route53::RecordSet": {
        "HostedZoneId": Said(ANYTHING, "Without a zone it is written nowhere."),
    },
    "AWS::SecretsManager::RotationSchedule": {
        "RotateImmediatelyOnUpdate": Said((False,), "By default a deployment changes passwords under everybody who is connected."),
    },
    "AWS::ServiceDiscovery::PrivateDnsNamespace": {
        "Vpc": Said(ANYTHING, "Names would be answered nowhere."),
    },
    "AWS::ServiceDiscovery::Service": {
        "DnsConfig.NamespaceId": Said(ANYTHING, "It would have no name to be found by."),
        "DnsConfig.RoutingPolicy": Said(("MULTIVALUE",), "The other policy answers with one task, and Prometheus would see one alone."),
        "NamespaceId": Said(ANYTHING, "It would belong to no namespace."),
    },
    "AWS::WAFv2::LoggingConfiguration": {
        "LoggingFilter.DefaultBehavior": Said(("DROP",), "Every request would be written and paid for, those of all listeners."),
    },
    "AWS::WAFv2::WebACL": {
        "DefaultAction.Allow": Said(ANYTHING, "An action has to be named; blocking would refuse every listener."),
        "VisibilityConfig.SampledRequestsEnabled": Said((True,), "Whoever is woken could not see what is refused."),
    },
}
"""Of every resource of a type. What a promise says already is not said again here."""

PARAMETERS: Mapping[str, Said] = {
    "long_query_time": Said(("0.5", "1", "2"), "Ten seconds by default, and the Web API promises half a second: no slow query would show."),
    "innodb_print_all_deadlocks": Said(("1",), "Only the last one is kept by default, until the next."),
    "local_infile": Said(("0",), "A server that was taken over could ask its clients for their files."),
    "sql_generate_invisible_primary_key": Said(("0",), "Keycloak's migrations add primary keys of their own, and would fail."),
}
"""Parameters of MySQL."""

SCHEDULED: Mapping[str, Said] = {
    "RetryPolicy.MaximumEventAgeInSeconds": Said((60,), _STALE),
    "RetryPolicy.MaximumRetryAttempts": Said((0, 1), _STALE),
}
"""Targets of rules that run every minute."""
