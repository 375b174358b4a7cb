"""Billed quantities of each resource type.

Each type is priced here or listed in `FREE`; a test compares both with the templates.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from spotmusic_cdk.settings import Settings
from tools.changes.replacement import named
from tools.cost import cluster
from tools.cost.prices import Prices
from tools.cost.use import HOURS, Level
from tools.load.components import GB, GIB, SCRAPE_SECONDS, STATIONS
from tools.model.templates import Properties, Templates, of_type

STORED_SHARE = 0.15
"""Size of stored logs relative to ingested ones (CloudWatch pricing, pricing examples)."""
AUTO_MODE_FEE = 0.12
"""Fee of EKS Auto Mode relative to the price of the instance.

Source: AWS price list, sa-east-1, 2026-08: m7g.large 0.01561 of 0.1301 USD.
"""
SPOT = 0.4
"""Price of a spot instance relative to on demand (an assumption: it changes by the hour)."""
SCRAPES = 3600 / SCRAPE_SECONDS * HOURS
"""Scrapes per month."""
INSIGHTS_METRICS = 20
"""Container Insights metrics per cluster, service, task and container (an assumption)."""
CLUSTER_LOGS_GB = 20
"""Logs of the control plane and of pods per month, without those of requests (an assumption)."""
RUNS, RUN_SECONDS = 50_000, 0.5
"""Runs of a function per month, some one per minute, and their duration (assumptions)."""
FLOW_BYTES = 4 * 112
"""Records of a connection in the flow logs: two directions at two network interfaces, in the
default format (Amazon VPC user guide, flow log records)."""
TASK_CONNECTIONS, NEW_CONNECTIONS = 50, 0.1
"""Connections of a task, each recorded every minute (same source), and share of requests that open
one at the load balancer; the others reuse one (assumptions)."""
ACCESS_LOG_BYTES = 100
"""Stored size of a request in CloudFront's access logs, compressed as Parquet (an assumption)."""
OTHER_BUCKET_GIB = 10
"""Objects in a bucket other than the audio bucket, without access logs (an assumption)."""
TESTS = {"SUN *)": 52 / 12, "1,4,7,10": 1 / 3}
"""Restore tests per month by a part of their schedule; otherwise one."""


@dataclass(frozen=True)
class Use:
    """Billed quantity.

    Args:
        service: code of the service in the AWS price list.
        usage: usage type without the prefix of its region.
        quantity: monthly quantity, in the unit of the price.
        label: description of the quantity.
        region: region of the price, if not that of the stack.
    """

    service: str
    usage: str
    quantity: float
    label: str
    region: str = ""


@dataclass
class Environment:
    """Templates and settings of an environment.

    Args:
        settings: settings of the environment.
        templates: templates by stack id.
        prices: list prices.
        unpriced: types of resources without a price.
    """

    settings: Settings
    templates: Templates
    prices: Prices
    unpriced: set[str] = field(default_factory=set)

    @cached_property
    def counts(self) -> Counter[tuple[str, str]]:
        """Number of resources by stack and type."""
        return Counter(
            (stack, resource["Type"])
            for stack, template in self.templates.items()
            for resource in template["Resources"].values()
        )

    @cached_property
    def interface_endpoints(self) -> int:
        """Interface endpoints of the network, each in all zones."""
        return sum(
            p.get("VpcEndpointType") == "Interface"
            for _, _, p in of_type(self.templates, "AWS::EC2::VPCEndpoint")
        )

    @property
    def logs_have_endpoint(self) -> bool:
        """True if logs reach CloudWatch through an interface endpoint instead of NAT gateways."""
        endpoints = of_type(self.templates, "AWS::EC2::VPCEndpoint")
        return any(_carries_logs(properties) for _, _, properties in endpoints)

    def tasks(self, level: Level) -> dict[str, float]:
        """Return the average number of tasks of each service by the prefix of its logical ids."""
        found = {}
        targets = of_type(self.templates, "AWS::ApplicationAutoScaling::ScalableTarget")
        for _, id_, target in targets:
            name = id_.split("ScalingTarget")[0]
            found[name] = level.tasks(name, target["MinCapacity"], target["MaxCapacity"])
        return found

    def service_logs_gb(self, level: Level) -> dict[str, float]:
        """Return the logs per month by stack; 1 GB for stacks without logs of requests."""
        lines = self.lines_gb(level)
        return {
            "network": 0.0,
            "ecs-services": lines,
            "eks-platform": lines + CLUSTER_LOGS_GB,
            "edge": 0.01 * level.load.edge.month_requests * self._log_gb,
        }

    def lines_gb(self, level: Level) -> float:
        """Return the logs per month of one station of requests."""
        return level.load.gateway.month_requests * self._log_gb

    @property
    def _log_gb(self) -> float:
        return self.settings.capacity.requests.log_bytes / GB

    def requests_gb(self, level: Level) -> float:
        """Return requests to services and their responses per month."""
        return level.load.gateway.month_requests * self.settings.capacity.requests.bytes / GB


