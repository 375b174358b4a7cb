"""Failure policy of webhooks of the releases; other webhooks are unchanged."""

from typing import Any

from tools.local_aws.kubernetes.webhooks import let_pass


class Cluster:
    """Stub of a cluster with one configuration of cert-manager and one of a third party."""

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
