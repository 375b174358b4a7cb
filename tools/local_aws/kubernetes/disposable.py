"""A second look at a cluster on loopback: a tunnel leads anywhere."""

from tools.local_aws.kubernetes.api import KubernetesApi
from tools.local_aws.kubernetes.source import NotDisposableError

# What the clouds' own builds call themselves, and what their nodes say of where they run.
_CLOUD_VERSIONS = ("-eks", "-gke")
_CLOUD_NODES = ("aws:", "gce:", "azure:", "digitalocean:", "oci:", "openstack:", "vsphere:")


def require_disposable(api: KubernetesApi) -> None:
    """Refuses a cluster of a cloud, which a tunnel may bring to a loopback address.

    Args:
        api: the API server.

    Raises:
        NotDisposableError: if its version or one of its nodes names a cloud.
    """
    version = api.version()
    nodes = [str(node.get("spec", {}).get("providerID", "")) for node in api.items("/api/v1/nodes")]
    if any(mark in version for mark in _CLOUD_VERSIONS) or any(node.startswith(_CLOUD_NODES) for node in nodes):
        raise NotDisposableError(
            f"The cluster behind {api.credentials.server} is a cloud's (version {version}), reached through a tunnel.\n"
            "  Unset KUBECONFIG, or let it name a disposable cluster on this machine."
        )
