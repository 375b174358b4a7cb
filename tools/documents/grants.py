"""The table of grants: who may do what with which store. Tests hold it to every policy of the templates, both ways."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from spotmusic_cdk.settings import Settings
from spotmusic_cdk.settings.services import ServiceSettings
from spotmusic_cdk.settings.word import mode_of
from spotmusic_constructs.services.image_name import ecr_repository

READ, WRITE, DELETE, USE, RUN, CALL, ADMINISTER = "read", "write", "delete", "use", "run", "call", "administer"
"""Classes of action: `use` is of keys, `run` of functions and services, `call` of whole APIs, by an endpoint or by AWS's own policy."""
METRICS, IMAGES, TOKEN = "metrics", "cached images", "token of the registry"
IMAGES_ELSEWHERE = "images of another account"
SESSIONS = "sessions of Session Manager"
NETWORK, PARAMETERS, AUTHORITY = "network interfaces", "parameters", "parameter of the authority"

DISTRIBUTIONS = "cached copies at the edge"
MAIL = "mail from one address"

PLACED = (NETWORK, "ec2 in general")
"""What a function looks up that Lambda gives an address in the VPC."""


@dataclass(frozen=True, kw_only=True, order=True)
class Grant:
    """One right.

    Args:
        who: who has it: `tasks of playback`, `pods monitoring/grafana`, a function by stack and logical id, or an AWS service.
        does: class of action.
        what: store, by stack and logical id, or in words where no template of ours makes it.
    """

    who: str
    does: str
    what: str


def table(settings: Settings) -> frozenset[Grant]:
    """Returns every right of an environment. Users of what is retired are kept; tasks and pods no longer read their secrets."""
    running = settings.running
    parts = (_services(running), _users(settings.kept), _functions(running), _pods(running), _nodes(settings), _people(settings))
    return frozenset(grant for part in (*parts, _faults(settings), _aws(settings), _keys(), _endpoints(settings)) for grant in part)


def _may(who: str, **rights: Iterable[str]) -> Iterator[Grant]:
    return (Grant(who=who, does=does, what=what) for does, whats in rights.items() for what in whats)


def _id(service: str) -> str:
    """A service's name within logical ids."""
    return service.replace("-", "")


def _that_talk_to(word: str, settings: Settings) -> list[str]:
    return [_id(name) for name in settings.services_talking_to(word)]


def _services(settings: Settings) -> Iterator[Grant]:
    for name, service in settings.services.items():
        who, id_ = f"tasks of {name}", _id(name)
        # The first pull through the cache makes the repository.
        fills = [] if service.has_image else [IMAGES]
        yield from _may(who, read=[*_image(id_, service, settings.account), PARAMETERS], write=[f"ecs-services/{id_}Logs", *fills])
        yield from _may(who, read=[f"secret services.{name}.secrets.{variable}" for variable in service.secrets])
        for word in service.talks_to:
            yield from _word(who, id_, word, settings)
        yield from _may("scheduler", run=[f"ecs-services/{id_}Service"])
    yield from _shifts(settings.services.values())
    yield from _migrations(settings)


def _image(id_: str, service: ServiceSettings, account: str | None) -> list[str]:
    """Repository that tasks pull from, and the token for it; none for a registry that needs no login."""
    if service.image:
        repository = ecr_repository(service.image)
        return [IMAGES if repository.split(":")[1] == account else IMAGES_ELSEWHERE, TOKEN] if repository else []
    return [f"registry/Services{id_}" if service.image_tag else IMAGES, TOKEN]


def _word(who: str, id_: str, word: str, settings: Settings) -> Iterator[Grant]:  # noqa: C901 (a branch for each word)
    """What a word of `talks_to` gives beside a connection."""
    authority = [AUTHORITY] if settings.authority_parameter else []
    match word:
        case "catalogue" | "database":
            yield from _may(who, read=[f"data/CatalogueUsers{id_}"])
        case "cache":
            yield from _may(who, read=[f"data/CacheUsers{id_}secret"])
        case "events":
            yield from _may(who, read=[f"secrets/ComponentsRedpanda{id_}", *authority])
        case "tasks":
            yield from _may(who, read=[f"secrets/ComponentsRabbitMQ{id_}", *authority])
        case "uploads":
            verdicts = f"data/UploadVerdicts{id_}Queue"
            yield from _may(who, read=["data/UploadsBucket", verdicts], write=["data/UploadsBucket", verdicts], delete=[verdicts])
        case "audio" if mode_of(word) == "write":
            yield from _may(who, read=["parameters of the edge"], write=["data/AudioBucket", DISTRIBUTIONS], delete=["data/AudioBucket"])
        case "audio":
            first = settings.edge.signing_keys[0]
            yield from _may(who, read=["data/AudioBucket", f"secrets/SigningKey{first}Secret", "parameters of the edge"])
        case "mail":
            yield from _may(who, write=[MAIL])


