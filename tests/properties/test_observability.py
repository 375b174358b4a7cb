"""Promises: Logs, alarms and objectives."""

import re
from collections.abc import Callable
from typing import Any

import yaml

from spotmusic_constructs.edge_region import EDGE_REGION
from spotmusic_constructs.observability.alarm import RETURNS_TO_OK
from spotmusic_constructs.observability.grafana_dashboards.objectives import OBJECTIVES
from tests.properties import watched
from tests.properties.alarms import (
    ALARM,
    COMPOSITE,
    alerts_of,
    counted,
    forwarded,
    notifying_alarms,
    period_of,
    place_of,
    reaches_the_team,
    recorders,
    severity_of,
)
from tests.properties.log_writers import ACCESS_DAYS, GROUP, writers
from tests.properties.promise import Verdicts, promise
from tests.properties.releases import releases_of
from tools.checkout import ROOT
from tools.model.assembly import Assembly, Resource
from tools.model.cluster import RenderedCluster
from tools.model.statements import statements_of
from tools.model.values import ACCOUNT, Json, at

TOPIC = "AWS::SNS::Topic"
MISSING = {"breaching", "notBreaching", "ignore", "missing"}
MONTH = 30 * 86_400
BURNS = {"critical": (0.02, 3600), "warning": (0.05, 6 * 3600)}
"""Share of a month's error budget, and the window that consumes it (The Site Reliability Workbook,
chapter 5, table 5-8)."""
UNIT_TESTS = ROOT / "tests" / "charts" / "monitoring" / "rules"
RULES = ROOT / "charts" / "monitoring" / "rules"

Deployed = Callable[[str], RenderedCluster]


@promise
def test_p118_logs_are_encrypted_and_retained(platform: Assembly) -> Verdicts:
    """Every log group is encrypted and has a retention period: at least 184 days for access logs
    and a year for security logs. Workloads write to no log group that AWS creates on demand, except
    the metrics of ECS (Container Insights) and RDS (Enhanced Monitoring).

    Kept by: `observability.access_log_days`, `observability.security_log_days`;
    `DefaultGroupFunction`, `PodLogs`
    """
    for name, group, days in writers(platform):
        known = group is not None and group.type == GROUP
        yield (
            name,
            known,
            "Set a log group of ours: AWS would create one without a key and without expiry.",
        )
        kept = (group["RetentionInDays"] or 0) if group else 0
        yield (
            name,
            kept >= days,
            f"Its log is kept for {kept} days. Keep it for {days} (observability.*_log_days).",
        )
    for group in platform.some(GROUP):
        key = group.target("KmsKeyId")
        yield group, key is not None and key.type == "AWS::KMS::Key", "Encrypt it with keys.logs."
        yield (
            group,
            (group["RetentionInDays"] or 0) >= ACCESS_DAYS,
            f"Set a retention of {ACCESS_DAYS} days or more, but a finite one.",
        )


@promise
def test_p119_alarms_have_recipients_and_runbooks(platform: Assembly) -> Verdicts:
    """Every alarm notifies a topic of its region when it starts and, unless it counts single
    events, when it ends. A critical alarm also notifies the topic of pagers. Its description begins
    with the environment and states the severity, the treatment of missing data and the runbook.

    Kept by: `AlarmGroup`, `AlarmTopic`, [runbooks](runbooks/README.md)
    """
    for alarm in notifying_alarms(platform):
        yield alarm, alarm["ActionsEnabled"] is not False, "Enable its actions."
        # An alarm on single events ends automatically, so its end does not mean a solved problem.
        event = RETURNS_TO_OK in str(alarm["AlarmDescription"])
        for path in ("AlarmActions",) if event else ("AlarmActions", "OKActions"):
            topics = alarm.targets(path)
            near = all(
                topic.type == TOPIC and (topic.stack == "edge") == (alarm.stack == "edge")
                for topic in topics
            )
            yield (
                alarm,
                bool(topics) and near,
                f"Add a topic of the alarm's region to {path}, for its start and its end.",
            )
            paged = any("Pager" in topic.id for topic in topics)
            holds = paged is (severity_of(alarm) == "critical")
            yield (
                alarm,
                holds,
                f"Add the topic of pagers to {path} if, and only if, the alarm is critical.",
            )
        yield (
            alarm,
            not event or not alarm["OKActions"],
            "Remove its OKActions: it ends although the problem is not solved.",
        )
        if alarm.type == ALARM:
            yield alarm, alarm["TreatMissingData"] in MISSING, "Set TreatMissingData."
        folder = re.escape(platform.settings.observability.runbooks)
        runbooks = re.findall(rf"Runbook: {folder}/([\w-]+)\.md", str(alarm["AlarmDescription"]))
        there = len(runbooks) == 1 and (ROOT / "docs" / "runbooks" / f"{runbooks[0]}.md").is_file()
        yield alarm, there, "Name its runbook, which must exist, at the end of the description."
        yield (
            alarm,
            str(alarm["AlarmDescription"]).startswith(f"[{platform.settings.name}] "),
            "Begin its text with the environment.",
        )
        yield alarm, severity_of(alarm) is not None, "State its severity."
    for topic in platform.some(TOPIC):
        missed = any(
            alarm["TreatMissingData"] == "breaching"
            for alarm in watched.HEARTBEAT.watchers(platform, place_of(topic))
        )
        # Messages for pagers also reach the general topic.
        read = (
            missed
            or "Pager" in topic.id
            or bool(platform.users_of(topic, "AWS::SNS::Subscription"))
        )
        read = read or not platform.settings.production
        yield topic, read, "The topic has no subscribers. Set observability.alarm_emails."
    yield from alerts_are_delivered(platform)


