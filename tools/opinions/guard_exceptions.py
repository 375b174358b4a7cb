"""Reviewed findings of Control Tower, with reasons. `make guard` fails for unused exceptions.

Rules have the names of AWS Control Tower's controls. A place is a stack and a logical id without
CDK's hash.
"""

from tools.opinions.opinion import Exceptions, Reviewed

SMALL = ("dev",)
NOT_PRODUCTION = ("dev", "staging")

DOMAINLESS = (
    "A developer's environment does not require a domain. Without one, no certificate can be "
    "issued, and the distribution uses CloudFront's own."
)
WINDOWS = (
    "It is one of several windows of an objective. The composite alarm of all windows has the "
    "actions; otherwise one incident would notify four times."
)
CALLS_AWS_ONLY = (
    "It calls public AWS APIs and nothing in the VPC. In the VPC, it would depend on the network "
    "that it configures."
)

EXCEPTIONS: Exceptions = {
    "CT.CLOUDFRONT.PR.4": (
        Reviewed(
            places=("edge/Distribution",),
            reason="Its origins have no second region: the gateway runs in three zones, and no "
            "bucket is replicated abroad (LGPD art. 33).",
        ),
    ),
    "CT.CLOUDFRONT.PR.5": (
        Reviewed(
            places=("edge/Distribution",),
            reason="Access is logged by standard logging v2 (docs/adr/0007-edge-logs.md), which "
            "the rule does not support.",
        ),
    ),
    **dict.fromkeys(
        ("CT.CLOUDFRONT.PR.6", "CT.CLOUDFRONT.PR.7", "CT.CLOUDFRONT.PR.9"),
        (Reviewed(places=("edge/Distribution",), reason=DOMAINLESS, environments=SMALL),),
    ),
    "CT.CLOUDWATCH.PR.1": (
        Reviewed(
            places=tuple(
                f"observability/{objective}{burn}{window}"
                for objective in ("Availability", "Latency")
                for burn in ("Critical", "Warning")
                for window in ("Long", "Short")
            ),
            reason=WINDOWS,
        ),
        Reviewed(
            places=("observability/AvailabilityOutlasting", "observability/LatencyOutlasting"),
            reason="AWS FIS reads its state and stops an experiment. The composite alarms of the "
            "same objective notify people on call.",
            environments=("staging", "prod"),
        ),
        Reviewed(
            places=("ecs-services/*IngressDeploymentAlarm",),
            reason="ECS reads it during a deployment and rolls back. The alarms of the service "
            "notify people on call.",
            environments=("staging", "prod"),
        ),
    ),
    "CT.ECS.PR.2": (
        Reviewed(
            places=("ecs-services/Cluster",),
            reason="Container Insights are `enhanced`, which includes the `enabled` that the rule "
            "requires.",
        ),
    ),
    "CT.ECS.PR.6": (
        Reviewed(
            places=("observability/PeopleTunnelTaskDefinition",),
            reason="ECS Exec writes its agent into the container (Amazon ECS developer guide, ECS "
            "Exec). The task ends after eight hours.",
        ),
    ),
    "CT.ELASTICLOADBALANCING.PR.1": (
        Reviewed(
            places=("ecs-services/LoadBalancerListener", "network/GatewayLoadBalancerListener"),
            reason="Without a domain, no certificate can be issued. Both load balancers are "
            "internal, and CloudFront connects by a VPC origin.",
            environments=SMALL,
        ),
    ),
    "CT.ELASTICLOADBALANCING.PR.5": (
        Reviewed(
            places=(
                "ecs-services/LoadBalancer",
                "eks-platform/BrokersLoadBalancer",
                "network/GatewayLoadBalancer",
            ),
            reason="They hold no data, and an environment without listeners is deleted with its "
            "stacks.",
            environments=NOT_PRODUCTION,
        ),
    ),
    "CT.KMS.PR.3": (
        Reviewed(
            places=("secrets/KubernetesKey", "secrets/LogsKey"),
            reason="Amazon EKS creates no cluster with such a key (CT.EKS.PR.2), and Prometheus "
            "creates no workspace with one. `aws:ViaAWSService`, which the rule does not support, "
            "denies grants that no service makes.",
        ),
    ),
    "CT.LAMBDA.PR.3": (
        Reviewed(
            places=(
                "data/RestoreTestingValidationFunction",
                "eks-platform/DataValuesFunction",
                "network/CustomVpcRestrictDefaultSGCustomResourceProviderHandler",
                "secrets/SigningKeyProviderFunction",
            ),
            reason=CALLS_AWS_ONLY,
        ),
    ),
    "CT.RDS.PR.1": (
        Reviewed(
            places=("data/CatalogueInstance", "data/IdentityInstance"),
            reason="A standby would double the cost of a developer's database. Developers can wait "
            "for a restore after the loss of a zone.",
            environments=SMALL,
        ),
    ),
    "CT.RDS.PR.13": (
        Reviewed(
            places=("data/CatalogueInstance", "data/IdentityInstance"),
            reason="It has no listeners and may be deleted with its stack, with a final snapshot.",
            environments=NOT_PRODUCTION,
        ),
    ),
    "CT.RDS.PR.14": (
        Reviewed(
            places=("data/CatalogueInstance", "data/IdentityInstance"),
            reason="The general log would contain every statement with listeners' data. Errors, "
            "slow queries and logins are exported.",
        ),
    ),
    "CT.RDS.PR.20": (
        Reviewed(
            places=("data/CatalogueInstance", "data/IdentityInstance"),
            reason="Another port does not hide the database from hosts in the VPC. The table of "
            "flows lists its clients, which use 3306 by default.",
        ),
    ),
    "CT.S3.PR.2": (
        Reviewed(
            places=("data/LogsBucket", "network/BalancerLogsBucket"),
            reason="It is the target of the other buckets' logs. Logging its own deliveries would "
            "be an endless loop.",
        ),
    ),
    "CT.S3.PR.4": (
        Reviewed(
            places=("data/LogsBucket", "network/BalancerLogsBucket"),
            reason="No consumer processes delivered logs, and thousands of objects per hour would "
            "each be an event.",
        ),
    ),
    "CT.S3.PR.9": (
        Reviewed(
            places=(
                "data/AudioBucket",
                "data/LogsBucket",
                "data/UploadsBucket",
                "data/WebBucket",
                "network/BalancerLogsBucket",
            ),
            reason="A lock would prevent erasure under LGPD art. 18. Versions and backups restore "
            "deleted objects.",
        ),
    ),
    "CT.S3.PR.10": (
        Reviewed(
            places=("data/LogsBucket", "network/BalancerLogsBucket"),
            reason="Load balancers deliver logs only to buckets with SSE-S3 encryption.",
        ),
    ),
    "CT.SQS.PR.1": (
        Reviewed(
            places=("data/UploadVerdicts*DeadLetters",),
            reason="It is a dead-letter queue. A RedriveAllowPolicy with the name of its source "
            "queue would be a circular dependency.",
        ),
    ),
}
