"""Keycloak: who logs in, who cannot, and whether it is well."""

from spotmusic_constructs.observability.grafana_dashboards.model import Dashboard, Panel, Query, Row

WELL = 'keycloak_user_events_total{event="login",error=""}'
REFUSED = 'keycloak_user_events_total{event="login",error!=""}'
TOKENS = 'keycloak_user_events_total{event=~"code_to_token|refresh_token",error=""}'


DASHBOARD = Dashboard(
    uid="keycloak",
    title="Keycloak",
    description="Logins: who logs in, who cannot, and whether Keycloak is well.",
    folder="Platform",
    rows=[
        Row(
            title="Logins",
            panels=[
                Panel(
                    title="Logins per minute",
                    description="Logins that ended well, and those that did not.",
                    unit="short",
                    queries=[
                        Query(expr=f"sum(rate({WELL}[5m])) * 60", legend="well"),
                        Query(expr=f"sum(rate({REFUSED}[5m])) * 60", legend="refused"),
                    ],
                ),
                Panel(
                    title="Why logins are refused",
                    description="A peak of invalid_user_credentials is somebody who tries passwords.",
                    unit="short",
                    queries=[Query(expr=f"sum by (error) (rate({REFUSED}[5m])) * 60", legend="{{error}}")],
                ),
                Panel(
                    title="Tokens per minute",
                    description="Codes and refresh tokens turned into tokens; players renew theirs every few minutes.",
                    unit="short",
                    queries=[
                        Query(
                            expr=f"sum by (event) (rate({TOKENS}[5m])) * 60",
                            legend="{{event}}",
                        )
                    ],
                ),
            ],
        ),
        Row(
            title="Requests",
            panels=[
                Panel(
                    title="Requests by outcome",
                    description="CLIENT_ERROR is a wrong password or an expired session, SERVER_ERROR is ours.",
                    unit="reqps",
                    queries=[
                        Query(
                            expr='sum by (outcome) (rate(http_server_requests_seconds_count{namespace="keycloak"}[5m]))',
                            legend="{{outcome}}",
                        )
                    ],
                ),
                Panel(
                    title="Mean time of an answer",
                    description="By replica. A replica that is slow alone is out of memory or waits for its database.",
                    unit="s",
                    queries=[
                        Query(
                            expr=(
                                'sum by (pod) (rate(http_server_requests_seconds_sum{namespace="keycloak"}[5m]))'
                                ' / sum by (pod) (rate(http_server_requests_seconds_count{namespace="keycloak"}[5m]))'
                            ),
                            legend="{{pod}}",
                        )
                    ],
                ),
                Panel(
                    title="Passwords checked",
                    description="Hashing is what Keycloak's cpu goes into.",
                    unit="short",
                    queries=[
                        Query(
                            expr="sum by (outcome) (rate(keycloak_credentials_password_hashing_validations_total[5m]))",
                            legend="{{outcome}}",
                        )
                    ],
                ),
            ],
        ),
        Row(
            title="Replicas",
            panels=[
                Panel(
                    title="Members that each replica sees",
                    description="All lines are one: the number of replicas.",
                    unit="short",
                    queries=[Query(expr='max by (pod) (vendor_cluster_size{namespace="keycloak"})', legend="{{pod}}")],
                ),
                Panel(
                    title="Connections to the database",
                    description="Requests that wait for a connection mean a slow database or a pool that is too small.",
                    unit="short",
                    queries=[
                        Query(expr='sum(agroal_active_count{namespace="keycloak"})', legend="in use"),
                        Query(expr='sum(agroal_available_count{namespace="keycloak"})', legend="free"),
                        Query(expr='sum(agroal_awaiting_count{namespace="keycloak"})', legend="waited for"),
                    ],
                ),
                Panel(
                    title="Memory of the virtual machine",
                    description="Heap and the rest, by replica.",
                    unit="bytes",
                    queries=[Query(expr='sum by (pod, area) (jvm_memory_used_bytes{namespace="keycloak"})', legend="{{pod}} {{area}}")],
                ),
            ],
        ),
    ],
)
