"""ECR, Secrets Manager, Parameter Store and CloudWatch."""

from spotmusic_constructs.observability.grafana_dashboards.model import Choice, CloudWatchQuery, Dashboard, Panel, Row


def _calls(service: str) -> CloudWatchQuery:
    dimensions = {"Service": service, "Type": "API", "Resource": "*", "Class": "None"}
    return CloudWatchQuery(
        namespace="AWS/Usage", metric="CallCount", dimensions=dimensions, statistic="Sum", legend="${PROP('Dim.Resource')}"
    )


DASHBOARD = Dashboard(
    uid="account",
    title="Account: images, secrets, logs",
    description="What the platform takes from ECR, Secrets Manager and Parameter Store, and what it tells CloudWatch.",
    folder="AWS",
    choices=[Choice(name="repository", label="Repository", names="repositories")],
    rows=[
        Row(
            title="Images",
            panels=[
                Panel(
                    title="Pulls by repository",
                    description="A deployment or a scaling pulls once a task. Pulls without either are tasks that end at once.",
                    unit="short",
                    width=24,
                    queries=[
                        CloudWatchQuery(
                            namespace="AWS/ECR",
                            metric="RepositoryPullCount",
                            dimensions={"RepositoryName": "$repository"},
                            statistic="Sum",
                            legend="${PROP('Dim.RepositoryName')}",
                        )
                    ],
                ),
            ],
        ),
        Row(
            title="Secrets and configuration",
            panels=[
                Panel(
                    title="Calls to Secrets Manager",
                    description="By operation. Starting tasks and External Secrets read; a loop of a service shows here, and on the bill.",
                    unit="short",
                    width=12,
                    queries=[_calls("Secrets Manager")],
                ),
                Panel(
                    title="Calls to Parameter Store",
                    description="By operation of AWS Systems Manager.",
                    unit="short",
                    width=12,
                    queries=[_calls("SSM")],
                ),
            ],
        ),
        Row(
            title="CloudWatch",
            panels=[
                Panel(
                    title="Bytes of logs",
                    description="What all log groups of the region take in; most of what CloudWatch costs.",
                    unit="bytes",
                    width=12,
                    queries=[CloudWatchQuery(namespace="AWS/Logs", metric="IncomingBytes", statistic="Sum", legend="bytes")],
                ),
                Panel(
                    title="Log events",
                    description="A jump is a service in a loop.",
                    unit="short",
                    width=12,
                    queries=[CloudWatchQuery(namespace="AWS/Logs", metric="IncomingLogEvents", statistic="Sum", legend="events")],
                ),
            ],
        ),
    ],
    span="now-24h",
)
