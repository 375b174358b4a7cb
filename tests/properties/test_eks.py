"""Promises: EKS cluster."""

import re
from datetime import date, timedelta

from spotmusic_cdk import flows, versions
from tests.charts import connections, order
from tests.properties.promise import Verdicts, promise
from tools.model.assembly import Assembly, Resource
from tools.model.cluster import RenderedCluster
from tools.model.statements import statements_of
from tools.model.templates import RELEASE
from tools.model.values import Json, texts

CLUSTER = "AWS::EKS::Cluster"
ENTRY = "AWS::EKS::AccessEntry"
ASSOCIATION = "AWS::EKS::PodIdentityAssociation"
LOGS = {"api", "audit", "authenticator", "controllerManager", "scheduler"}
SECURITY_DAYS = 365
STANDARD_SUPPORT = timedelta(days=90)
IN_AUTO_MODE = {
    "vpc-cni",
    "coredns",
    "kube-proxy",
    "eks-pod-identity-agent",
    "aws-ebs-csi-driver",
    "eks-node-monitoring-agent",
}
"""Add-ons that EKS Auto Mode runs outside of pods: a second one would fight it."""
OTHER_NODES = (
    "AWS::EKS::Nodegroup",
    "AWS::EKS::FargateProfile",
    "AWS::AutoScaling::AutoScalingGroup",
    "AWS::EC2::Instance",
)
OPEN_NODES = {
    "amiSelectorTerms",
    "userData",
    "metadataOptions",
    "blockDeviceMappings",
    "associatePublicIPAddress",
}
"""Properties of a self-managed Karpenter NodeClass that Auto Mode does not support."""
NODE_POLICIES = {"AmazonEKSWorkerNodeMinimalPolicy", "AmazonEC2ContainerRegistryPullOnly"}
PULLS = {
    f"ecr:{action}"
    for action in (
        "BatchCheckLayerAvailability",
        "BatchGetImage",
        "BatchImportUpstreamImage",
        "CreateRepository",
        "GetAuthorizationToken",
        "GetDownloadUrlForLayer",
    )
}
"""Actions that pull an image. The first pull of a cached image creates its repository."""
ADMIN, AUTO_NODE = "AmazonEKSClusterAdminPolicy", "AmazonEKSAutoNodePolicy"
LONGEST_HELM = 13 * 60


def the_cluster(platform: Assembly) -> Resource:
    return platform.only(CLUSTER)


def named(platform: Assembly, text: str) -> Resource | None:
    """Resource that a manifest references as `stack.LogicalId.Attribute`."""
    place = text.split(".")[:2]
    return next(
        (resource for resource in platform.resources if [resource.stack, resource.id] == place),
        None,
    )


def is_key_of_kubernetes(key: Resource | None) -> bool:
    return key is not None and key.name == "secrets/KubernetesKey"


def kubectl(platform: Assembly) -> Resource:
    """Return the function that runs helm and kubectl."""
    layers = {
        layer
        for layer in platform.some("AWS::Lambda::LayerVersion")
        if "kubectl" in str(layer["Description"])
    }
    (function,) = [
        function
        for function in platform.some("AWS::Lambda::Function")
        if layers & set(function.targets("Layers"))
    ]
    return function


def node_class(cluster: RenderedCluster) -> Json:
    """NodeClass of our nodes."""
    ((_, found),) = cluster.of_kind("NodeClass")
    return dict(found["spec"])


def policy_names(resource: Resource, path: str) -> set[str]:
    return {
        resource.text(f"{path}.{index}").rpartition("/")[2]
        for index in range(len(resource[path] or []))
    }


def supported(version: str, today: date) -> bool:
    """Return true if a Kubernetes version has at least 90 days of standard support left on a
    day.
    """
    support = versions.KUBERNETES.get(version)
    return (
        support is not None
        and support.standard_until is not None
        and support.standard_until - today >= STANDARD_SUPPORT
    )


def runs_in_auto_mode(cluster: Resource) -> bool:
    parts = (
        "ComputeConfig.Enabled",
        "StorageConfig.BlockStorage.Enabled",
        "KubernetesNetworkConfig.ElasticLoadBalancing.Enabled",
    )
    return all(cluster[part] is True for part in parts)