def alerts_are_delivered(platform: Assembly) -> Verdicts:
    """Routes of Alertmanager: every relevant alert reaches a topic when it starts and when it
    ends.
    """
    config = releases_of(platform)["monitoring"].values["alertmanager"]["config"]
    topics = {place_of(topic) for topic in platform.some(TOPIC, stack="observability")}
    telling = {
        receiver["name"]
        for receiver in config["receivers"]
        if any(
            sns["topic_arn"] in topics and sns["send_resolved"] is True
            for sns in receiver.get("sns_configs", [])
        )
    }
    route = config["route"]
    holds = route["receiver"] in telling
    yield (
        "Alertmanager",
        holds,
        f"The receiver {route['receiver']} has no topic. Route these alerts to one with a topic.",
    )
    beats = [
        branch for branch in route["routes"] if branch["matchers"] == ['alertname = "Watchdog"']
    ]
    yield (
        "Watchdog",
        bool(beats) and beats[0] is route["routes"][0],
        "Route it before any route that drops it.",
    )
    for branch in beats:
        sent = [
            sns["topic_arn"]
            for receiver in config["receivers"]
            for sns in receiver.get("sns_configs", [])
            if receiver["name"] == branch["receiver"]
        ]
        missed = any(
            alarm["TreatMissingData"] == "breaching"
            for arn in sent
            for alarm in watched.HEARTBEAT.watchers(platform, arn)
        )
        yield (
            "Watchdog",
            missed,
            "Send it to a topic with an alarm on missing messages: it detects lost alerts.",
        )
    for branch in (branch for branch in route["routes"] if branch not in beats):
        silent = branch["matchers"] == ['severity =~ "none|info"']
        holds = silent or branch["receiver"] in telling
        yield (
            f"Alertmanager {branch['matchers']}",
            holds,
            f"The receiver {branch['receiver']} has no topic. Add one.",
        )


@promise
def test_p120_dependencies_of_listeners_are_watched(
    platform: Assembly, deployed: Deployed
) -> Verdicts:
    """Every resource that listeners depend on has alarms in CloudWatch or alerts in the cluster. A
    table lists the conditions for each type.

    Kept by: [`watched.yaml`](../tests/properties/watched.yaml) is the table; `ObservabilityStack`,
    [`charts/monitoring/rules`](../charts/monitoring/rules/)
    """
    known: set[Resource] = set()
    for kind, name, place in watched.subjects(platform):
        for row in (row for row in watched.ROWS if row.kind == kind):
            found = row.watchers(platform, place)
            known.update(found)
            missing, (namespace, metrics) = row.missing(found), row.reads
            asked = f"{', '.join(sorted(metrics))} {' and '.join(sorted(row.of))} of {namespace}"
            yield (
                f"{name}: {row.what}",
                not missing,
                f"Alarm on {asked}: {', '.join(sorted(missing))}.",
            )
    for what, (source, *said) in watched.TABLE["events"].items():
        found = counted(platform, source, said)
        known.update(found)
        yield (
            what,
            bool(found),
            f"Record events of {source}, count those of it, and alarm on the count.",
        )
    for alarm in notifying_alarms(platform):
        in_table = alarm in known or alarm.type == COMPOSITE
        yield (
            alarm,
            in_table,
            "Add it to tests/properties/watched.yaml, so that its removal fails a test.",
        )
    yield from operators_see_causes(platform)
    yield from the_edge_is_measured(platform)
    yield from the_cluster_is_watched(platform, deployed(platform.name))
    yield from budgets_notify(platform)


