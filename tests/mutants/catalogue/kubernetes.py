"""Faults of the cluster and of the ground that it stands on: nodes, namespaces, policies and volumes."""

from tests.mutants.changes import add, chart, drop, gone, keep, no_value, policies, put, reads, renamed, value
from tests.mutants.fault import Fault

CLUSTER, GROUND = "eks-platform/KubernetesCluster", "eks-platform/GroundReleaseChart"
TAGGING = "eks-platform/KubernetesClusterRoleTaggingPolicy"
ADMINISTRATOR = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy"
ANYBODY: list[object] = [{"namespaceSelector": {}}]

FAULTS = (
    Fault(
        "API server in the Internet",
        CLUSTER,
        put("ResourcesVpcConfig", "EndpointPublicAccess", to=True),
        "A leaked token is enough from anywhere.",
    ),
    Fault(
        "API server of one zone",
        CLUSTER,
        keep("ResourcesVpcConfig", "SubnetIds", first=1),
        "Nothing can be repaired while the zone is lost.",
    ),
    Fault(
        "audit log of the API server off",
        CLUSTER,
        put("Logging", "ClusterLogging", "EnabledTypes", to=[{"Type": "api"}]),
        "Nobody knows who deleted what.",
    ),
    Fault(
        "log of a failed start kept",
        "eks-platform/KubernetesLog",
        policies(DeletionPolicy="Retain"),
        "Nobody can deploy again: EKS gives the name, and it is taken.",
    ),
    Fault("Kubernetes secrets without a key of ours", CLUSTER, drop("EncryptionConfig"), "A copy of etcd tells every password."),
    Fault(
        "access by ConfigMap",
        CLUSTER,
        put("AccessConfig", "AuthenticationMode", to="API_AND_CONFIG_MAP"),
        "Whoever edits one ConfigMap administers the cluster.",
    ),
    Fault(
        "whoever made the cluster administers it",
        CLUSTER,
        put("AccessConfig", "BootstrapClusterCreatorAdminPermissions", to=True),
        "The deployment's role stays administrator, unseen.",
    ),
    Fault(
        "cluster in extended support", CLUSTER, put("UpgradePolicy", "SupportType", to="EXTENDED"), "Six times the price, without a word."
    ),
    Fault("cluster that may be deleted", CLUSTER, put("DeletionProtection", to=False), "One click, and all brokers are gone."),
    Fault("Kubernetes of the past", CLUSTER, put("Version", to="1.31"), "No fixes any more."),
    Fault("cluster renamed", CLUSTER, renamed, "An empty cluster beside the one that listeners use."),
    Fault(
        "nodes administer the cluster",
        "eks-platform/KubernetesNodes",
        add("AccessPolicies", item={"AccessScope": {"Type": "cluster"}, "PolicyArn": ADMINISTRATOR}),
        "A pod that escapes to its node owns the cluster.",
    ),
    Fault(
        "nodes with rights of workloads",
        "eks-platform/KubernetesNodeRole",
        add("ManagedPolicyArns", item="arn:aws:iam::aws:policy/AmazonS3FullAccess"),
        "Every pod of the node has them.",
    ),
    Fault("pod identity gone", "*", gone, "Pods have no rights, and secrets stop coming.", of="AWS::EKS::PodIdentityAssociation"),
    Fault("add-on of any version", "eks-platform/MetricsServerAddOn", drop("AddonVersion"), "It changes under us."),
    Fault(
        "namespace without Pod Security",
        GROUND,
        value("namespaces", "kong", "podSecurity", to="privileged"),
        "A pod may take its node over.",
    ),
    Fault(
        "namespace without quota",
        GROUND,
        chart("templates/namespaces.yaml", "kind: ResourceQuota", "kind: ResourceQuotas"),
        "One component eats the cluster.",
    ),
    Fault(
        "nothing denied by default",
        GROUND,
        chart("templates/policies.yaml", "policyTypes: [Ingress, Egress]", "policyTypes: [Ingress]"),
        "Stolen data leaves by any way.",
    ),
    Fault(
        "NetworkPolicy for everybody",
        GROUND,
        value("namespaces", "keycloak", "policies", {"name": "kong-to-keycloak-8443"}, "ingress", 0, "from", to=ANYBODY),
        "Every pod reaches Keycloak.",
    ),
    Fault(
        "NetworkPolicy on every port",
        GROUND,
        no_value("namespaces", "redpanda", "policies", {"name": "prometheus-to-redpanda-9644"}, "ingress", 0, "ports"),
        "Prometheus administers the brokers.",
    ),
    Fault("NetworkPolicy gone", GROUND, no_value("namespaces", "kong", "policies", {"name": "kong-to-keycloak-8443"}), "Nobody logs in."),
    Fault(
        "NetworkPolicies not enforced",
        GROUND,
        chart("templates/nodes.yaml", 'controller: "true"', 'controller: "false"'),
        "All of them are decoration.",
    ),
    Fault(
        "volumes without encryption",
        GROUND,
        chart("templates/storage.yaml", 'encrypted: "true"', 'encrypted: "false"'),
        "A copied volume tells all plays.",
    ),
    Fault(
        "volumes deleted with their claim",
        GROUND,
        chart("templates/storage.yaml", ".reclaimPolicy | default .Values.storageClass.reclaimPolicy", '.reclaimPolicy | default "Delete"'),
        "A deleted claim takes the plays along.",
    ),
    Fault(
        "volumes in any zone",
        GROUND,
        chart("templates/storage.yaml", "WaitForFirstConsumer", "Immediate"),
        "A broker waits for ever for a volume of another zone.",
    ),
    Fault(
        "nodes in one zone", GROUND, value("nodeClass", "subnets", to=["subnet-0123456789abcdef0"]), "The loss of a zone takes everything."
    ),
    Fault("nodes without a key of ours", GROUND, chart("templates/nodes.yaml", "kmsKeyID", "throughputKey"), "A copied disk tells all."),
    Fault(
        "nodes on spot",
        GROUND,
        value("nodePools", "general", "capacityTypes", to=["spot"]),
        "AWS takes all gateways back within two minutes.",
    ),
    Fault(
        "nodes without tags",
        GROUND,
        chart("templates/nodes.yaml", "with .Values.tags", "with .Values.labels"),
        "Nobody knows who pays for what costs most.",
    ),
    Fault(
        "volumes without tags",
        GROUND,
        chart("templates/storage.yaml", "tagSpecification_{{ add1", "labelSpecification_{{ add1"),
        "Nobody knows whose data an orphaned volume has.",
    ),
    Fault("nodes of another cost center", GROUND, value("tags", "CostCenter", to="somebody-else"), "Somebody else pays."),
    Fault("nodes with a tag that EKS may not give", GROUND, value("tags", "Team", to="streaming"), "EC2 refuses every new node."),
    Fault("EKS may not give our tags", TAGGING, gone, "EC2 refuses every new node."),
    Fault(
        "EKS may not tag network interfaces",
        TAGGING,
        drop("PolicyDocument", "Statement", {"Sid": "NetworkInterfaces"}),
        "A node that needs another interface has no addresses for its pods.",
    ),
    Fault(
        "EKS may not tag disks of nodes",
        TAGGING,
        reads(":volume/*", ":snapshot/*"),
        "EC2 refuses every new node.",
    ),
    Fault(
        "EKS makes nodes of any cluster",
        TAGGING,
        drop("PolicyDocument", "Statement", {"Sid": "Nodes"}, "Condition", "StringEquals"),
        "What it makes belongs to no cluster, and nobody finds it.",
    ),
    Fault(
        "EKS gives any tag",
        TAGGING,
        drop("PolicyDocument", "Statement", {"Sid": "Volumes"}, "Condition", "ForAllValues:StringLike"),
        "A volume passes for another environment's, or for what its backup is chosen by.",
    ),
    Fault(
        "EKS gives tags of others",
        TAGGING,
        add("PolicyDocument", "Statement", {"Sid": "Nodes"}, "Condition", "ForAllValues:StringLike", "aws:TagKeys", item="*"),
        "A node passes for another environment's.",
    ),
)