@dataclass(frozen=True)
class Found:
    """Resource of a template.

    Args:
        stack: id of the stack.
        id: logical id of the resource.
        properties: properties of the resource.
        region: region of the stack.
    """

    stack: str
    id: str
    properties: Properties
    region: str


Pricing = Callable[[Found, Level, Environment], Iterator[Use]]


def _month(service: str, usage: str, label: str, quantity: float = 1) -> Pricing:
    def priced(_found: Found, _level: Level, _of: Environment) -> Iterator[Use]:
        yield Use(service, usage, quantity, label)

    return priced


def _nat_gateway(found: Found, level: Level, of: Environment) -> Iterator[Use]:
    yield Use("AmazonEC2", "NatGateway-Hours", HOURS, "NAT gateways")
    logs = 0 if of.logs_have_endpoint else sum(of.service_logs_gb(level).values())
    gb = 50 + logs / of.counts[found.stack, "AWS::EC2::NatGateway"]
    yield Use("AmazonEC2", "NatGateway-Bytes", gb, "NAT gateways")


def _vpc(_found: Found, level: Level, of: Environment) -> Iterator[Use]:
    zones = len(of.settings.zones)
    crossing = 2 * (zones - 1) / zones
    gb = crossing * STATIONS * (of.requests_gb(level) + level.load.events.month_gb)
    yield Use("AWSDataTransfer", "DataTransfer-Regional-Bytes", gb, "traffic between zones")


def _endpoint(found: Found, level: Level, of: Environment) -> Iterator[Use]:
    if found.properties.get("VpcEndpointType") != "Interface":
        return
    hours, label = HOURS * len(found.properties["SubnetIds"]), "interface endpoints"
    yield Use("AmazonVPC", "VpcEndpoint-Hours", hours, label)
    if _carries_logs(found.properties):
        logs = sum(of.service_logs_gb(level).values())
        yield Use("AmazonVPC", "VpcEndpoint-Bytes", logs, label)


def _carries_logs(endpoint: Properties) -> bool:
    # The name contains the region as a reference in stacks of a project.
    return str(endpoint.get("ServiceName")).endswith(".logs")


def _flow_log(_found: Found, level: Level, of: Environment) -> Iterator[Use]:
    """Flow logs, with 5 GB of the cluster. A record covers a connection, not a request."""
    recorded = TASK_CONNECTIONS * sum(of.tasks(level).values()) * HOURS * 60
    opened = NEW_CONNECTIONS * level.load.gateway.month_requests
    yield from _logs(5 + (recorded + opened) * FLOW_BYTES / GB, "flow logs")


def _logs(gb: float, label: str) -> Iterator[Use]:
    yield Use("AmazonCloudWatch", "DataProcessing-Bytes", gb, label)
    yield Use("AmazonCloudWatch", "TimedStorage-ByteHrs", gb * 12 * STORED_SHARE, label)