def _migrations(settings: Settings) -> Iterator[Grant]:
    """The task that changes tables of the catalogue, and the function that runs it."""
    name = settings.migrated_by
    if name is None:
        return
    service = settings.services[name]
    who, made = f"tasks of {name}-migrations", "ecs-services/Migrations"
    read = [*_image(_id(name), service, settings.account), PARAMETERS, "data/CatalogueUserscataloguemigrations"]
    yield from _may(who, read=read, write=[f"{made}Logs"])
    passed = [f"{made}{part}" for part in ("RolesExecutionRole", "RolesTaskRole", "RunLogs", "TaskTaskDefinition")]
    tasks = "tasks of services"
    yield from _may(f"{made}RunFunction", read=[tasks], write=[tasks, *passed])


def _shifts(services: Iterable[ServiceSettings]) -> Iterator[Grant]:
    if any(service.deployment == "blue_green" for service in services):
        yield from _may("ecs", call=["policy AmazonECSInfrastructureRolePolicyForLoadBalancers"])


def _users(settings: Settings) -> Iterator[Grant]:
    """Functions that make users and replace passwords: they read and write the secrets of their own store's users, and no others."""
    owned = ["cataloguemigrations"] if settings.catalogue_owner else []
    catalogue = [f"data/CatalogueUsers{id_}" for id_ in (*map(_id, settings.services_of_catalogue), *owned)]
    yield from _rotates("data/CatalogueUsersFunction", "data/CatalogueUsersFunctionLogs", catalogue)
    yield from _may("data/CatalogueUsersFunction", read=["data/CatalogueInstance"])
    yield from _rotates(
        "data/IdentityUsersFunction", "data/IdentityUsersFunctionLogs", ["data/IdentityUsersgrafana", "data/IdentityUserskeycloak"]
    )
    yield from _may("data/IdentityUsersFunction", read=["data/IdentityInstance"])
    users = [f"data/CacheUsers{name}" for name in (*_that_talk_to("cache", settings), "kong")]
    cache = [*users, *(f"{user}secret" for user in users)]
    yield from _rotates("data/CacheRotationFunction", "data/CacheRotationFunctionLogs", cache)


def _rotates(function: str, log_group: str, stores: list[str]) -> Iterator[Grant]:
    yield from _may(function, read=[*stores, *PLACED, "random passwords"], write=[*stores, NETWORK, log_group], delete=[NETWORK])
    yield from _may("secretsmanager", run=[function])


def _functions(settings: Settings) -> Iterator[Grant]:
    pairs = [f"secrets/SigningKey{name}Secret" for name in settings.edge.signing_keys]
    yield from _may("secrets/SigningKeyProviderFunction", read=pairs, write=[*pairs, "secrets/SigningKeyProviderLogs"])
    yield from _may(
        "data/RestoreTestingValidationFunction",
        # It lists what an empty copy is a copy of.
        read=["restored copies", "restore jobs", "data/AudioBucket", "data/WebBucket"],
        write=["data/RestoreTestingValidationLogs", "verdicts on restores"],
    )
    yield from _may("events", run=["data/RestoreTestingValidationFunction"])
    if any(service.scaling.messages_per_task for service in settings.services.values()):
        authority = [AUTHORITY] if settings.authority_parameter else []
        function = "ecs-services/QueueDepthFunction"
        yield from _may(function, read=["secrets/ComponentsRabbitMQMonitor", *PLACED, *authority])
        yield from _may(function, write=["ecs-services/QueueDepthLogs", METRICS, NETWORK], delete=[NETWORK])
        yield from _may("events", run=[function])
    kubectl = "eks-platform/KubernetesClusterKubectlProviderHandler"
    yield from _may(
        kubectl, read=["assets of the deployment", "eks-platform/KubernetesCluster"], call=["policy AWSLambdaVPCAccessExecutionRole"]
    )
    yield from _may(
        "eks-platform/KubernetesClusterKubectlProviderframeworkonEvent",
        read=[kubectl],
        run=[kubectl],
        call=["policy AWSLambdaBasicExecutionRole", "policy AWSLambdaVPCAccessExecutionRole"],
    )
    # CDK's own: it empties the default security group.
    yield from _may(
        "network/CustomVpcRestrictDefaultSGCustomResourceProviderHandler",
        write=["network/NetworkVpc"],
        call=["policy AWSLambdaBasicExecutionRole"],
    )


