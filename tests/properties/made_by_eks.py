"""Tags on resources of EKS Auto Mode: requested by the cluster, and allowed to EKS."""

from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase

from tests.properties.promise import Verdicts
from tools.model.assembly import Assembly, Resource
from tools.model.cluster import RenderedCluster
from tools.model.statements import Statement, statements_of
from tools.model.values import ACCOUNT

NODES = (
    "fleet",
    "instance",
    "launch-template",
    "network-interface",
    "spot-instances-request",
    "volume",
)
ASKED = {
    **dict.fromkeys(("ec2:CreateFleet", "ec2:RunInstances", "ec2:CreateLaunchTemplate"), NODES),
    "ec2:CreateNetworkInterface": ("network-interface",),
    "ec2:CreateVolume": ("volume",),
}
"""Actions of EKS that create tagged resources, with their types. Source: Amazon EKS user guide,
custom AWS tags for EKS Auto resources."""
OF_EKS = (
    *(
        "eks:*",
        "kubernetes.io/cluster/*",
        "kubernetes.io/created-for/*",
        "ebs.csi.eks.amazonaws.com/*",
    ),
    *("CSIVolumeName", "KubernetesCluster", "Name"),
)
"""Keys that AWS's policies for Auto Mode allow EKS to set."""
OF_ACTION = {
    "ec2:CreateVolume": {
        "eks:eks-cluster-name",
        "CSIVolumeName",
        "Name",
        "kubernetes.io/created-for/pvc/name",
    },
    "ec2:CreateNetworkInterface": {"eks:eks-cluster-name", "eks:kubernetes-cni-node-name"},
}
"""Tag keys that EKS adds, by action; otherwise those of nodes."""
OF_NODES = {
    "eks:eks-cluster-name",
    "eks:kubernetes-node-class-name",
    "eks:kubernetes-node-pool-name",
    "kubernetes.io/cluster/it",
}


def asked_for(cluster: RenderedCluster) -> Iterator[tuple[str, dict[str, str]]]:
    """Tags that nodes, their disks and interfaces, and volumes require, by the resource that
    requests them.
    """
    for _, found in cluster.of_kind("NodeClass"):
        yield f"NodeClass {found['metadata']['name']}", dict(found["spec"].get("tags") or {})
    for _, found in cluster.of_kind("StorageClass"):
        tags = [
            str(text)
            for name, text in found["parameters"].items()
            if name.startswith("tagSpecification_")
        ]
        yield (
            f"StorageClass {found['metadata']['name']}",
            {key: value for key, _, value in (text.partition("=") for text in tags)},
        )


def eks_may_tag(platform: Assembly, keys: set[str]) -> Verdicts:
    """EKS may set these tag keys on resources of the cluster, no other keys, and not for another
    cluster.

    EKS cannot create a resource with a tag key that its policies do not allow: no node would start,
    and no volume would be created.
    """
    eks = platform.only("AWS::EKS::Cluster")
    rights = [
        s
        for s in statements_of(platform)
        if s.kind == "identity" and s.allows and of_the_cluster(eks, s)
    ]
    makes = [s for s in rights if any(s.may(action) for action in ASKED)]
    for action, types in ASKED.items():
        given = keys | OF_ACTION.get(action, OF_NODES)
        for type_ in types:
            arn = f"arn:aws:ec2:{platform.settings.region}:{ACCOUNT}:{type_}/id"
            may = any(s.may(action) and covers(s.texts(), arn) and takes(s, given) for s in makes)
            yield (
                f"{eks.name} {action} {type_}",
                may,
                (
                    "EKS cannot create resources with tag keys that its policy does not allow. "
                    "Allow these keys."
                ),
            )
    for statement in makes:
        here = statement.values("StringEquals", "aws:RequestTag/eks:eks-cluster-name") == (
            eks.text("Name"),
        )
        yield str(statement), here, "Allow EKS to create only resources of this cluster."
        admitted = set(keys_of(statement))
        only = bool(admitted) and admitted <= {*keys, *OF_EKS}
        yield (
            str(statement),
            only,
            (
                "Allow only our tag keys and those of EKS, not "
                f"{sorted(admitted - keys - set(OF_EKS)) or 'every key'}."
            ),
        )


def of_the_cluster(eks: Resource, statement: Statement) -> bool:
    role = eks.target("RoleArn")
    return role is not None and role in (statement.resource, *statement.resource.targets("Roles"))


def covers(patterns: list[str], text: str) -> bool:
    return any(fnmatchcase(text, pattern) for pattern in patterns)


def keys_of(statement: Statement) -> tuple[str, ...]:
    return statement.values("ForAllValues:StringLike", "aws:TagKeys")


def takes(statement: Statement, given: set[str]) -> bool:
    """Return true if the conditions on tag keys allow a request with these keys."""
    wanted = {
        key.partition("/")[2]
        for key in statement.condition_keys
        if key.startswith("aws:requesttag/")
    }
    return wanted <= {key.lower() for key in given} and all(
        covers(list(keys_of(statement)), key) for key in given
    )


def lacking(tags: Mapping[str, str], wanted: Mapping[str, str]) -> list[str]:
    """Tag keys that are absent or have a different value."""
    return sorted(key for key, value in wanted.items() if tags.get(key) != value)
