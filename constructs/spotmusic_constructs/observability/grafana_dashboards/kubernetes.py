"""The cluster: nodes, pods, volumes, and what makes certificates and Secrets."""

from spotmusic_constructs.observability.grafana_dashboards.model import Choice, CloudWatchQuery, Dashboard, Panel, Query, Row


def _control_plane(metric: str, legend: str, statistic: str = "Sum") -> CloudWatchQuery:
    return CloudWatchQuery(namespace="AWS/EKS", metric=metric, dimensions={"ClusterName": "$cluster"}, statistic=statistic, legend=legend)


DASHBOARD = Dashboard(
    uid="kubernetes",
    title="Kubernetes",
    description="The cluster: nodes, pods, volumes, certificates and Secrets. The folder General has more of the chart itself.",
    folder="Platform",
    choices=[Choice(name="cluster", label="Cluster", names="eksCluster")],
    rows=[
        Row(
            title="Control plane",
            panels=[
                Panel(
                    title="API requests",
                    description="Requests to the API server, and those that it failed.",
                    unit="short",
                    queries=[_control_plane("apiserver_request_total", "all"), _control_plane("apiserver_request_total_5XX", "5xx")],
                ),
                Panel(
                    title="Pods without a node",
                    description="Auto Mode makes nodes within minutes; longer means that no node fits.",
                    unit="short",
                    warning=1,
                    queries=[_control_plane("scheduler_pending_pods_UNSCHEDULABLE", "unschedulable", "Maximum")],
                ),
                Panel(
                    title="Size of the control plane's database",
                    description="At 8 GiB it refuses every write.",
                    unit="bytes",
                    warning=6 * 2**30,
                    critical=8 * 2**30,
                    queries=[_control_plane("apiserver_storage_size_bytes", "etcd", "Maximum")],
                ),
            ],
        ),
        Row(
            title="Pods",
            panels=[
                Panel(
                    title="Pods by phase",
                    description="Pending and Unknown should be empty.",
                    unit="short",
                    queries=[Query(expr="sum by (phase) (kube_pod_status_phase)", legend="{{phase}}")],
                ),
                Panel(
                    title="Restarts",
                    description="Containers that ended and were started again, in a quarter of an hour.",
                    unit="short",
                    warning=3,
                    queries=[
                        Query(
                            expr="sum by (namespace, pod) (increase(kube_pod_container_status_restarts_total[15m])) > 0",
                            legend="{{namespace}}/{{pod}}",
                        )
                    ],
                ),
                Panel(
                    title="Disruptions that budgets allow",
                    description="A line at 0 for an hour holds a node.",
                    unit="short",
                    queries=[
                        Query(
                            expr="min by (namespace, poddisruptionbudget) (kube_poddisruptionbudget_status_pod_disruptions_allowed)",
                            legend="{{namespace}}/{{poddisruptionbudget}}",
                        )
                    ],
                ),
                Panel(
                    title="Cpu by namespace",
                    description="Cores in use.",
                    unit="short",
                    queries=[
                        Query(
                            expr='sum by (namespace) (rate(container_cpu_usage_seconds_total{container!=""}[5m]))', legend="{{namespace}}"
                        )
                    ],
                ),
                Panel(
                    title="Memory by namespace",
                    description="Memory that cannot be taken back.",
                    unit="bytes",
                    queries=[Query(expr='sum by (namespace) (container_memory_working_set_bytes{container!=""})', legend="{{namespace}}")],
                ),
                Panel(
                    title="Quotas",
                    description="Share of each namespace's quota that is used. Beyond it no pod starts.",
                    unit="percentunit",
                    warning=0.9,
                    queries=[
                        Query(
                            expr=(
                                'kube_resourcequota{type="used"}'
                                ' / on (namespace, resourcequota, resource) (kube_resourcequota{type="hard"} > 0)'
                            ),
                            legend="{{namespace}} {{resource}}",
                        )
                    ],
                ),
            ],
        ),
        Row(
            title="Nodes and volumes",
            panels=[
                Panel(
                    title="Nodes",
                    description="Nodes that are ready, of all that there are.",
                    unit="short",
                    queries=[
                        Query(expr='sum(kube_node_status_condition{condition="Ready",status="true"})', legend="ready"),
                        Query(expr='count(kube_node_status_condition{condition="Ready",status="true"})', legend="all"),
                    ],
                ),
                Panel(
                    title="Cpu of nodes",
                    description="Busy share of each node.",
                    unit="percentunit",
                    queries=[Query(expr='1 - avg by (instance) (rate(node_cpu_seconds_total{mode="idle"}[5m]))', legend="{{instance}}")],
                ),
                Panel(
                    title="Volumes",
                    description="Free share of each volume. Volumes can grow while they are in use.",
                    unit="percentunit",
                    queries=[
                        Query(
                            expr="kubelet_volume_stats_available_bytes / kubelet_volume_stats_capacity_bytes",
                            legend="{{namespace}}/{{persistentvolumeclaim}}",
                        )
                    ],
                ),
            ],
        ),
        Row(
            title="Trust",
            panels=[
                Panel(
                    title="Life of certificates",
                    description="Time until each certificate of our authority runs out. It is renewed at a third of its life.",
                    unit="s",
                    width=12,
                    queries=[
                        Query(
                            expr="min by (exported_namespace, name) (certmanager_certificate_expiration_timestamp_seconds - time())",
                            legend="{{exported_namespace}}/{{name}}",
                        )
                    ],
                ),
                Panel(
                    title="Secrets that do not follow AWS Secrets Manager",
                    description="Always empty, unless a secret, its field or a right is missing.",
                    unit="short",
                    width=12,
                    critical=1,
                    queries=[
                        Query(
                            expr='externalsecret_status_condition{condition="Ready",status="False"} == 1',
                            legend="{{exported_namespace}}/{{name}}",
                        )
                    ],
                ),
            ],
        ),
    ],
)