def _log_group(found: Found, level: Level, of: Environment) -> Iterator[Use]:
    gb = of.service_logs_gb(level).get(found.stack, 1.0)
    if gb:
        yield from _logs(gb / of.counts[found.stack, "AWS::Logs::LogGroup"], "logs")


def _load_balancer(found: Found, level: Level, of: Environment) -> Iterator[Use]:
    network = found.properties.get("Type") == "network"
    kind = "Network" if network else "Application"
    yield Use("AWSELB", f"LoadBalancerUsage:LoadBalancing:{kind}", HOURS, "load balancers")
    gb = level.load.events.month_gb if network else of.requests_gb(level)
    reserved = (
        found.properties.get("MinimumLoadBalancerCapacity", {}).get("CapacityUnits", 0) * HOURS
    )
    yield Use("AWSELB", f"LCUUsage:LoadBalancing:{kind}", max(gb, reserved), "load balancers")


def _function(found: Found, _level: Level, _of: Environment) -> Iterator[Use]:
    arm = "-ARM" if found.properties.get("Architectures") == ["arm64"] else ""
    gb = found.properties.get("MemorySize", 128) / 1024
    yield Use("AWSLambda", f"Lambda-GB-Second{arm}", RUNS * RUN_SECONDS * gb, "functions")
    yield Use("AWSLambda", f"Request{arm}", RUNS, "functions")


def database_name(id_: str) -> str:
    """Return the name of a database, such as `catalogue`, from its logical id."""
    return id_.split("Instance", maxsplit=1)[0].lower()


def database(found: Found, _level: Level, of: Environment) -> Iterator[Use]:
    """Yield the billed quantities of a database: instance, storage, backups and insights."""
    properties, source = found.properties, _source(found, of)
    twice = properties.get("MultiAZ") is True
    class_, gib = properties["DBInstanceClass"], float((source or properties)["AllocatedStorage"])
    label = f"database {database_name(found.id)}, {class_}"
    yield Use("AmazonRDS", f"InstanceUsage:{class_}", HOURS * (2 if twice else 1), label)
    storage = "RDS:Multi-AZ-GP3-Storage" if twice else "RDS:GP3-Storage"
    yield Use("AmazonRDS", storage, gib, "database storage")
    if not source:
        # Backups up to the size of the database are free; 35 days of changes are about the same
        # size again (an assumption).
        yield Use("AmazonRDS", "RDS:ChargedBackupUsage", gib, "database backups")
    if properties.get("DatabaseInsightsMode") == "advanced":
        hours = HOURS * vcpus(class_)
        yield Use("AmazonRDS", "DatabaseInsights-Advanced", hours, "Database Insights")


def _source(found: Found, of: Environment) -> Properties | None:
    """Return the properties, with storage, of the source of a read replica."""
    for _, id_ in named(
        of.templates, found.stack, found.properties.get("SourceDBInstanceIdentifier")
    ):
        properties: Properties = of.templates[found.stack]["Resources"][id_]["Properties"]
        return properties
    return None


def vcpus(class_: str) -> int:
    """Return the vCPUs of an instance class."""
    size = class_.rpartition(".")[2]
    return int(size.removesuffix("xlarge") or 1) * 4 if size.endswith("xlarge") else 2


def cache_nodes(properties: Properties) -> int:
    """Return the number of nodes of a replication group."""
    return int(properties.get("NumNodeGroups", 1)) * (
        1 + int(properties.get("ReplicasPerNodeGroup", 0))
    )


def _cache(found: Found, _level: Level, _of: Environment) -> Iterator[Use]:
    properties = found.properties
    type_, engine = properties["CacheNodeType"], properties["Engine"]
    hours, label = HOURS * cache_nodes(properties), f"cache, {type_} {engine}"
    yield Use("AmazonElastiCache", f"NodeUsage:{type_}:{engine}", hours, label)