def operators_see_causes(platform: Assembly) -> Verdicts:
    dashboard = " ".join(
        board.text("DashboardBody") for board in platform.some("AWS::CloudWatch::Dashboard")
    )
    for kind, name, place in watched.subjects(platform):
        if kind in watched.TABLE["dashboard"]:
            yield (
                name,
                place.removesuffix("}") in dashboard,
                "Show it on the dashboard: operators look there first.",
            )
    for source in watched.TABLE["recorded"]:
        yield (
            source,
            bool(recorders(platform, source)),
            "Record its events (EventLog) for the analysis of incidents.",
        )
    for source in watched.TABLE["forwarded"]:
        yield (
            f"{source} of {EDGE_REGION}",
            forwarded(platform, source),
            "Forward its events (EventForwarding).",
        )


def the_edge_is_measured(platform: Assembly) -> Verdicts:
    measured = {
        subscription.target("DistributionId")
        for subscription in platform.all("AWS::CloudFront::MonitoringSubscription")
    }
    for distribution in platform.some("AWS::CloudFront::Distribution"):
        yield (
            f"{distribution.name} metrics",
            distribution in measured,
            "Enable its additional metrics, such as latency.",
        )


def the_cluster_is_watched(platform: Assembly, cluster: RenderedCluster) -> Verdicts:
    alerts = alerts_of([manifest for _, manifest in cluster.of_kind("PrometheusRule")])
    for what, read in watched.TABLE["cluster"].items():
        alerted = any(reaches_the_team(alert) and read in spelt_out for alert, spelt_out in alerts)
        yield what, alerted, f"Add an alert on {read} to charts/monitoring/rules."


def budgets_notify(platform: Assembly) -> Verdicts:
    units = {str(budget["Budget.TimeUnit"]) for budget in platform.some("AWS::Budgets::Budget")}
    yield (
        "budgets",
        units == {"MONTHLY", "DAILY"},
        f"Create one of a month and one of a day, not {sorted(units)}.",
    )
    for budget in platform.some("AWS::Budgets::Budget"):
        notified = {
            at(notification, "Notification.NotificationType")
            for number, notification in enumerate(budget["NotificationsWithSubscribers"] or [])
            if any(
                target.type == TOPIC
                for target in budget.mentions(f"NotificationsWithSubscribers.{number}")
            )
        }
        wanted = {"ACTUAL"} if budget["Budget.TimeUnit"] == "DAILY" else {"ACTUAL", "FORECASTED"}
        yield budget, notified >= wanted, "Notify the topic of actual and of forecasted cost."


@promise
def test_p121_objectives_have_burn_rate_alarms(platform: Assembly, deployed: Deployed) -> Verdicts:
    """Every objective has alarms on the burn rate of its error budget: 2% of the monthly budget in
    an hour and 5% in six hours, each over two windows.

    Kept by: `ServiceLevelObjective`, [slo](slo.md)
    """
    found: dict[tuple[str, float], dict[str, tuple[float, float]]] = {}
    for composite in platform.some(COMPOSITE):
        described = re.match(
            r"(.+?)\. Of the requests .+ ([\d.]+)% may\..* Severity: (\w+)\.",
            str(composite["AlarmDescription"]),
        )
        windows = sorted(
            (w for w in composite.mentions("AlarmRule") if w.type == ALARM), key=period_of
        )
        both = (
            described is not None
            and len(windows) == 2
            and composite.text("AlarmRule").count(" AND ") == 1
        )
        yield (
            composite,
            both,
            "Combine a long and a short window of one objective, and fire when both do.",
        )
        if described is None or len(windows) != 2:
            continue
        short, long = windows
        yield (
            composite,
            period_of(long) == 12 * period_of(short),
            "The short window is a twelfth of the long one.",
        )
        yield (
            composite,
            short["Threshold"] == long["Threshold"],
            "Both windows have the same rate for their limit.",
        )
        objective = 100 - float(described[2])
        share = long["Threshold"] / (100 - objective) * period_of(long) / MONTH
        found.setdefault((described[1], objective), {})[described[3]] = (
            round(share, 4),
            period_of(long),
        )
    for (objective_of, objective), burns in found.items():
        yield (
            f"{objective_of} {objective:g}%",
            burns == BURNS,
            f"It burns {burns}. Alarm on {BURNS}: share of the budget, window.",
        )
    yield (
        "the Web API",
        {objective for _, objective in found} == {99.9, 99.0},
        "Watch its availability and its latency from outside.",
    )
    alerts = alerts_of(
        [manifest for _, manifest in deployed(platform.name).of_kind("PrometheusRule")]
    )
    document = (ROOT / "docs" / "slo.md").read_text()
    for name, (_, share) in OBJECTIVES.items():
        severities = {
            alert["labels"]["severity"] for alert, _ in alerts if f'slo="{name}"' in alert["expr"]
        }
        yield name, severities == set(BURNS), f"Add its burn rates to slo.yaml: {', '.join(BURNS)}."
        yield name, f"| {name} | {share * 100:g}% |" in document, "Promise it in docs/slo.md."