def _pods(settings: Settings) -> Iterator[Grant]:
    operator = "pods external-secrets/external-secrets"
    yield from _may(operator, read=["data/CacheUserskongsecret", "data/IdentityUsersgrafana", "data/IdentityUserskeycloak"])
    administrators = ("GrafanaAdmin", "KeycloakAdmin", "KeycloakAutomation", "KeycloakClients", "RabbitMQDefaultUser", "RedpandaAdmin")
    brokers = [f"Redpanda{id_}" for id_ in _that_talk_to("events", settings)]
    brokers += [f"RabbitMQ{id_}" for id_ in (*_that_talk_to("tasks", settings), "Monitor")]
    yield from _may(operator, read=[f"secrets/Components{name}" for name in (*administrators, *brokers)])
    if settings.authority_parameter:
        yield from _may(operator, read=[AUTHORITY], write=[AUTHORITY])
    # ECR reads the others by a role of its own.
    yield from _may(operator, read=[f"secret {key}" for key in settings.named_secrets if not key.startswith(("registry.", "services."))])
    if settings.kubernetes.redpanda.tiered_storage:
        archive = ["eks-platform/TieredStorageBucket"]
        yield from _may("pods redpanda/redpanda", read=archive, write=archive, delete=archive, use=["secrets/KubernetesKey"])
    yield from _may("pods monitoring/prometheus", write=["observability/Prometheus"])
    yield from _may("pods monitoring/grafana", read=["observability/Prometheus", METRICS])
    yield from _may("pods pod-logs/fluent-bit", read=["eks-platform/PodLogsLogGroup"], write=["eks-platform/PodLogsLogGroup"])
    yield from _may(
        "pods monitoring/alertmanager", write=["observability/AlarmTopic", "observability/AlarmTopicPager", "observability/Heartbeat"]
    )


def _nodes(_: Settings) -> Iterator[Grant]:
    pulls = [f"policy {name}" for name in ("AmazonEC2ContainerRegistryPullOnly", "AmazonEKSWorkerNodeMinimalPolicy")]
    yield from _may("ec2", read=[IMAGES, TOKEN], write=[IMAGES], call=pulls)
    eks = ("BlockStoragePolicyV2", "ClusterPolicy", "ComputePolicy", "LoadBalancingPolicy", "NetworkingPolicy")
    yield from _may("eks", use=["secrets/KubernetesKey"], call=[f"policy AmazonEKS{name}" for name in eks])
    # What bears tags of ours, those policies do not let it make.
    yield from _may("eks", write=["nodes", "volumes of nodes and pods", NETWORK])


def _people(settings: Settings) -> Iterator[Grant]:
    """The task that holds the end of a tunnel."""
    if settings.operators.network:
        written = [IMAGES, SESSIONS, "observability/PeopleTunnelLogs"]
        yield from _may("tasks of operators", read=[IMAGES, TOKEN], write=written)


