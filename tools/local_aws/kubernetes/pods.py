"""Whether the API server would admit the pods of a release: no controller makes any here, so each is asked for in a dry run.

That puts Pod Security, limit ranges, priority classes and the validation of a whole pod to the proof.
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
    """What the API server says against pods, one line for each object whose pods it would refuse.

    Args:
        api: the API server.
        documents: objects of a release, hooks included.
        namespace: namespace of the release.
    """
    return [line for document in documents for line in _refusal(api, document, document["metadata"].get("namespace") or namespace)]


def pod_of(document: Json) -> Json | None:
    """The pod that an object's controller would make first, or None if it makes none.

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
    claimed = {claim["name"] for claim in claims}  # a claim takes the place of the template's volume of its name
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
        yield f"pods of {document['kind']} {namespace}/{document['metadata']['name']} would be refused: {error.message}"


def _at(spec: Json, path: tuple[str, ...]) -> Json | None:
    found: Json | None = spec if path else None
    for name in path:
        found = (found or {}).get(name)
    return found
