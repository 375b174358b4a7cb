"""The observability stack."""

from constructs import Construct

from spotmusic_cdk.settings import Settings
from spotmusic_cdk.settings.instances import WITHOUT_BUDGETS
from spotmusic_constructs.observability.alarm_topic import AlarmTopic
from spotmusic_constructs.observability.component_dashboard import ComponentDashboard
from spotmusic_constructs.observability.component_rows import events_row
from spotmusic_constructs.observability.event_alarms import DeletedTracks, EventAlarms
from spotmusic_constructs.observability.event_log import SOURCES, EventLog, deletions
from spotmusic_constructs.observability.heartbeat import Heartbeat
from spotmusic_constructs.observability.monthly_budget import DailyBudget, MonthlyBudget
from spotmusic_constructs.observability.prometheus_workspace import PrometheusWorkspace
from spotmusic_constructs.observability.slack_channel import SlackChannel
from stacks.data import DataStack
from stacks.ecs_services import EcsServicesStack
from stacks.edge import EdgeStack
from stacks.eks_platform import EksPlatformStack
from stacks.environment_stack import EnvironmentStack
from stacks.network import NetworkStack
from stacks.observability.component_alarms import data_alarms, entry_alarms, service_alarms
from stacks.observability.components import Components, imported_services
from stacks.observability.dashboards import component_rows
from stacks.observability.experiments import Experiments
from stacks.observability.monitoring import Monitoring
from stacks.observability.objectives import web_api_objectives
from stacks.people import People
from stacks.registry import RegistryStack
from stacks.secrets import SecretsStack

FAILOVER_MINUTES = 2
"""Minutes of a failover that listeners may notice (docs/recovery.md). An experiment stops when they notice for longer."""


class ObservabilityStack(EnvironmentStack):
    """Alarms and their recipients, dashboards, event log, service level objectives, budgets, and Prometheus."""

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
        description = "Spotmusic: alarms, dashboard, event log, objectives, budget and metrics"
        super().__init__(scope, "observability", settings=settings, data_class="internal", description=description)
        observability, keys = settings.observability, secrets.keys
        name, retention = f"{settings.resource_prefix}-{self.stack_id_suffix}", self.log_retention.security

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
        topic, audience = alarms.topic, alarms.audience
        if slack := observability.alarm_slack:
            SlackChannel(
                self,
                "Slack",
                name=settings.resource_prefix,
                workspace=slack.workspace,
                channel=slack.channel,
                topic_arns=[topic.topic_arn, edge.alarm_topic.topic_arn],
            )
        heartbeat = Heartbeat(self, "Heartbeat", audience=audience, key=keys.notifications)
        event_log = EventLog(
            self,
            "EventLog",
            name=name,
            key=keys.logs,
            namespace=f"Spotmusic/{settings.name}",
            retention=retention,
            sources={**SOURCES, "Tracks": deletions(data.audio.bucket.bucket_name)},
            removal_policy=self.retain_except_on_create,
        )
        workspace = PrometheusWorkspace(
            self, "Prometheus", name=name, key=keys.logs, retention=retention, removal_policy=self.retain_except_on_create
        ).workspace
        if settings.region not in WITHOUT_BUDGETS:
            MonthlyBudget(self, "Budget", topic=topic, limit_usd=observability.monthly_budget_usd)
            DailyBudget(self, "DailyBudget", topic=topic, limit_usd=observability.daily_budget_usd)

        components = Components(
            settings=settings,
            network=network,
            registry=registry,
            secrets=secrets,
            data=data,
            eks_platform=eks_platform,
            ecs_services=ecs_services,
            edge=edge,
            services=imported_services(self, settings=settings, ecs_services=ecs_services),
        )
        events = EventAlarms(self, "EventAlarms", audience=audience, log=event_log)
        tracks = DeletedTracks(self, "DeletedTracks", audience=audience, log=event_log)
        entry_alarms(self, components, audience)
        service_alarms(self, components, audience)
        data_alarms(self, components, audience)
        objectives = web_api_objectives(self, audience=audience, load_balancer=components.gateway)
        counts = {**events.counts, "DeletedTracks": tracks.count}
        ComponentDashboard(self, "Dashboard", rows=[*component_rows(components), events_row(counts=counts)])
        Monitoring(self, "Monitoring", components=components, workspace=workspace, audience=audience, heartbeat=heartbeat.topic)
        if settings.operators.network:
            cluster = ecs_services.cluster
            People(self, "People", network=network, registry=registry, secrets=secrets, data=data, cluster=cluster, settings=settings)
        if settings.resilience.fault_injection:
            stop_alarms = [objective.outlasting(FAILOVER_MINUTES) for objective in objectives]
            Experiments(self, "Faults", components=components, stop_alarms=stop_alarms)
