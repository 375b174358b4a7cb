"""The observability stack: alarms and their recipients, logs, metrics and dashboards."""

from collections.abc import Iterator, Mapping

import aws_cdk as cdk
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_s3 as s3
from constructs import Construct

from spotmusic_cdk.settings import Settings
from spotmusic_cdk.settings.data import DatabaseSettings
from spotmusic_cdk.settings.instances import WITHOUT_BUDGETS
from spotmusic_constructs.data.relational_database import RelationalDatabase
from spotmusic_constructs.observability import component_rows as rows
from spotmusic_constructs.observability.alarm import Metric
from spotmusic_constructs.observability.alarm_topic import AlarmTopic
from spotmusic_constructs.observability.cache_alarms import CacheAlarms
from spotmusic_constructs.observability.dashboard import Dashboard, Row
from spotmusic_constructs.observability.database_alarms import DatabaseAlarms
from spotmusic_constructs.observability.event_alarms import DeletedTracks, EventAlarms
from spotmusic_constructs.observability.event_log import SOURCES, EventLog, deletions
from spotmusic_constructs.observability.function_alarms import FunctionAlarms, WatchedFunction
from spotmusic_constructs.observability.heartbeat import Heartbeat
from spotmusic_constructs.observability.instance_memory import memory_gib
from spotmusic_constructs.observability.kubernetes_alarms import KubernetesAlarms
from spotmusic_constructs.observability.load_balancer_alarms import (
    ApplicationLoadBalancerAlarms,
    NetworkLoadBalancerAlarms,
    error_rate,
)
from spotmusic_constructs.observability.monthly_budget import DailyBudget, MonthlyBudget
from spotmusic_constructs.observability.nat_alarms import NatGatewayAlarms
from spotmusic_constructs.observability.prometheus_workspace import PrometheusWorkspace
from spotmusic_constructs.observability.queue_alarms import QueueAlarms, QueueWatch
from spotmusic_constructs.observability.restart_alarms import RestartAlarms
from spotmusic_constructs.observability.rules_and_dashboards import Names
from spotmusic_constructs.observability.service_alarms import ServiceAlarms
from spotmusic_constructs.observability.service_level_objective import ServiceLevelObjective, slow_share
from spotmusic_constructs.observability.slack_channel import SlackChannel
from spotmusic_constructs.observability.verdict_alarms import VerdictAlarms, VerdictQueues
from spotmusic_constructs.services.queue_depth import METRIC_NAME as READY_MESSAGES
from spotmusic_constructs.services.queue_depth import NAMESPACE as QUEUES
from spotmusic_constructs.services.service_names import published_names
from spotmusic_constructs.services.weekly_restart import WeeklyRestart
from stacks import watched_targets as targets
from stacks.data import DataStack
from stacks.ecs_services import EcsServicesStack, names_path
from stacks.edge import EdgeStack
from stacks.eks_platform import EksPlatformStack
from stacks.environment_stack import EnvironmentStack
from stacks.faults import Faults
from stacks.monitoring import Monitoring
from stacks.network import NetworkStack
from stacks.people import People
from stacks.registry import RegistryStack
from stacks.secrets import SecretsStack

AVAILABILITY_PERCENT = 99.9
"""Requests of the Web API that are answered without a server error: 43 minutes a month may fail."""
LATENCY_PERCENT = 99.0
LATENCY_SECONDS = 0.5
"""Requests of the Web API that are answered within half a second: a player that waits longer is felt to hang."""
FAILOVER_MINUTES = 2
"""How long listeners may notice that a zone or a primary is lost (docs/recovery.md)."""

NOTHING = {"none": "none"}
"""What a choice of Grafana's offers in an environment without services: it needs something, and CloudWatch knows nothing of this name."""


