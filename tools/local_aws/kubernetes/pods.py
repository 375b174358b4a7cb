"""Dry-run admission of the pods of a release, which no controller creates here.

The dry run verifies Pod Security, limit ranges, priority classes and the pod's own validity.
"""

from collections.abc import Iterator

from tools.local_aws.kubernetes.api import Json, KubernetesApi, KubernetesError

_TEMPLATES = {
    "Deployment": ("template",),
    "StatefulSet": ("template",),
    "DaemonSet": ("template",),
    "ReplicaSet": ("template",),
    "Job": ("template",),
    "CronJob": ("jobTemplate", "spec", "template"),
}


def refused(api: KubernetesApi, documents: list[Json], namespace: str) -> list[str]:
    """Returns the API server's rejections of pods, one line per object.

    Args:
        api: the API server.
        documents: objects of a release, hooks included.
        namespace: namespace of the release.
    """
    return [line for document in documents for line in _refusal(api, document, document["metadata"].get("namespace") or namespace)]


def pod_of(document: Json) -> Json | None:
    """Returns the pod that an object's controller would create first; None if it creates none.

    Args:
        document: an object.
    """
    spec = document.get("spec") or {}
    template = _at(spec, _TEMPLATES.get(document.get("kind", ""), ()))
    if template is None:
        return document if document.get("kind") == "Pod" else None
    metadata = {**(template.get("metadata") or {}), "generateName": f"{document['metadata']['name']}-"}
    claims = [
        {"name": claim["metadata"]["name"], "persistentVolumeClaim": {"claimName": claim["metadata"]["name"]}}
        for claim in spec.get("volumeClaimTemplates") or []
    ]
    # A claim replaces the template's volume of the same name.
    claimed = {claim["name"] for claim in claims}
    volumes = [volume for volume in template["spec"].get("volumes") or [] if volume["name"] not in claimed]
    pod = {**template["spec"], "volumes": [*volumes, *claims]}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": pod}


def _refusal(api: KubernetesApi, document: Json, namespace: str) -> Iterator[str]:
    pod = pod_of(document)
    if pod is None:
        return
    try:
        api.request("POST", f"/api/v1/namespaces/{namespace}/pods?dryRun=All&fieldValidation=Strict", pod)
    except KubernetesError as error:
        yield f"pods of {document['kind']} {namespace}/{document['metadata']['name']} would be rejected: {error.message}"


def _at(spec: Json, path: tuple[str, ...]) -> Json | None:
    found: Json | None = spec if path else None
    for name in path:
        found = (found or {}).get(name)
    return found
