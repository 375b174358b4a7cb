"""Webhooks of our releases are ignored where their pods can't start, and nobody else's."""

from typing import Any

from tools.local_aws.kubernetes.webhooks import let_pass


class Cluster:
    """A cluster with one configuration of cert-manager and one of somebody else."""

    def __init__(self) -> None:
        self.patches: list[tuple[str, list[Any]]] = []

    def items(self, path: str) -> list[Any]:
        if "mutating" in path:
            return []
        ours = {"name": "cert-manager-webhook", "annotations": {"meta.helm.sh/release-name": "cert-manager"}}
        return [{"metadata": ours, "webhooks": [{}, {}]}, {"metadata": {"name": "other"}, "webhooks": [{}]}]

    def patch(self, path: str, changes: list[Any]) -> None:
        self.patches.append((path, changes))


def test_release_webhooks_are_ignored() -> None:
    cluster: Any = Cluster()
    let_pass(cluster, release="cert-manager")
    ((path, changes),) = cluster.patches
    assert path.endswith("/validatingwebhookconfigurations/cert-manager-webhook?fieldManager=helm")
    assert [(change["path"], change["value"]) for change in changes] == [
        ("/webhooks/0/failurePolicy", "Ignore"),
        ("/webhooks/1/failurePolicy", "Ignore"),
    ]