def _bucket(found: Found, level: Level, _of: Environment) -> Iterator[Use]:
    if not found.id.startswith("Audio"):
        year = 12 * level.load.edge.month_requests if found.id.startswith("Logs") else 0
        gib = OTHER_BUCKET_GIB + year * ACCESS_LOG_BYTES / GIB
        yield Use("AmazonS3", "TimedStorage-ByteHrs", gib, "other buckets")
        return
    yield Use("AmazonS3", "TimedStorage-INT-FA-ByteHrs", level.audio_gib, "audio storage")
    yield Use("AmazonS3", "Monitoring-Automation-INT", level.audio_gib * 100, "audio storage")
    yield Use("AmazonS3", "Requests-Tier2", level.load.edge.month_origin_requests, "audio storage")


def _vault(found: Found, level: Level, of: Environment) -> Iterator[Use]:
    """Audio, if a plan that selects it writes or copies to the vault.

    Backups of databases are priced with the databases.
    """
    resources = of.templates[found.stack]["Resources"]
    for _, _, selection in of_type(
        {found.stack: of.templates[found.stack]}, "AWS::Backup::BackupSelection"
    ):
        plans = (
            resources[id_]["Properties"]
            for _, id_ in named(of.templates, found.stack, selection["BackupPlanId"])
        )
        vaults = {
            id_ for plan in plans for _, id_ in named(of.templates, found.stack, plan["BackupPlan"])
        }
        if found.id in vaults and "Audio" in str(selection["BackupSelection"].get("Resources")):
            yield Use("AWSBackup", "WarmStorage-ByteHrs-S3", level.audio_gib, "audio backups")
            return


def _restore_test(found: Found, level: Level, of: Environment) -> Iterator[Use]:
    for _, _, selection in of_type(of.templates, "AWS::Backup::RestoreTestingSelection"):
        plan = selection["RestoreTestingPlanName"]
        if plan == found.properties["RestoreTestingPlanName"] and "Audio" in str(
            selection.get("ProtectedResourceArns")
        ):
            schedule, label = found.properties["ScheduleExpression"], "restore tests of audio"
            tests = next((number for text, number in TESTS.items() if text in schedule), 1.0)
            yield Use("AWSBackup", "Restore-S3", tests * level.audio_gib, label)
            yield Use("AmazonS3", "Requests-Tier1", tests * level.audio_gib * 100, label)


def _service(found: Found, level: Level, of: Environment) -> Iterator[Use]:
    name = found.id.split("Service")[0]
    definition = of.templates[found.stack]["Resources"][found.properties["TaskDefinition"]["Ref"]][
        "Properties"
    ]
    hours, label = HOURS * of.tasks(level).get(name, 1.0), "tasks on Fargate"
    arm = "-ARM" if definition["RuntimePlatform"]["CpuArchitecture"] == "ARM64" else ""
    vcpu_hours = hours * int(definition["Cpu"]) / 1024
    yield Use("AmazonECS", f"Fargate{arm}-vCPU-Hours:perCPU", vcpu_hours, label)
    gb_hours = hours * int(definition["Memory"]) / 1024
    yield Use("AmazonECS", f"Fargate{arm}-GB-Hours", gb_hours, label)


def _services(found: Found, level: Level, of: Environment) -> Iterator[Use]:
    if any(
        setting["Value"] == "enhanced" for setting in found.properties.get("ClusterSettings", [])
    ):
        services = of.counts[found.stack, "AWS::ECS::Service"]
        number = 1 + services + 2 * sum(of.tasks(level).values())
        usage, metrics = "CW:ContainerInsights-ECS-Enhanced", INSIGHTS_METRICS * number
        yield Use("AmazonCloudWatch", usage, metrics, "Container Insights")


