"""What listeners do: plays, listeners, trends, logins."""

from spotmusic_constructs.observability.grafana_dashboards.model import Dashboard, Panel, Query, Row

DASHBOARD = Dashboard(
    uid="business",
    title="Listening",
    description="What listeners do right now. For everybody who asks whether Spotmusic is well.",
    folder="Business",
    rows=[
        Row(
            title="Listeners",
            panels=[
                Panel(
                    title="Plays per minute",
                    description="Tracks that started to play. It follows the hours of the day; a step down has a cause.",
                    unit="short",
                    queries=[Query(expr="sum(rate(play_started_total[5m])) * 60", legend="plays")],
                ),
                Panel(
                    title="Active listeners",
                    description="Listeners from whom an event came in the last five minutes.",
                    unit="short",
                    queries=[Query(expr="sum(active_listeners)", legend="listeners")],
                ),
                Panel(
                    title="Plays per minute by client",
                    description="A client whose line goes down alone has a bad release.",
                    unit="short",
                    queries=[Query(expr="sum by (client) (rate(play_started_total[5m])) * 60", legend="{{client}}")],
                ),
            ],
        ),
        Row(
            title="Trends",
            panels=[
                Panel(
                    title="Most played tracks of the hour",
                    description="The ten tracks at the top of the trends, with their plays of the last hour.",
                    unit="short",
                    kind="bargauge",
                    width=12,
                    queries=[Query(expr="topk(10, max by (track) (trend_plays))", legend="{{track}}")],
                ),
                Panel(
                    title="Age of the trends",
                    description="Time since trends were last computed. Listeners see old ones when it grows.",
                    unit="s",
                    kind="stat",
                    width=6,
                    warning=300,
                    critical=900,
                    queries=[Query(expr="time() - max(trends_computed_timestamp_seconds)", legend="age")],
                ),
                Panel(
                    title="Recommendations per minute",
                    description="Lists of recommendations that were handed out, and whether they were personal or the general ones.",
                    unit="short",
                    width=6,
                    queries=[Query(expr="sum by (kind) (rate(recommendations_served_total[5m])) * 60", legend="{{kind}}")],
                ),
            ],
        ),
        Row(
            title="What it rests on",
            panels=[
                Panel(
                    title="Listening events per second",
                    description="Events that services worked off, by topic. One play makes several.",
                    unit="short",
                    queries=[Query(expr="sum by (topic) (rate(event_age_seconds_count[5m]))", legend="{{topic}}")],
                ),
                Panel(
                    title="Logins and new listeners per minute",
                    description="Logins and registrations that ended well.",
                    unit="short",
                    queries=[
                        Query(
                            expr='sum by (event) (rate(keycloak_user_events_total{event=~"login|register",error=""}[5m])) * 60',
                            legend="{{event}}",
                        )
                    ],
                ),
                Panel(
                    title="Plays that started well",
                    description="Share of plays that began within two seconds. Promised are 99.5%.",
                    unit="percentunit",
                    queries=[Query(expr='1 - slo:errors:ratio_rate5m{slo="playback-start"}', legend="started in time")],
                ),
            ],
        ),
    ],
)
