"""Reviewed findings of Control Tower, each with the reason. `make guard` fails for an unused
exception.

Rules have the names of AWS Control Tower's controls; a place is a stack and a logical id without
the hash that CDK appends.
"""

from tools.opinions.opinion import Exceptions, Reviewed

SMALL = ("dev",)
NOT_PRODUCTION = ("dev", "staging")

DOMAINLESS = "Without a domain, which a developer should not need, no certificate can be had: CloudFront's own serves the platform."
WINDOWS = "It is one of the windows of an objective: the composite alarm over them has the actions, or one incident would call four times."
CALLS_AWS_ONLY = "It calls public APIs of AWS and nothing inside the VPC; there it would only depend on the network it is meant to set up."

EXCEPTIONS: Exceptions = {
    "CT.CLOUDFRONT.PR.4": (
        Reviewed(
            places=("edge/Distribution",),
            reason="Its origins have no twin: the gateway stands in three zones by itself, and no bucket is copied abroad (LGPD art. 33).",
        ),
    ),
    "CT.CLOUDFRONT.PR.5": (
        Reviewed(
            places=("edge/Distribution",),
            reason="Access is logged by standard logging v2 (docs/adr/0007-edge-logs.md), which the rule does not know.",
        ),
    ),
    "CT.CLOUDFRONT.PR.6": (
        Reviewed(places=("edge/Distribution",), reason=DOMAINLESS, environments=SMALL),
    ),
    "CT.CLOUDFRONT.PR.7": (
        Reviewed(places=("edge/Distribution",), reason=DOMAINLESS, environments=SMALL),
    ),
    "CT.CLOUDFRONT.PR.9": (
        Reviewed(places=("edge/Distribution",), reason=DOMAINLESS, environments=SMALL),
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
            reason="AWS FIS reads its state and ends an experiment; people are called by the composite alarms of the same objective.",
            environments=("staging", "prod"),
        ),
        Reviewed(
            places=("ecs-services/*IngressDeploymentAlarm",),
            reason="ECS itself watches it while a new version goes out, and rolls back; people are called by the alarms of the service.",
            environments=("staging", "prod"),
        ),
    ),
    "CT.ECS.PR.2": (
        Reviewed(
            places=("ecs-services/Cluster",),
            reason="Container Insights are `enhanced`, which is more than the `enabled` that the rule knows.",
        ),
    ),
    "CT.ECS.PR.6": (
        Reviewed(
            places=("observability/PeopleTunnelTaskDefinition",),
            reason="ECS Exec writes its agent into the container (Amazon ECS developer guide, ECS Exec); it ends after eight hours.",
        ),
    ),
    "CT.ELASTICLOADBALANCING.PR.1": (
        Reviewed(
            places=("ecs-services/LoadBalancerListener", "network/GatewayLoadBalancerListener"),
            reason="Without a domain no certificate can be had; both load balancers are internal, and CloudFront comes by a private path.",
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
            reason="They hold no data, and an environment without listeners is deleted with its stacks.",
            environments=NOT_PRODUCTION,
        ),
    ),
    "CT.KMS.PR.3": (
        Reviewed(
            places=("secrets/KubernetesKey", "secrets/LogsKey"),
            reason=(
                "Amazon EKS makes no cluster with such a key (CT.EKS.PR.2 says so itself), and Prometheus may make no workspace. Grants "
                "that no service makes are denied by `aws:ViaAWSService`, which the rule does not know."
            ),
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
            reason="A standby would double what a developer's database costs; developers wait while a lost zone is restored.",
            environments=SMALL,
        ),
    ),
    "CT.RDS.PR.13": (
        Reviewed(
            places=("data/CatalogueInstance", "data/IdentityInstance"),
            reason="It has no listeners and may be deleted with its stack, which leaves a final snapshot.",
            environments=NOT_PRODUCTION,
        ),
    ),
    "CT.RDS.PR.14": (
        Reviewed(
            places=("data/CatalogueInstance", "data/IdentityInstance"),
            reason="The general log would write every statement with listeners' data in it; errors, slow queries and logins are exported.",
        ),
    ),
    "CT.RDS.PR.20": (
        Reviewed(
            places=("data/CatalogueInstance", "data/IdentityInstance"),
            reason="Another port hides nothing from who is in the VPC, and the table of flows says who reaches it; clients know 3306.",
        ),
    ),
    "CT.S3.PR.2": (
        Reviewed(
            places=("data/LogsBucket", "network/BalancerLogsBucket"),
            reason="It is the bucket that the others log to: logging its own deliveries would never end.",
        ),
    ),
    "CT.S3.PR.4": (
        Reviewed(
            places=("data/LogsBucket", "network/BalancerLogsBucket"),
            reason="Nothing acts on a log that arrives, and there are thousands an hour; each would be an event.",
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
            reason="A lock would forbid erasing what LGPD art. 18 demands to be erased; versions and backups bring back what was deleted.",
        ),
    ),
    "CT.S3.PR.10": (
        Reviewed(
            places=("data/LogsBucket", "network/BalancerLogsBucket"),
            reason="Load balancers deliver their logs only to buckets that S3 encrypts with its own keys (SSE-S3).",
        ),
    ),
    "CT.SQS.PR.1": (
        Reviewed(
            places=("data/UploadVerdicts*DeadLetters",),
            reason="It is the dead-letter queue of a queue beside it; a RedriveAllowPolicy that names that queue would be a cycle.",
        ),
    ),
}