def _kubernetes(found: Found, level: Level, of: Environment) -> Iterator[Use]:
    yield Use("AmazonEKS", "AmazonEKS-Hours:perCluster", HOURS, "Kubernetes control plane")
    demand = cluster.demand(of.templates, level)
    prices = of.prices.of_kind("AmazonEC2", "BoxUsage:", found.region)
    count = 0
    for pool, need in demand.pools.items():
        type_, number = cluster.nodes(pool, need, demand.daemons, prices, len(of.settings.zones))
        count += number
        spot = demand.spot and pool != cluster.BROKERS
        label = f"nodes, {pool}{', spot' if spot else ''}"
        usage, hours = f"BoxUsage:{type_}", HOURS * number
        yield Use("AmazonEC2", usage, hours * (SPOT if spot else 1), label)
        yield Use("AmazonEC2", usage, hours * AUTO_MODE_FEE, "fee of EKS Auto Mode")
    volumes_gib = demand.volumes_gib + count * cluster.NODE_DISK_GIB
    yield Use("AmazonEC2", "EBS:VolumeUsage.gp3", volumes_gib, "volumes")


def _distribution(found: Found, level: Level, of: Environment) -> Iterator[Use]:
    """Audio and answers of services share the tiers of a price, so they are one item."""
    prefix, place = (
        ("SA", "south-america") if of.settings.region.startswith("sa-") else ("US", "us-mx-ca")
    )
    cdn, edge = "AmazonCloudFront", level.load.edge
    sent = f"{prefix}-DataTransfer-Out-Bytes"
    gb = edge.month_tb * 1000 + of.requests_gb(level)
    yield Use(cdn, sent, gb, "CloudFront, traffic", place)
    asked = f"{prefix}-Requests-Tier2-HTTPS"
    yield Use(cdn, asked, edge.month_requests / 1e4, "CloudFront, requests", place)
    runs = edge.month_requests / 1e6
    yield Use(cdn, "Executions-CloudFrontFunctions", runs, "CloudFront, functions")
    if any("OriginShield" in each for each in found.properties["DistributionConfig"]["Origins"]):
        usage, shielded = f"{prefix}-Requests-OriginShield", edge.month_origin_requests
        yield Use(cdn, usage, shielded / 1e4, "CloudFront, Origin Shield", place)


def _web_acl(found: Found, level: Level, _of: Environment) -> Iterator[Use]:
    yield Use("awswaf", "WebACLV2", 1, "web ACL")
    yield Use("awswaf", "RuleV2", len(found.properties["Rules"]), "web ACL")
    yield Use("awswaf", "RequestV2-Tier1", level.load.edge.month_requests / 1e6, "web ACL")


def _alarm(found: Found, _level: Level, _of: Environment) -> Iterator[Use]:
    metrics = sum("MetricStat" in metric for metric in found.properties.get("Metrics", [])) or 1
    fast = found.properties.get("Period", 60) < 60
    usage = f"CW:{'HighRes' if fast else ''}AlarmMonitorUsage"
    yield Use("AmazonCloudWatch", usage, metrics, "alarms")


def _workspace(_found: Found, level: Level, of: Environment) -> Iterator[Use]:
    assumed = of.settings.capacity.metrics
    series = assumed.cluster_series + assumed.task_series * sum(of.tasks(level).values())
    yield Use("AmazonPrometheus", "MetricSampleCount", series * SCRAPES / 1e7, "Prometheus samples")