@promise
def test_p122_topics_are_encrypted_and_require_tls(platform: Assembly) -> Verdicts:
    """Topics are encrypted with the key of notifications and accept messages over TLS from this
    account only.

    Kept by: `AlarmTopic`, `DatabaseEvents`
    """
    for topic in platform.some(TOPIC):
        key = topic.target("KmsMasterKeyId")
        yield (
            topic,
            key is not None and key.name.endswith("/NotificationsKey"),
            "Encrypt it with keys.notifications, of its region.",
        )
        policies = platform.users_of(topic, "AWS::SNS::TopicPolicy")
        said = [
            statement for statement in statements_of(platform) if statement.resource in policies
        ]
        refused = [s for s in said if not s.allows and s.for_anybody and s.may("sns:Publish")]
        tls = any(s.conditions == {"Bool": {"aws:securetransport": ("false",)}} for s in refused)
        yield topic, tls, "Refuse what is published without TLS."
        for statement in (s for s in said if s.allows):
            ours = statement.values("StringEquals", "aws:SourceAccount") == (ACCOUNT,)
            yield (
                topic,
                ours and not statement.for_anybody,
                f"Admit services of this account only: {statement}.",
            )


@promise
def test_p123_alerts_have_firing_tests(platform: Assembly, deployed: Deployed) -> Verdicts:
    """Each Prometheus alert has a runbook and a unit test in which it fires and does not fire.
    tests/charts/monitoring/test_rules.py runs these tests where promtool is available.

    Kept by: [`rules`](../tests/charts/monitoring/rules/)
    """
    files = {f"spotmusic-{path.stem}": path for path in sorted(RULES.glob("*.yaml"))}
    rules = {
        manifest["metadata"]["name"]: manifest
        for _, manifest in deployed(platform.name).of_kind("PrometheusRule")
    }
    yield (
        "charts/monitoring/rules",
        files.keys() == rules.keys(),
        f"{sorted(files.keys() ^ rules.keys())} are not what is deployed.",
    )
    for name in sorted(files.keys() & rules.keys()):
        fired, quiet = shown(files[name].stem)
        unit_tests = f"tests/charts/monitoring/rules/{files[name].name}"
        for alert, _ in alerts_of([rules[name]]):
            called, severity = alert["alert"], alert["labels"]["severity"]
            where = f"{name}: {called} ({severity})"
            yield where, (called, severity) in fired, f"Show it firing in {unit_tests}."
            yield (
                where,
                called in quiet or severity == "none",
                f"Show when it does not fire in {unit_tests}.",
            )
            folder, _, runbook = str(alert["annotations"].get("runbook_url")).rpartition("/")
            there = (
                folder == platform.settings.observability.runbooks
                and (ROOT / "docs" / "runbooks" / runbook.partition("#")[0]).is_file()
            )
            yield where, there, f"Write {runbook}."


def shown(file: str) -> tuple[set[tuple[str, str]], set[str]]:
    """Alerts of a test file that fire, with their severity, and alerts that do not fire."""
    path = UNIT_TESTS / f"{file}.yaml"
    groups = yaml.load(path.read_text(), yaml.CSafeLoader)["tests"] if path.is_file() else []
    cases = [case for group in groups for case in group["alert_rule_test"]]
    fired = {
        (case["alertname"], alert["exp_labels"]["severity"])
        for case in cases
        for alert in case["exp_alerts"]
    }
    return fired, {case["alertname"] for case in cases if not case["exp_alerts"]}