@promise
def test_p087_kubernetes_api_has_no_public_endpoint(platform: Assembly) -> Verdicts:
    """The Kubernetes API has no public endpoint.

    Kept by: `kubernetes.endpoint`
    """
    cluster = the_cluster(platform)
    private = (
        cluster["ResourcesVpcConfig.EndpointPrivateAccess"] is True
        and cluster["ResourcesVpcConfig.EndpointPublicAccess"] is False
    )
    yield (
        cluster,
        private,
        "Set kubernetes.endpoint to `private`; administrators come through the VPC.",
    )
    for resource in (cluster, kubectl(platform)):
        path = "ResourcesVpcConfig.SubnetIds" if resource is cluster else "VpcConfig.SubnetIds"
        subnets = resource.targets(path)
        tiers = {subnet.tags["aws-cdk:subnet-name"] for subnet in subnets}
        yield (
            resource,
            tiers == {"application"},
            "Place it in the application tier, where the API is reachable.",
        )
        apart = {subnet.text("AvailabilityZone") for subnet in subnets} == set(
            platform.settings.zones
        )
        yield (
            resource,
            apart,
            "Use subnets of every zone: repairs must be possible after the loss of one.",
        )


@promise
def test_p088_control_plane_is_logged(platform: Assembly) -> Verdicts:
    """All control plane logs are enabled, encrypted, and retained for a year.

    Kept by: `KubernetesCluster` makes the group before EKS would
    """
    cluster = the_cluster(platform)
    enabled = {entry["Type"] for entry in cluster["Logging.ClusterLogging.EnabledTypes"] or []}
    yield cluster, enabled == LOGS, f"Turn on {', '.join(sorted(LOGS - enabled))}."
    name = f"/aws/eks/{cluster['Name']}/cluster"
    groups = [
        group
        for group in platform.some("AWS::Logs::LogGroup")
        if group.text("LogGroupName") == name
    ]
    yield (
        cluster,
        len(groups) == 1,
        f"Create the log group {name}: the one that EKS creates has neither key nor retention.",
    )
    for group in groups:
        yield group, group.target("KmsKeyId") is not None, "Encrypt it with keys.logs."
        yield (
            group,
            (group["RetentionInDays"] or 0) >= SECURITY_DAYS,
            f"It has the audit records: keep it for {SECURITY_DAYS} days.",
        )
        yield (
            cluster,
            group.id in cluster.body.get("DependsOn", []),
            "Add a dependency on its log group: EKS would create its own first.",
        )


@promise
def test_p089_kubernetes_secrets_are_encrypted(platform: Assembly) -> Verdicts:
    """Kubernetes secrets are encrypted with the key of Kubernetes.

    Kept by: `keys.kubernetes`
    """
    cluster = the_cluster(platform)
    envelopes = [
        entry for entry in cluster["EncryptionConfig"] or [] if "secrets" in entry["Resources"]
    ]
    ours = len(envelopes) == 1 and is_key_of_kubernetes(
        cluster.target("EncryptionConfig.0.Provider.KeyArn")
    )
    yield (
        cluster,
        ours,
        "Set secrets_encryption_key to keys.kubernetes: it cannot be changed later.",
    )
    role = cluster.target("RoleArn")
    rights = [
        s
        for s in statements_of(platform)
        if role in s.resource.targets("Roles") and s.allows and s.may("kms:Encrypt")
    ]
    yield (
        cluster,
        bool(rights),
        "Allow its role to use the key: no Secret could be written otherwise.",
    )


@promise
def test_p090_cluster_access_is_declared(platform: Assembly) -> Verdicts:
    """Access entries declare all access to the cluster. The deployment and named roles are
    administrators, and nodes can join. Viewers and experiments have the rights of their cluster
    roles. The creator of the cluster has no rights.

    Kept by: access entries, `kubernetes.administrators`, `kubernetes.viewers`
    """
    cluster = the_cluster(platform)
    yield (
        cluster,
        cluster["AccessConfig.AuthenticationMode"] == "API",
        "Use access entries only: the aws-auth ConfigMap would bypass them.",
    )
    creator = cluster["AccessConfig.BootstrapClusterCreatorAdminPermissions"]
    yield (
        cluster,
        creator is False,
        "Set the bootstrap permissions to False: the creator would stay an administrator.",
    )
    expected = admitted(platform)
    for entry in platform.some(ENTRY):
        may = {
            entry.text(f"AccessPolicies.{n}.PolicyArn").rpartition("/")[2]
            for n in range(len(entry["AccessPolicies"] or []))
        }
        wanted = expected.get(entry.text("PrincipalArn"))
        fix = (
            f"It gives {sorted(may)}. Only the deployment and the roles in "
            "kubernetes.administrators are administrators."
        )
        yield entry, may == wanted, fix
        names = [entry["Username"] or "", *(entry["KubernetesGroups"] or [])]
        yield (
            entry,
            not any(name.startswith("system:") for name in names),
            "Use no user or group name with the prefix system:.",
        )
        yield entry, entry.target("ClusterName") is cluster, "Use the entry for this cluster."
    here = [entry.text("PrincipalArn") for entry in platform.some(ENTRY)]
    needed = {arn for arn, policies in expected.items() if policies}
    holds = len(here) == len(set(here)) and needed <= set(here)
    yield (
        cluster,
        holds,
        f"The entries are {here}. Create exactly one for each of {sorted(needed)}.",
    )


