"""Failure policy of admission webhooks without running pods: failures are ignored."""

from tools.local_aws.kubernetes.api import Json, KubernetesApi

_ROOT = "/apis/admissionregistration.k8s.io/v1"
# Helm's own field manager, so that its next upgrade has no conflict.
_OWNER = "fieldManager=helm"


def let_pass(api: KubernetesApi, *, release: str) -> None:
    """Sets a release's webhooks to ignore failures.

    Args:
        api: the API server.
        release: the release's name.
    """
    for kind in ("validatingwebhookconfigurations", "mutatingwebhookconfigurations"):
        for found in api.items(f"{_ROOT}/{kind}"):
            if found["metadata"].get("annotations", {}).get("meta.helm.sh/release-name") == release:
                _ignore(api, f"{_ROOT}/{kind}/{found['metadata']['name']}?{_OWNER}", found)


def _ignore(api: KubernetesApi, path: str, configuration: Json) -> None:
    changes = [
        {"op": "add", "path": f"/webhooks/{index}/failurePolicy", "value": "Ignore"}
        for index, _webhook in enumerate(configuration.get("webhooks") or [])
    ]
    api.patch(path, changes)