GRAFANA: dict[str, Any] = {
    "auth.anonymous.enabled": False,
    "auth.disable_login_form": True,
    "auth.oauth_allow_insecure_email_lookup": False,
    "auth.generic_oauth.enabled": True,
    "auth.generic_oauth.use_pkce": True,
    "auth.generic_oauth.role_attribute_strict": True,
    "security.cookie_secure": True,
    "security.strict_transport_security": True,
    "users.allow_sign_up": False,
    "server.protocol": "https",
    "database.ssl_mode": "true",
}
"""Values of grafana.ini, by section and name."""


@promise
def test_p124_grafana_requires_login_and_is_private(
    platform: Assembly, deployed: Deployed
) -> Verdicts:
    """Grafana requires a login with Keycloak and reads its secrets from Secrets Manager. Monitoring
    has no public endpoint, runs replicas of each component, and retains its samples when the
    cluster is lost.

    Kept by: `KubePrometheusStack`, [access](runbooks/grafana-access.md)
    """
    values = releases_of(platform)["monitoring"].values
    grafana, ini = values["grafana"], values["grafana"]["grafana.ini"]
    said = {
        f"{section}.{name}": value
        for section, settings in ini.items()
        for name, value in settings.items()
    }
    for name, wanted in GRAFANA.items():
        yield (
            f"Grafana {name}",
            said.get(name) == wanted,
            f"It is {said.get(name)!r}. Set it to {wanted!r}.",
        )
    yield (
        "Grafana security.cookie_samesite",
        said.get("security.cookie_samesite") in ("lax", "strict"),
        "Keep the cookie to this site.",
    )
    in_secret = (
        bool(at(grafana, "admin.existingSecret"))
        and "adminPassword" not in grafana
        and "security.admin_password" not in said
    )
    yield (
        "Grafana administrator",
        in_secret,
        "Read the password from a secret (admin.existingSecret).",
    )
    fetched = {
        name
        for name, source in grafana.get("envValueFrom", {}).items()
        if at(source, "secretKeyRef.name")
    }
    secrets = {
        "GF_AUTH_GENERIC_OAUTH_CLIENT_SECRET",
        "GF_DATABASE_PASSWORD",
        "GF_SECURITY_SECRET_KEY",
    }
    yield "Grafana secrets", fetched >= secrets, f"Read {sorted(secrets - fetched)} from a secret."
    workspace = place_of(platform.only("AWS::APS::Workspace")).removesuffix("}")
    written = [write["url"] for write in at(values, "prometheus.prometheusSpec.remoteWrite") or []]
    yield (
        "Prometheus samples",
        any(workspace in url for url in written),
        "Write samples to the workspace: volumes keep a day of them.",
    )
    yield from nothing_is_public(platform, values, deployed(platform.name))
    for name, path, least in (
        ("Prometheus", "prometheus.prometheusSpec.replicas", 2),
        ("Alertmanager", "alertmanager.alertmanagerSpec.replicas", 3),
        ("Grafana", "grafana.replicas", 2),
    ):
        yield (
            f"{name} replicas",
            (at(values, path) or 1) >= least,
            f"Run {least}: one of them is where a zone is lost.",
        )


def nothing_is_public(platform: Assembly, values: Json, cluster: RenderedCluster) -> Verdicts:
    for part in ("grafana", "prometheus", "alertmanager"):
        closed = not at(values, f"{part}.ingress.enabled") and not at(
            values, f"{part}.route.main.enabled"
        )
        inside = (at(values, f"{part}.service.type") or "ClusterIP") == "ClusterIP"
        yield (
            part,
            closed and inside,
            (
                "Leave it inside: people come by kubectl port-forward "
                "(docs/runbooks/grafana-access.md)."
            ),
        )
    bound = [
        manifest for _, manifest in cluster.of_kind("TargetGroupBinding", "Ingress", "HTTPRoute")
    ]
    yield (
        "bindings",
        bool(bound),
        "Nothing is bound to a load balancer: look at the release `bindings`.",
    )
    for manifest in bound:
        outside = manifest["metadata"].get("namespace") != "monitoring"
        yield (
            f"binding {manifest['metadata']['name']}",
            outside,
            "Bind nothing of monitoring to a load balancer.",
        )
    routes = str(releases_of(platform)["kong"].values)
    yield (
        "routes of Kong",
        ".monitoring.svc" not in routes,
        "Remove routes of the gateway to monitoring.",
    )