class ObservabilityStack(EnvironmentStack):
    """Alarms of every component to one topic, their dashboard, what AWS says, objectives, the budget, and Prometheus' samples.

    Attributes:
        alarm_topic: topic of every alarm of the home region.
        workspace: workspace of Amazon Managed Service for Prometheus.
        event_log: record of what AWS services say.
    """

    def __init__(
        self,
        scope: Construct,
        *,
        settings: Settings,
        network: NetworkStack,
        registry: RegistryStack,
        secrets: SecretsStack,
        data: DataStack,
        eks_platform: EksPlatformStack,
        ecs_services: EcsServicesStack,
        edge: EdgeStack,
    ) -> None:
        super().__init__(
            scope,
            "observability",
            settings=settings,
            data_class="internal",
            description="Spotmusic: alarms, dashboard, event log, objectives, budget and metrics",
        )
        self._settings, self._data, self._eks, self._ecs, self._edge = settings, data, eks_platform, ecs_services, edge
        name, keys = f"spotmusic-{settings.name}-{self.creation}", secrets.keys
        retention = self.log_retention.security

        observability = settings.observability
        alarms = AlarmTopic(
            self,
            "AlarmTopic",
            key=keys.notifications,
            emails=observability.alarm_emails,
            endpoints=observability.alarm_endpoints,
            pagers=observability.pager_endpoints,
            environment=settings.name,
            runbooks=observability.runbooks,
        )
        self.alarm_topic, self._audience = alarms.topic, alarms.audience
        if observability.alarm_slack:
            SlackChannel(
                self,
                "Slack",
                name=f"spotmusic-{settings.name}",
                workspace=observability.alarm_slack.workspace,
                channel=observability.alarm_slack.channel,
                topic_arns=[topic.topic_arn for topic in (self.alarm_topic, edge.alarm_topic)],
            )
        heartbeat = Heartbeat(self, "Heartbeat", audience=self._audience, key=keys.notifications)
        self.event_log = EventLog(
            self,
            "EventLog",
            name=name,
            key=keys.logs,
            namespace=f"Spotmusic/{settings.name}",
            retention=retention,
            sources={**SOURCES, "Tracks": deletions(data.audio.bucket.bucket_name)},
            removal_policy=self.named_data_removal,
        )
        self.workspace = PrometheusWorkspace(
            self, "Prometheus", name=name, key=keys.logs, retention=retention, removal_policy=self.named_data_removal
        )
        if settings.region not in WITHOUT_BUDGETS:
            MonthlyBudget(self, "Budget", topic=self.alarm_topic, limit_usd=settings.observability.monthly_budget_usd)
            DailyBudget(self, "DailyBudget", topic=self.alarm_topic, limit_usd=settings.observability.daily_budget_usd)

        self._nodes = [f"{data.cache.replication_group.ref}-{number:03}" for number in range(1, settings.data.cache.replicas + 2)]
        self._nat_gateways = dict(_nat_gateways(network))
        self._queues = dict(_queues(settings))
        self._services = self._watched_services()
        events = EventAlarms(self, "EventAlarms", audience=self._audience, log=self.event_log)
        tracks = DeletedTracks(self, "DeletedTracks", audience=self._audience, log=self.event_log)
        self._watch_entry()
        self._watch_services()
        self._watch_data()
        promises = self._promise()
        Dashboard(self, "Dashboard", rows=[*self._rows(), rows.events_row(counts={**events.counts, "DeletedTracks": tracks.count})])
        Monitoring(
            self,
            "Monitoring",
            settings=settings,
            registry=registry,
            secrets=secrets,
            data=data,
            eks_platform=eks_platform,
            workspace=self.workspace.workspace,
            audience=self._audience,
            heartbeat=heartbeat.topic,
            names=self._names(network, registry),
        )
        if settings.operators.network:
            People(
                self,
                "People",
                network=network,
                registry=registry,
                secrets=secrets,
                data=data,
                cluster=ecs_services.cluster,
                settings=settings,
            )
        if settings.resilience.fault_injection:
            Faults(
                self,
                "Faults",
                settings=settings,
                network=network,
                registry=registry,
                secrets=secrets,
                data=data,
                eks_platform=eks_platform,
                cluster=ecs_services.cluster,
                services=self._services,
                # Listeners notice for longer than docs/recovery.md says: a failover that keeps to it is what an experiment has to show.
                stop_alarms=[promise.outlasting(FAILOVER_MINUTES) for promise in promises],
            )

    def _watch_entry(self) -> None:
        """The way in: gateway and brokers, the cluster that they lead to, and the way out."""
        gateway, brokers, audience = self._eks.gateway, self._eks.brokers, self._audience
        ApplicationLoadBalancerAlarms(
            self,
            "GatewayAlarms",
            audience=audience,
            name="gateway",
            load_balancer=gateway.load_balancer.load_balancer_full_name,
            target_groups={"Kong": targets.kong(gateway.target_group, replicas=self._settings.kubernetes.kong.min_replicas)},
        )
        NetworkLoadBalancerAlarms(
            self,
            "BrokerAlarms",
            audience=audience,
            name="brokers",
            load_balancer=brokers.load_balancer.load_balancer_full_name,
            target_groups=dict(targets.brokers(brokers, counted=bool(self._queues))),
        )
        KubernetesAlarms(self, "KubernetesAlarms", audience=audience, cluster_name=self._eks.cluster.cluster_name)
        NatGatewayAlarms(self, "NatAlarms", audience=audience, nat_gateways=self._nat_gateways)

    def _watched_services(self) -> Mapping[str, ecs.IService]:
        """Services by their names in Parameter Store: an export would keep a service from being retired (docs/adr/0001)."""
        names = published_names(self, path=names_path(self._settings), services=list(self._ecs.services))
        services = Construct(self, "Services")
        return {
            name: ecs.FargateService.from_fargate_service_attributes(services, name, cluster=self._ecs.cluster, service_name=given)
            for name, given in names.items()
        }

    def _watch_services(self) -> None:
        ApplicationLoadBalancerAlarms(
            self,
            "ServicesAlarms",
            audience=self._audience,
            name="services",
            load_balancer=self._ecs.load_balancer.load_balancer_full_name,
            # A blue/green deployment leaves one target group for another: the count of running tasks tells instead.
            target_groups={},
        )
        for name, service in self._services.items():
            ServiceAlarms(
                self,
                f"Service-{name}",
                audience=self._audience,
                name=name,
                cluster_name=self._ecs.cluster.cluster_name,
                service_name=service.service_name,
            )
        QueueAlarms(self, "QueueAlarms", audience=self._audience, queues=self._queues)
        self._restart_services()

    def _restart_services(self) -> None:
        """Here and not beside the services: forty of them fill their stack."""
        if self._services:
            group = WeeklyRestart(self, "WeeklyRestart", cluster=self._ecs.cluster, services=self._services).group
            RestartAlarms(self, "RestartAlarms", audience=self._audience, group_name=group.ref)

    def _watch_data(self) -> None:
        for name, (database, settings) in self._databases.items():
            DatabaseAlarms(
                self,
                f"{name}Alarms",
                audience=self._audience,
                name=name.lower(),
                instance_identifier=database.instance.instance_identifier,
                storage_gib=settings.storage_gib,
                memory_gib=memory_gib(settings.instance_class),
            )
        queues = {
            name: VerdictQueues(queue=found.queue.attr_queue_name, dead_letters=found.dead_letters.attr_queue_name)
            for name, found in self._data.verdicts.items()
            if name in self._settings.services_talking_to("uploads")
        }
        VerdictAlarms(self, "VerdictAlarms", audience=self._audience, services=queues)
        CacheAlarms(self, "CacheAlarms", audience=self._audience, nodes=self._nodes)
        FunctionAlarms(self, "FunctionAlarms", audience=self._audience, functions=dict(self._functions()))

    def _promise(self) -> tuple[ServiceLevelObjective, ServiceLevelObjective]:
        """What listeners may rely on, measured where the Web API comes in."""
        gateway = self._eks.gateway.load_balancer.load_balancer_full_name
        availability = ServiceLevelObjective(
            self,
            "Availability",
            audience=self._audience,
            broken="The Web API fails: its requests end in server errors",
            objective_percent=AVAILABILITY_PERCENT,
            bad_percent=lambda period: error_rate(gateway, period=period),
            runbook="web-api-slo",
        )
        latency = ServiceLevelObjective(
            self,
            "Latency",
            audience=self._audience,
            broken=f"The Web API is slow: its answers take longer than {LATENCY_SECONDS:g} s",
            objective_percent=LATENCY_PERCENT,
            bad_percent=lambda period: slow_share(gateway, LATENCY_SECONDS, period=period),
            runbook="web-api-slo",
        )
        return availability, latency

    def _functions(self) -> Iterator[tuple[str, WatchedFunction]]:
        """Functions of the data stack that run by themselves."""
        yield (
            "RestoreValidation",
            WatchedFunction(
                function_name=self._data.restore_testing.validation.function_name,
                summary="AWS Backup: what a restore test brought back cannot be used, or its check failed. The backup may be useless.",
                runbook="backup",
                severity="critical",
            ),
        )
        for name, rotation in (
            ("Catalogue", self._data.catalogue.rotation),
            ("Identity", self._data.identity.rotation),
            ("Cache", self._data.cache.rotation),
        ):
            yield (
                f"{name}Rotation",
                WatchedFunction(
                    function_name=rotation.function_name,
                    summary=f"{name}: the password of a user was not rotated. The old one stays valid.",
                    runbook="secret-not-followed#a-rotation-that-fails",
                ),
            )

    @property
    def _databases(self) -> Mapping[str, tuple[RelationalDatabase, DatabaseSettings]]:
        data = self._settings.data
        return {"Catalogue": (self._data.catalogue, data.catalogue), "Identity": (self._data.identity, data.identity)}

    @property
    def _buckets(self) -> Mapping[str, s3.IBucket]:
        data = self._data
        return {"audio": data.audio.bucket, "uploads": data.uploads.bucket, "web": data.web.bucket, "logs": data.logs.bucket}

    def _rows(self) -> Iterator[Row]:
        """Components from the viewer inwards."""
        yield rows.edge_row(distribution_id=self._edge.distribution.distribution_id, web_acl_metric_name=self._edge.web_acl.metric_name)
        yield rows.load_balancer_row(title="Gateway", load_balancer=self._eks.gateway.load_balancer.load_balancer_full_name)
        yield rows.load_balancer_row(title="Services", load_balancer=self._ecs.load_balancer.load_balancer_full_name)
        for name, service in self._services.items():
            yield rows.service_row(name=name, cluster_name=self._ecs.cluster.cluster_name, service_name=service.service_name)
        yield rows.network_load_balancer_row(title="Brokers", load_balancer=self._eks.brokers.load_balancer.load_balancer_full_name)
        if self._queues:
            yield rows.queue_row(queues={name: watch.metric for name, watch in self._queues.items()})
        for name, (database, _) in self._databases.items():
            yield rows.database_row(title=f"{name} database", instance_identifier=database.instance.instance_identifier)
        yield rows.cache_row(nodes=self._nodes)
        yield rows.kubernetes_row(cluster_name=self._eks.cluster.cluster_name)
        yield rows.nat_row(nat_gateways=self._nat_gateways)
        yield rows.bucket_row(buckets={name: bucket.bucket_name for name, bucket in self._buckets.items()})

    def _names(self, network: NetworkStack, registry: RegistryStack) -> Names:
        """What each thing is called by CloudWatch, for the choices above Grafana's dashboards."""
        data, services = self._data, self._services
        return {
            "brokerLoadBalancer": {"brokers": self._eks.brokers.load_balancer.load_balancer_full_name},
            "buckets": {name: bucket.bucket_name for name, bucket in self._buckets.items()},
            "cacheNodes": {f"node {number}": node for number, node in enumerate(self._nodes, start=1)},
            "databases": {
                "catalogue": data.catalogue.instance.instance_identifier,
                "identity": data.identity.instance.instance_identifier,
            },
            "distribution": {"distribution": self._edge.distribution.distribution_id},
            "ecsCluster": {"services": self._ecs.cluster.cluster_name},
            "ecsServices": {name: service.service_name for name, service in services.items()} or NOTHING,
            "eksCluster": {"platform": self._eks.cluster.cluster_name},
            "loadBalancers": {
                "gateway": self._eks.gateway.load_balancer.load_balancer_full_name,
                "services": self._ecs.load_balancer.load_balancer_full_name,
            },
            "natGateways": dict(_nat_gateways(network)),
            "repositories": {name: registry.repositories[name].repository_name for name in self._settings.services} or NOTHING,
            "webAcl": {"web ACL": self._edge.web_acl.metric_name},
        }


def _queues(settings: Settings) -> Iterator[tuple[str, QueueWatch]]:
    """Queues whose messages are counted, with what all tasks of their service together are meant to hold as the limit."""
    for name, service in settings.services.items():
        if service.scaling.messages_per_task:
            limit = service.scaling.messages_per_task * service.scaling.max
            dimensions = {"Environment": settings.name, "Queue": name}
            metric = Metric(namespace=QUEUES, name=READY_MESSAGES, dimensions=dimensions, statistic="Maximum")
            yield name, QueueWatch(metric=metric, messages={"warning": limit, "critical": 10 * limit})


def _nat_gateways(network: NetworkStack) -> Iterator[tuple[str, str]]:
    """Id of each NAT gateway by its zone. CDK has no other way to them than the subnets that they stand in."""
    for subnet in network.vpc.public_subnets:
        gateway = subnet.node.try_find_child("NATGateway")
        if isinstance(gateway, cdk.CfnResource):
            yield f"Zone{subnet.availability_zone[-1].upper()}", gateway.ref