def admitted(platform: Assembly) -> dict[str, set[str]]:
    """Access policies of all access entries. An entry without one has the rights of cluster roles
    for its groups.
    """
    settings = platform.settings
    experimenters = (
        trusted(platform, "fis.amazonaws.com") if settings.resilience.fault_injection else ()
    )
    return {
        **{
            arn: set()
            for arn in (*settings.kubernetes.viewers, *(arn_of(role) for role in experimenters))
        },
        **{
            arn: {ADMIN}
            for arn in (*settings.kubernetes.administrators, kubectl(platform).text("Role"))
        },
        **{arn_of(role): {AUTO_NODE} for role in trusted(platform, "ec2.amazonaws.com")},
    }


def arn_of(role: Resource) -> str:
    return role.platform.text(role.stack, {"Fn::GetAtt": [role.id, "Arn"]})


@promise
def test_p091_kubernetes_is_supported_and_protected(platform: Assembly) -> Verdicts:
    """Kubernetes is in standard support for at least 90 days after the release, and extended
    support is disabled. kubectl differs by one minor version at most. Deletion protection is
    enabled. The test compares with the day of the release, so that a finished release stays valid.

    Kept by: `RELEASED` and `KUBERNETES` of [`versions.py`](../spotmusic_cdk/versions.py)
    """
    cluster = the_cluster(platform)
    version = str(cluster["Version"])
    until = versions.KUBERNETES[version].standard_until if version in versions.KUBERNETES else None
    fix = (
        f"Kubernetes {version} is in standard support until {until}. "
        "Plan the upgrade (docs/upgrades.md)."
    )
    yield cluster, supported(version, versions.RELEASED), fix
    holds = cluster["UpgradePolicy.SupportType"] == "STANDARD"
    yield (
        cluster,
        holds,
        "Set the support type STANDARD: extended support is charged automatically.",
    )
    yield (
        f"{cluster.name} DeletionProtection",
        cluster["DeletionProtection"] is True,
        "Set production: true.",
    )
    for layer in kubectl(platform).targets("Layers"):
        for minor in re.findall(r"kubectl 1\.(\d+)\.", str(layer["Description"])):
            near = abs(int(minor) - int(version.partition(".")[2])) <= 1
            yield (
                layer,
                near,
                (
                    f"kubectl 1.{minor} may be one minor version off {version} at the most: "
                    "versions.KUBERNETES."
                ),
            )


