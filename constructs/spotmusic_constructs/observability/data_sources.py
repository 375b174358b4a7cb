"""What Grafana asks beside Prometheus and Alertmanager, which its chart tells it of: CloudWatch, and the metrics of months."""

from spotmusic_constructs.kubernetes.images import Image
from spotmusic_constructs.kubernetes.pod import READ_ONLY_CONTAINER, resources
from spotmusic_constructs.observability.prometheus import Workspace

PROXY = "127.0.0.1:8005"
"""Where the proxy listens: on the loopback of the pod, so that nobody else can borrow Grafana's rights."""


def data_sources(workspace: Workspace) -> list[dict[str, object]]:
    """Returns CloudWatch as `cloudwatch`, and the workspace as `history`.

    Grafana 13 signs no request to a Prometheus any more, and its plugin for the workspace is not in the image: a proxy in the pod signs.
    """
    fixed = {"access": "proxy", "editable": False}
    return [
        {
            **fixed,
            "name": "CloudWatch",
            "uid": "cloudwatch",
            "type": "cloudwatch",
            "jsonData": {"authType": "default", "defaultRegion": workspace.region},
        },
        {
            **fixed,
            "name": "Prometheus, 150 days",
            "uid": "history",
            "type": "prometheus",
            "url": f"http://{PROXY}{workspace.path}/",
            "jsonData": {"httpMethod": "POST", "timeInterval": "30s", "prometheusType": "Prometheus"},
        },
    ]


def signing_proxy(workspace: Workspace, image: Image) -> dict[str, object]:
    """Returns the container that signs requests to the workspace with the rights of Grafana's service account.

    It has no probe: the kubelet cannot reach a loopback, and the image has nothing but the proxy in it.

    Args:
        workspace: where samples are kept for good.
        image: image of aws-sigv4-proxy.
    """
    return {
        "name": "signing-proxy",
        "image": f"{image.name}:{image.tag}",
        "args": ["--name=aps", f"--region={workspace.region}", f"--host={workspace.host}", f"--port={PROXY}", "--log-failed-requests"],
        "resources": resources(cpu="10m", memory="32Mi", limit="64Mi"),
        "securityContext": READ_ONLY_CONTAINER,
    }