def _aws(settings: Settings) -> Iterator[Grant]:
    """AWS services in their own name."""
    yield from _may("cloudfront", read=["data/AudioBucket", "data/WebBucket"], use=["secrets/AudioKey"])
    # It scans each upload, tags it, and is told of new ones by a rule that it makes itself.
    yield from _may("malware-protection-plan.guardduty", read=["data/UploadsBucket", "rule of GuardDuty"], use=["secrets/AudioKey"])
    yield from _may("malware-protection-plan.guardduty", write=["data/UploadsBucket", "rule of GuardDuty"], delete=["rule of GuardDuty"])
    for writer in ("logging.s3", "logdelivery.elasticloadbalancing", "elb-account"):
        yield from _may(writer, write=["data/LogsBucket"])
    archives = ["data/LogsBucket", "observability/EventLogLogGroup", "observability/PrometheusLogGroup"]
    yield from _may("delivery.logs", read=["data/LogsBucket"], write=archives, use=["secrets/LogsKey"])
    yield from _may("logs", use=["secrets/LogsKey", "network/FlowLogKey"])
    yield from _may("vpc-flow-logs", read=["network/FlowLogsLogGroup"], write=["network/FlowLogsLogGroup"])
    queues = [f"data/UploadVerdicts{id_}{queue}" for id_ in _that_talk_to("uploads", settings.kept) for queue in ("Queue", "DeadLetters")]
    yield from _may("events", write=["observability/EventLogLogGroup", *queues])
    yield from _may("events.rds", write=["data/DatabaseEventsTopic"])
    for teller in ("budgets", "cloudwatch"):
        yield from _may(teller, write=["edge/AlarmTopic", "observability/AlarmTopic"])
    yield from _may("cloudwatch", write=["edge/AlarmTopicPager", "observability/AlarmTopicPager"])
    for teller in ("budgets", "cloudwatch", "events", "events.rds"):
        yield from _may(teller, use=["edge/NotificationsKey", "secrets/NotificationsKey"])
    yield from _may("ecr", write=[IMAGES], use=["secrets/ImagesKey"])
    yield from _may("monitoring.rds", call=["policy AmazonRDSEnhancedMonitoringRole"])
    restores = (
        "ServiceRolePolicyForBackup",
        "ServiceRolePolicyForRestores",
        "ServiceRolePolicyForS3Backup",
        "ServiceRolePolicyForS3Restore",
    )
    yield from _may("backup", call=[f"policy AWSBackup{name}" for name in restores])


def _faults(settings: Settings) -> Iterator[Grant]:
    """What experiments break on a game day, each by a role of its own."""
    if not settings.resilience.fault_injection:
        return
    general = [f"{service} in general" for service in ("ec2", "ecs", "elasticache", "logs", "rds", "tag")]
    broken = ["data/CatalogueInstance", "data/IdentityInstance", "data/CacheReplicationGroup", "tasks of services"]
    network = ["network/NetworkVpc", "network ACLs of subnets"]
    yield from _may("fis", read=[*general, "eks-platform/KubernetesCluster"], write=[*broken, *network, "logs in general"])
    yield from _may("fis", delete=["network ACLs of subnets", "logs in general"])
    yield from _may("delivery.logs", write=["observability/FaultsInjectionLog"])


_THROUGH = {
    "secrets/AudioKey": ("s3",),
    "secrets/BackupKey": ("backup", "ec2", "rds", "s3"),
    "secrets/CopiesKey": ("backup", "ec2", "rds"),
    "secrets/CacheKey": ("elasticache",),
    "secrets/DatabaseKey": ("rds", "secretsmanager"),
    "secrets/ImagesKey": ("ecr",),
    "secrets/KubernetesKey": ("ec2", "eks"),
    "secrets/LogsKey": ("aps", "s3"),
    "secrets/NotificationsKey": ("sns", "sqs"),
    "secrets/SecretsKey": ("secretsmanager",),
    "edge/NotificationsKey": ("sns", "sqs"),
    "network/FlowLogKey": (),
}
"""Services through which whoever may use them uses a key too, by key."""


def _keys() -> Iterator[Grant]:
    for key, services in _THROUGH.items():
        yield from _may("the account's IAM", administer=[key])
        for service in services:
            yield from _may(f"anybody through {service}", use=[key])


_OURS, _BOTH = " for our principals", " for our principals and resources"
_OF_OUR_RESOURCES = ("ecr.api", "ecr.dkr", "kms", "secretsmanager")
"""Endpoints that tell whose the resource is that is asked for; of the others only the caller is known."""


def _endpoints(settings: Settings) -> Iterator[Grant]:
    """What passes from the VPC to APIs of AWS. Not ours are image layers and answers to CloudFormation in buckets of AWS."""
    yield from _may("the VPC", call=[f"network/S3Endpoint{_BOTH}"], read=["image layers of AWS"], write=["answers to CloudFormation"])
    for endpoint in settings.network.endpoints:
        name = f"network/Endpoints{endpoint.replace('.', '').replace('-', '')}"
        yield from _may("the VPC", call=[f"{name}{_BOTH if endpoint in _OF_OUR_RESOURCES else _OURS}"])
        if endpoint.startswith("ecr") or endpoint == "secretsmanager":
            yield from _may("the VPC", read=[f"{name}{_OURS}"])
        if endpoint == "sts" and settings.kubernetes.redpanda.tiered_storage:
            # A pod shows a token of the cluster, and is nobody yet.
            yield from _may("the VPC", call=[f"{name} for our resources"])