@promise
def test_p092_nodes_are_private_in_three_zones(
    platform: Assembly, cluster: RenderedCluster
) -> Verdicts:
    """Nodes run in application subnets of three zones, and their disks are encrypted with the key
    of Kubernetes. IMDSv2 with one hop, Bottlerocket, gp3 and the absence of SSH are moot: EKS Auto
    Mode has no other nodes, and no stack creates another instance.

    Kept by: EKS Auto Mode, the NodeClass of the chart `ground`
    """
    eks = the_cluster(platform)
    own_pools = runs_in_auto_mode(eks) and eks["ComputeConfig.NodePools"] == []
    yield (
        eks,
        own_pools,
        "Run it in Auto Mode without the built-in pools: their disks have AWS's key.",
    )
    for other in platform.all(*OTHER_NODES):
        yield other, False, "Remove the instance: only Auto Mode runs nodes."
    spec = node_class(cluster)
    subnets = [named(platform, term.get("id", "")) for term in spec["subnetSelectorTerms"]]
    zones = {
        subnet["AvailabilityZone"]
        for subnet in subnets
        if subnet and subnet.tags["aws-cdk:subnet-name"] == "application"
    }
    yield (
        "NodeClass subnets",
        len(zones) == len(subnets) == 3,
        "Name the application subnets of three zones by their ids.",
    )
    key = named(platform, str(spec.get("ephemeralStorage", {}).get("kmsKeyID")))
    yield (
        "NodeClass disks",
        is_key_of_kubernetes(key),
        "Encrypt disks of nodes with keys.kubernetes.",
    )
    groups = [named(platform, term.get("id", "")) for term in spec["securityGroupSelectorTerms"]]
    wanted = f"network/SecurityGroups{flows.NODES.replace('-', '')}"
    holds = [group and group.name for group in groups] == [wanted]
    yield (
        "NodeClass security groups",
        holds,
        "Use the security group of nodes in the table of flows.",
    )
    own = OPEN_NODES & spec.keys()
    yield (
        "NodeClass",
        not own,
        f"Remove {sorted(own)}: Auto Mode does not support these properties.",
    )
    for _, pool in cluster.of_kind("NodePool"):
        reference, subject = (
            pool["spec"]["template"]["spec"]["nodeClassRef"],
            f"NodePool {pool['metadata']['name']}",
        )
        auto = (reference["group"], reference["kind"]) == ("eks.amazonaws.com", "NodeClass")
        yield subject, auto, "Reference a NodeClass of Auto Mode."
        holds = {"cpu", "memory"} <= pool["spec"].get("limits", {}).keys()
        yield subject, holds, "Set limits: an error could start instances without bound otherwise."


@promise
def test_p093_nodes_have_no_rights_of_workloads(
    platform: Assembly, cluster: RenderedCluster
) -> Verdicts:
    """Nodes have rights only to join the cluster and to pull images. Each workload has its rights
    through Pod Identity, for one service account of this cluster.

    Kept by: `NodeRole`, `PodIdentity`
    """
    role = named(platform, node_class(cluster)["role"])
    yield "NodeClass role", role is not None, "Use the node role of this template."
    if role:
        attached = policy_names(role, "ManagedPolicyArns")
        yield (
            role,
            attached == NODE_POLICIES,
            f"{sorted(attached - NODE_POLICIES)} apply to every pod. Use Pod Identity.",
        )
        for statement in statements_of(platform):
            if statement.kind == "identity" and role in (
                statement.resource,
                *targets_of(statement.resource),
            ):
                pulls = set(statement.actions) <= PULLS and not statement.negated
                yield (
                    statement.resource,
                    pulls,
                    f"{statement} applies to every pod. Use Pod Identity.",
                )
    yield from rights_of_workloads(platform, cluster)


def targets_of(policy: Resource) -> list[Resource]:
    return policy.targets("Roles")


def rights_of_workloads(platform: Assembly, cluster: RenderedCluster) -> Verdicts:
    """One Pod Identity association of this cluster each, for a service account that a chart creates
    and a pod uses.
    """
    arn = f"${{eks-platform/{the_cluster(platform).id}.Arn}}"
    problems = connections.identity_findings(cluster)
    for association in platform.some(ASSOCIATION):
        mine = [
            problem
            for problem in problems
            if problem.startswith(association.id) or f"wait for {association.id}" in problem
        ]
        yield association, not mine, f"{'; '.join(mine)}."
        holds = association["ServiceAccount"] != "default"
        yield (
            association,
            holds,
            "Use another service account than default: every pod without one would have the right.",
        )
    for role in trusted(platform, "pods.eks.amazonaws.com"):
        here = [s for s in statements_of(platform) if s.resource is role and s.kind == "trust"]
        confined = all(
            arn
            in (*s.values("ArnEquals", "aws:SourceArn"), *s.values("StringEquals", "aws:SourceArn"))
            for s in here
        )
        yield role, confined, "Trust Pod Identity only for this cluster: aws:SourceArn."
        yield (
            role,
            len(platform.users_of(role, ASSOCIATION)) == 1,
            "Use the role for one service account only.",
        )
    for provider in platform.all("AWS::IAM::OIDCProvider", "Custom::AWSCDKOpenIdConnectProvider"):
        archived = platform.settings.kubernetes.redpanda.tiered_storage is not None
        yield provider, archived, "Use Pod Identity: only Redpanda's archive cannot."
    for release, manifest in cluster.everything():
        if manifest["kind"] == "ServiceAccount":
            annotated = any(
                "role-arn" in key for key in manifest["metadata"].get("annotations") or {}
            )
            yield (
                f"{release}: ServiceAccount {manifest['metadata']['name']}",
                not annotated,
                "Use Pod Identity instead of the annotation.",
            )
    for name, installed in cluster.releases.items():
        keys = [text for text in texts(installed.values) if "AWS_SECRET_ACCESS_KEY" in text]
        yield (
            f"release {name}",
            not keys,
            "Remove the access keys: pods get temporary credentials from Pod Identity.",
        )