PRICED: Mapping[str, Pricing] = {
    "AWS::APS::Workspace": _workspace,
    "AWS::Backup::BackupVault": _vault,
    "AWS::Backup::RestoreTestingPlan": _restore_test,
    "AWS::CloudFront::Distribution": _distribution,
    "AWS::CloudFront::MonitoringSubscription": _month(
        "AmazonCloudWatch", "CW:MetricMonitorUsage", "CloudFront metrics", 8
    ),
    "AWS::CloudWatch::Alarm": _alarm,
    "AWS::CloudWatch::CompositeAlarm": _month(
        "AmazonCloudWatch", "CW:CompositeAlarmMonitorUsage", "alarms"
    ),
    "AWS::CloudWatch::Dashboard": _month("AmazonCloudWatch", "DashboardsUsageHour", "dashboards"),
    "AWS::EC2::EIP": _month("AmazonVPC", "PublicIPv4:InUseAddress", "public addresses", HOURS),
    "AWS::EC2::FlowLog": _flow_log,
    "AWS::EC2::NatGateway": _nat_gateway,
    "AWS::EC2::VPC": _vpc,
    "AWS::EC2::VPCEndpoint": _endpoint,
    "AWS::ECR::Repository": _month("AmazonECR", "TimedStorage-ByteHrs", "images", 10),
    "AWS::ECS::Cluster": _services,
    "AWS::ECS::Service": _service,
    "AWS::EKS::Cluster": _kubernetes,
    "AWS::ElastiCache::ReplicationGroup": _cache,
    "AWS::ElasticLoadBalancingV2::LoadBalancer": _load_balancer,
    "AWS::FIS::ExperimentTemplate": _month("AWSFIS", "action-minute", "game day, one a month", 10),
    "AWS::GuardDuty::MalwareProtectionPlan": _month(
        "AmazonGuardDuty", "MalwareProtection-S3 scanned", "malware scans", 10
    ),
    "AWS::KMS::Key": _month("awskms", "KMS-Keys", "keys"),
    "AWS::Lambda::Function": _function,
    "AWS::Logs::LogGroup": _log_group,
    "AWS::Logs::MetricFilter": _month(
        "AmazonCloudWatch", "CW:MetricMonitorUsage", "metrics from logs"
    ),
    "AWS::RDS::DBInstance": database,
    "AWS::Route53::HostedZone": _month("AmazonRoute53", "HostedZone", "hosted zones"),
    "AWS::S3::Bucket": _bucket,
    "AWS::SNS::Topic": _month("AmazonSNS", "e-mail notifications", "notifications", 0.001),
    "AWS::Scheduler::Schedule": _month("AWSEvents", "Scheduler invocations", "schedules", 1e-4),
    "AWS::SecretsManager::Secret": _month(
        "AWSSecretsManager", "AWSSecretsManager-Secrets", "secrets"
    ),
    "AWS::WAFv2::WebACL": _web_acl,
}
"""Billed quantities by resource type."""

