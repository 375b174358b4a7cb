"""Observability stack: alarms, dashboards, objectives, budgets and Prometheus."""

from constructs import Construct

from spotmusic_cdk.settings import Settings
from spotmusic_cdk.settings.regions import WITHOUT_BUDGETS
from spotmusic_constructs.observability.component_dashboard import ComponentDashboard
from spotmusic_constructs.observability.component_rows import events_row
from spotmusic_constructs.observability.heartbeat import Heartbeat
from spotmusic_constructs.observability.prometheus_workspace import PrometheusWorkspace
from spotmusic_constructs.services.service_names import published_names
from stacks.alarm_recipients import alarm_topic, budgets, slack_channel
from stacks.data import DataStack
from stacks.ecs_services import EcsServicesStack, names_path
from stacks.edge import EdgeStack
from stacks.eks_platform import EksPlatformStack
from stacks.environment_stack import EnvironmentStack
from stacks.network import NetworkStack
from stacks.observability.component_alarms import entry_alarms, service_alarms
from stacks.observability.components import Components
from stacks.observability.dashboards import component_rows
from stacks.observability.data_alarms import data_alarms
from stacks.observability.events import event_alarms, event_log
from stacks.observability.experiments import Experiments
from stacks.observability.monitoring import Monitoring
from stacks.observability.operator_access import OperatorAccess
from stacks.observability.web_api_objectives import web_api_objectives
from stacks.registry import RegistryStack
from stacks.secrets import SecretsStack


class ObservabilityStack(EnvironmentStack):
    """Alarms, dashboards, event log, service level objectives, budgets and Prometheus.

    Attributes:
        recipients: recipients of alarms in this region, for the alarms of other stacks.
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
        description = "Spotmusic: alarms, dashboard, event log, objectives, budget and metrics"
        super().__init__(
            scope,
            "observability",
            settings=settings,
            data_class="internal",
            description=description,
        )
        keys, retention = secrets.keys, self.log_retention.security
        name = f"{settings.resource_prefix}-{self.stack_id_suffix}"

        alarms = alarm_topic(self, settings=settings, key=keys.notifications)
        self.recipients = recipients = alarms.recipients
        slack_channel(self, settings=settings, topics=[alarms.topic, edge.recipients.topic])
        heartbeat = Heartbeat(self, "Heartbeat", recipients=recipients, key=keys.notifications)
        log = event_log(self, settings=settings, name=name, key=keys.logs, audio=data.audio.bucket)
        workspace = PrometheusWorkspace(
            self,
            "Prometheus",
            name=name,
            key=keys.logs,
            log_retention=retention,
            removal_policy=self.retain_except_on_create,
        ).workspace
        if settings.region not in WITHOUT_BUDGETS:
            budgets(self, settings=settings, topic=alarms.topic)

        components = Components(
            settings=settings,
            network=network,
            registry=registry,
            secrets=secrets,
            data=data,
            eks_platform=eks_platform,
            ecs_services=ecs_services,
            edge=edge,
            services=published_names(
                self, path=names_path(settings), services=list(ecs_services.services)
            ),
        )
        counts = event_alarms(self, recipients=recipients, log=log)
        entry_alarms(self, components, recipients)
        service_alarms(self, components, recipients)
        data_alarms(self, components, recipients)
        objectives = web_api_objectives(
            self, recipients=recipients, load_balancer=components.gateway
        )
        ComponentDashboard(
            self, "Dashboard", rows=[*component_rows(components), events_row(counts=counts)]
        )
        Monitoring(
            self,
            "Monitoring",
            components=components,
            workspace=workspace,
            recipients=recipients,
            heartbeat=heartbeat.topic,
        )
        if settings.operators.network:
            OperatorAccess(self, "People", components=components)
        if settings.resilience.fault_injection:
            Experiments(self, "Faults", components=components, objectives=objectives)