def trusted(platform: Assembly, service: str) -> list[Resource]:
    """Roles that a service may assume."""
    roles = {
        s.resource
        for s in statements_of(platform)
        if s.kind == "trust" and ("Service", service) in s.principals
    }
    return sorted(roles, key=str)


@promise
def test_p094_add_ons_have_exact_versions(platform: Assembly, cluster: RenderedCluster) -> Verdicts:
    """Add-ons have exact versions, and NetworkPolicies are enforced. Add-ons for network, DNS,
    storage and Pod Identity are moot: EKS Auto Mode runs and updates them.

    Kept by: EKS Auto Mode, `MetricsServer`
    """
    eks = the_cluster(platform)
    yield (
        eks,
        runs_in_auto_mode(eks),
        "Enable Auto Mode: network, DNS, storage and Pod Identity need add-ons otherwise.",
    )
    yield (
        eks,
        eks["BootstrapSelfManagedAddons"] is not True,
        "Disable the bootstrap add-ons: Auto Mode provides them.",
    )
    add_ons = platform.some("AWS::EKS::Addon")
    yield (
        eks,
        "metrics-server" in {add_on["AddonName"] for add_on in add_ons},
        "Add metrics-server: HorizontalPodAutoscalers need it.",
    )
    for add_on in add_ons:
        yield (
            add_on,
            add_on["AddonName"] not in IN_AUTO_MODE,
            "Remove the add-on: Auto Mode provides it.",
        )
        exact = bool(re.fullmatch(r"v\d+\.\d+\.\d+-eksbuild\.\d+", str(add_on["AddonVersion"])))
        yield (
            add_on,
            exact,
            "Set an exact version: EKS would install the current default otherwise.",
        )
        pools = [release.id for release in platform.some(RELEASE) if release["Release"] == "ground"]
        holds = set(pools) <= set(add_on.body.get("DependsOn", []))
        yield add_on, holds, "Add a dependency on the release `ground`: no nodes exist before it."
    switches = [
        m["data"]
        for _, m in cluster.of_kind("ConfigMap")
        if m["metadata"]["name"] == "amazon-vpc-cni"
    ]
    on = [data.get("enable-network-policy-controller") for data in switches] == ["true"]
    yield (
        "ConfigMap kube-system/amazon-vpc-cni",
        on,
        "Enable the network policy controller: Auto Mode enforces no NetworkPolicy otherwise.",
    )
    logged = node_class(cluster).get("networkPolicyEventLogs") == "Enabled"
    yield "NodeClass", logged, "Log denied connections of network policies."


@promise
def test_p095_releases_are_exact_and_bounded(
    platform: Assembly, cluster: RenderedCluster
) -> Verdicts:
    """Each Helm release has a name, an exact chart version and a timeout shorter than that of its
    function. Only stateless releases roll back. P-022 covers their images.

    Kept by: `HelmRelease`
    """
    function = kubectl(platform)
    yield (
        function,
        function["Timeout"] == 900,
        "Set the maximum timeout of Lambda: a killed Helm leaves its release pending.",
    )
    for release in cluster.releases.values():
        resource = next(found for found in platform.some(RELEASE) if found.body is release.resource)
        problems = list(order.problems_of(cluster, release))
        yield resource, not problems, f"It {'; '.join(problems)}."
        limit = int(str(resource["Timeout"] or "900s").removesuffix("s"))
        yield (
            resource,
            limit <= LONGEST_HELM,
            f"Give Helm {LONGEST_HELM // 60} minutes at the most.",
        )
        exact = bool(resource["ChartAssetURL"]) != bool(resource["Version"])
        yield resource, exact, "Use a chart of ours, or an exact version of a repository's chart."
    names = [(release.namespace, release.name) for release in cluster.releases.values()]
    yield (
        "releases",
        len(names) == len(set(names)) == len(platform.some(RELEASE)),
        "Two releases have the same name. Rename one.",
    )