CONFIGURATION = "configuration of another resource"
FREE: Mapping[str, str] = {
    **dict.fromkeys(
        ("AWS::IAM::ManagedPolicy", "AWS::IAM::OIDCProvider", "AWS::IAM::Policy", "AWS::IAM::Role"),
        "IAM is free",
    ),
    "AWS::Budgets::Budget": "budgets without actions are free",
    "AWS::CertificateManager::Certificate": "public certificates that cannot be exported are free",
    "AWS::Chatbot::SlackChannelConfiguration": "Amazon Q Developer in chat applications is free",
    "AWS::EC2::VPCPeeringConnection": "paid by traffic, with that between zones",
    "AWS::ECS::TaskDefinition": "paid with the tasks of its service; one-off tasks cost cents",
    "AWS::Events::Rule": "events of AWS services are free",
    "AWS::Logs::Delivery": "its bucket is paid; conversion to Parquet has no price with a source",
    "AWS::SES::EmailIdentity": "paid by message",
    "AWS::SQS::Queue": "the first million requests of a month is free, and only failures use it",
    "AWS::SSM::Parameter": "standard parameters are free",
    "AWS::ServiceDiscovery::PrivateDnsNamespace": (
        "its hosted zone costs 0.50 USD, with those of Route 53 in the rounding"
    ),
    "AWS::ServiceDiscovery::Service": "registrations by ECS are free",
    "Custom::TaskRun": "a migration is a task of minutes, at deployments only",
    "Custom::AWSCDK-EKS-HelmChart": "its pods are paid with the nodes",
    **dict.fromkeys(
        (
            "AWS::ApplicationAutoScaling::ScalableTarget",
            "AWS::ApplicationAutoScaling::ScalingPolicy",
            "AWS::Backup::BackupPlan",
            "AWS::Backup::BackupSelection",
            "AWS::Backup::RestoreTestingSelection",
            "AWS::CloudFront::CachePolicy",
            "AWS::CloudFront::Function",
            "AWS::CloudFront::KeyGroup",
            "AWS::CloudFront::OriginAccessControl",
            "AWS::CloudFront::OriginRequestPolicy",
            "AWS::CloudFront::PublicKey",
            "AWS::CloudFront::ResponseHeadersPolicy",
            "AWS::CloudFront::VpcOrigin",
            "AWS::EC2::InternetGateway",
            "AWS::EC2::Route",
            "AWS::EC2::RouteTable",
            "AWS::EC2::SecurityGroup",
            "AWS::EC2::SecurityGroupEgress",
            "AWS::EC2::SecurityGroupIngress",
            "AWS::EC2::Subnet",
            "AWS::EC2::SubnetRouteTableAssociation",
            "AWS::EC2::VPCGatewayAttachment",
            "AWS::ECR::PullThroughCacheRule",
            "AWS::ECR::RegistryScanningConfiguration",
            "AWS::ECR::RepositoryCreationTemplate",
            "AWS::ECS::ClusterCapacityProviderAssociations",
            "AWS::EKS::AccessEntry",
            "AWS::EKS::Addon",
            "AWS::EKS::PodIdentityAssociation",
            "AWS::ElastiCache::ParameterGroup",
            "AWS::ElastiCache::SubnetGroup",
            "AWS::ElastiCache::User",
            "AWS::ElastiCache::UserGroup",
            "AWS::ElasticLoadBalancingV2::Listener",
            "AWS::ElasticLoadBalancingV2::ListenerRule",
            "AWS::ElasticLoadBalancingV2::TargetGroup",
            "AWS::KMS::Alias",
            "AWS::Lambda::EventInvokeConfig",
            "AWS::Lambda::LayerVersion",
            "AWS::Lambda::Permission",
            "AWS::Logs::DeliveryDestination",
            "AWS::Logs::DeliverySource",
            "AWS::Logs::ResourcePolicy",
            "AWS::RDS::DBParameterGroup",
            "AWS::RDS::DBSubnetGroup",
            "AWS::RDS::EventSubscription",
            "AWS::RDS::OptionGroup",
            "AWS::Route53::RecordSet",
            "AWS::S3::BucketPolicy",
            "AWS::SNS::Subscription",
            "AWS::SNS::TopicPolicy",
            "AWS::SQS::QueuePolicy",
            "AWS::Scheduler::ScheduleGroup",
            "AWS::SecretsManager::RotationSchedule",
            "AWS::WAFv2::LoggingConfiguration",
            "Custom::DatabaseUsers",
            "Custom::DeployedValues",
            "Custom::SigningKeyPair",
            "Custom::VpcRestrictDefaultSG",
        ),
        CONFIGURATION,
    ),
}
"""Types without a price of their own, with the reason."""


def uses(
    of: Environment, level: Level, regions: Mapping[str, str]
) -> Iterator[tuple[str, str, Use]]:
    """Yield the billed quantities of an environment, with stack and region.

    Args:
        of: the environment.
        level: level of use.
        regions: region of each stack.
    """
    for stack, template in of.templates.items():
        for id_, resource in template["Resources"].items():
            type_ = resource["Type"]
            found = Found(stack, id_, resource.get("Properties", {}), regions[stack])
            try:
                priced = [*PRICED[type_](found, level, of)] if type_ not in FREE else []
            except (AttributeError, KeyError, TypeError, ValueError):
                # A type, or a form of it, that the platform does not use.
                of.unpriced.add(type_)
                continue
            for use in priced:
                yield stack, use.region or regions[stack], use
