"""Logs of pods in CloudWatch Logs."""

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_eks_v2 as eks
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from constructs import Construct, IDependable

from spotmusic_constructs.kubernetes.helm_release import HelmRelease
from spotmusic_constructs.kubernetes.images import ChartWithImages, Images, images_of
from spotmusic_constructs.kubernetes.pod import PLATFORM_PRIORITY, resources
from spotmusic_constructs.kubernetes.pod_identity import PodIdentity
from spotmusic_constructs.location import location_of
from spotmusic_constructs.rights import allow

RELEASE = "fluent-bit"
PORT = 2020
"""Port of Fluent Bit's own HTTP server: health and metrics."""

_SERVICE = f"""\
[SERVICE]
    Daemon Off
    Flush 5
    Log_Level warn
    Parsers_File /fluent-bit/etc/parsers.conf
    HTTP_Server On
    HTTP_Listen 0.0.0.0
    HTTP_Port {PORT}
    Health_Check On
"""
# The kubelet names a file <pod>_<namespace>_<container>-<id>.log. Lines of Fluent Bit itself are
# excluded: each would cause another. Fluent Bit stores its position on the node, continues there
# after a restart, and stops reading while the output blocks.
_INPUTS = """\
[INPUT]
    Name tail
    Path /var/log/containers/*.log
    Exclude_Path /var/log/containers/*_{namespace}_*.log
    multiline.parser cri
    Tag <namespace>.<pod>.<container>
    Tag_Regex (?<pod>[^_/]+)_(?<namespace>[^_]+)_(?<container>.+)-[a-z0-9]{{64}}\\.log$
    DB /var/lib/fluent-bit/tail.db
    Read_from_Head On
    Mem_Buf_Limit 16MB
    Skip_Long_Lines On
"""
# nginx writes the request and the referrer into each line of its error log: codes of logins, keys
# of mails, searches. The access log is JSON without queries, and stays as it is: a cut at a decoded
# `?` of the path could end its text early, and hide a request from queries by field.
_FILTERS = """\
[FILTER]
    Name lua
    Match kong.*
    call without_queries
    code function without_queries(tag, time, record) \
local line = record["log"] \
if type(line) ~= "string" or line:sub(1, 1) == "{" then return 0, time, record end \
local cut, count = line:gsub('%?[^%s"]*', "?") \
record["log"] = cut \
return count > 0 and 2 or 0, time, record end
"""
# A stream for each container, such as pod/kong.kong-7d9f.proxy, with unchanged lines.
_OUTPUTS = """\
[OUTPUT]
    Name cloudwatch_logs
    Match *
    region {region}
    log_group_name {log_group}
    log_stream_prefix pod/
    log_key log
    auto_create_group Off
    Retry_Limit no_limits
"""


class PodLogs(Construct):
    """Fluent Bit on every node, which sends the logs of pods to one encrypted log group.

    Creates the log group, the release, and a Pod Identity role that may write only to that group.
    Fluent Bit does not use the Kubernetes API: namespace, pod and container in the name of a stream
    come from the name of the file on the node.

    Args:
        cluster: cluster with a kubectl provider.
        chart: chart `fluent-bit` at one version, with its image.
        images: names of images in our registry.
        key: customer-managed key of logs.
        log_retention: retention of the log group; half a year for records of access (Marco Civil da
            Internet, article 15).
        removal_policy: removal policy of the log group.
        namespace: existing namespace with Pod Security `privileged`, which access to a folder of
            the node requires.
        after: constructs that must be deployed before: the namespace, and the custom resource
            definitions of Prometheus.

    Example:
        PodLogs(self, "PodLogs", cluster=cluster, chart=versions.FLUENT_BIT, images=images,
                key=keys.logs, after=[cluster_base])
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        cluster: eks.ICluster,
        chart: ChartWithImages,
        images: Images,
        key: kms.IKey,
        log_retention: logs.RetentionDays = logs.RetentionDays.ONE_YEAR,
        removal_policy: cdk.RemovalPolicy = cdk.RemovalPolicy.RETAIN,
        namespace: str = "pod-logs",
        after: Sequence[IDependable] = (),
    ) -> None:
        super().__init__(scope, construct_id)
        self.log_group = logs.LogGroup(
            self,
            "LogGroup",
            encryption_key=key,
            retention=log_retention,
            removal_policy=removal_policy,
        )
        identity = PodIdentity(
            self,
            "Identity",
            cluster=cluster,
            namespace=namespace,
            service_account=RELEASE,
            description="Writes the logs of pods to their log group",
            statements=[
                allow(
                    ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"],
                    [self.log_group.log_group_arn],
                )
            ],
        )
        region, group = location_of(scope).region, self.log_group.log_group_name
        self.release = HelmRelease(
            self,
            "Release",
            cluster=cluster,
            chart=chart,
            release=RELEASE,
            namespace=namespace,
            # No other release depends on logs.
            wait=False,
            # Pods receive credentials only if the Pod Identity association exists before them.
            after=[identity, *after],
            values={
                "fullnameOverride": RELEASE,
                "image": images_of(chart, images)["fluent-bit"].named,
                "config": {
                    "service": _SERVICE,
                    "inputs": _INPUTS.format(namespace=namespace),
                    "filters": _FILTERS,
                    "outputs": _OUTPUTS.format(region=region, log_group=group),
                },
                "serviceMonitor": {"enabled": True},
                **_POD,
            },
        )


_POD: dict[str, object] = {
    # The test of the chart would run an image without an exact tag.
    "testFramework": {"enabled": False},
    "serviceAccount": {"create": True, "name": RELEASE, "automountServiceAccountToken": False},
    "rbac": {"create": False},
    "priorityClassName": PLATFORM_PRIORITY,
    # Brokers run on tainted nodes.
    "tolerations": [{"operator": "Exists"}],
    "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": "25%"}},
    "resources": resources(cpu="50m", memory="64Mi", limit="192Mi"),
    "podSecurityContext": {"seccompProfile": {"type": "RuntimeDefault"}},
    # Only root may read the files of the kubelet; all capabilities of root are dropped.
    "securityContext": {
        "runAsUser": 0,
        "privileged": False,
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    },
    "daemonSetVolumes": [
        {"name": "logs", "hostPath": {"path": "/var/log", "type": "Directory"}},
        {
            "name": "position",
            "hostPath": {"path": "/var/lib/fluent-bit", "type": "DirectoryOrCreate"},
        },
    ],
    "daemonSetVolumeMounts": [
        {"name": "logs", "mountPath": "/var/log", "readOnly": True},
        {"name": "position", "mountPath": "/var/lib/fluent-bit"},
    ],
}
