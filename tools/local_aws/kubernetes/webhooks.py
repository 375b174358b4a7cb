"""Admission webhooks whose pods can't start: what they would have to admit is let pass."""

from tools.local_aws.kubernetes.api import Json, KubernetesApi

_ROOT = "/apis/admissionregistration.k8s.io/v1"
# Helm's own name as the owner of fields, so that its next upgrade meets no other owner.
_OWNER = "fieldManager=helm"


def let_pass(api: KubernetesApi, *, release: str) -> None:
    """Makes the API server ignore that a release's webhooks do not answer.

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
