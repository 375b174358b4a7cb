"""Second check of a cluster on loopback: a tunnel could lead to a remote one."""

from tools.local_aws.kubernetes.api import KubernetesApi
from tools.local_aws.kubernetes.source import NotDisposableError

# Version suffixes of the clouds' builds and node labels of the clouds.
_CLOUD_VERSIONS = ("-eks", "-gke")
_CLOUD_NODES = ("aws:", "gce:", "azure:", "digitalocean:", "oci:", "openstack:", "vsphere:")


def require_disposable(api: KubernetesApi) -> None:
    """Rejects a cloud's cluster behind a tunnel on loopback.

    Args:
        api: the API server.

    Raises:
        NotDisposableError: if its version or one of its nodes names a cloud.
    """
    version = api.version()
    nodes = [str(node.get("spec", {}).get("providerID", "")) for node in api.items("/api/v1/nodes")]
    if any(mark in version for mark in _CLOUD_VERSIONS) or any(node.startswith(_CLOUD_NODES) for node in nodes):
        raise NotDisposableError(
            f"The cluster behind {api.credentials.server} runs in a cloud (version {version}) behind a tunnel.\n"
            "  Unset KUBECONFIG, or set it to the file of a disposable cluster on this machine."
        )
