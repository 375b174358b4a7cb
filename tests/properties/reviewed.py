"""Reviewed lists: rights that AWS cannot restrict, services without a source, acknowledged
findings."""

from collections.abc import Mapping

WITHOUT_RESOURCES: Mapping[str, str] = {
    "arc-zonal-shift:CancelZonalShift": (
        "IAM knows load balancers only; a condition names the Kubernetes cluster (Amazon ARC "
        "developer guide, IAM and permissions for zonal shift)"
    ),
    "arc-zonal-shift:StartZonalShift": "the same",
    "backup:DescribeRestoreJob": "IAM knows no resource for a restore job",
    "backup:PutRestoreValidationResult": "IAM knows no resource for a restore job",
    "cloudwatch:GetMetricData": "metrics have no ARN",
    "cloudwatch:ListMetrics": "metrics have no ARN",
    "cloudwatch:PutMetricData": "metrics have no ARN; a condition names the namespace",
    **{
        f"cloudshell:{action}": (
            "environments of CloudShell have no name that could be known before (AWS CloudShell "
            "user guide)"
        )
        for action in (
            *(
                "CreateEnvironment",
                "CreateSession",
                "DeleteEnvironment",
                "PutCredentials",
                "StartEnvironment",
                "StopEnvironment",
            ),
        )
    },
    "logs:StartQuery": "a query reads what FilterLogEvents does",
    "logs:StopQuery": "the same",
    "ec2:AssignPrivateIpAddresses": (
        "Lambda requires it, because network interfaces do not exist yet (AWS Lambda developer "
        "guide, VPC)"
    ),
    "ec2:CreateNetworkInterface": "the same",
    "ec2:DeleteNetworkInterface": "the same",
    "ec2:DescribeNetworkInterfaces": "EC2 describes everything or nothing",
    "ec2:DescribeSubnets": "EC2 describes everything or nothing",
    "ec2:UnassignPrivateIpAddresses": "the same as for assigning",
    "ec2:DescribeManagedPrefixLists": "EC2 describes everything or nothing",
    "ec2:DescribeNetworkAcls": "EC2 describes everything or nothing",
    "ec2:DescribeVpcs": "EC2 describes everything or nothing",
    "ec2:GetManagedPrefixListEntries": "AWS FIS reads the lists of AWS, with ids of AWS",
    "ecr:GetAuthorizationToken": "a token is of the whole registry; what it pulls is another right",
    "ecs:DescribeTasks": (
        "AWS FIS looks for tasks, and their ids are unknown before "
        "(AWS FIS user guide, actions reference)"
    ),
    "ecs:ListServices": "IAM has no resource for it; a condition names the cluster",
    "ecs:ListTasks": "AWS FIS looks for tasks as above, and Prometheus in one cluster",
    "elasticache:DescribeReplicationGroups": "AWS FIS finds its target by tags, among all",
    "logs:CreateLogDelivery": (
        "a log delivery has no ARN (Amazon CloudWatch Logs user guide, logs sent to CloudWatch "
        "Logs)"
    ),
    "logs:DeleteLogDelivery": "the same",
    "logs:DescribeLogGroups": "the same",
    "logs:DescribeResourcePolicies": "the same",
    "logs:GetLogDelivery": "the same",
    "logs:ListLogDeliveries": "the same",
    "logs:UpdateLogDelivery": "the same",
    "rds:DescribeDBInstances": "AWS FIS finds its target by tags, among all",
    "secretsmanager:GetRandomPassword": "it reads nothing",
    **{
        f"ssmmessages:{action}{channel}Channel": (
            "IAM has no resource for channels (Amazon ECS developer guide, ECS Exec)"
        )
        for action in ("Create", "Open")
        for channel in ("Control", "Data")
    },
    "tag:GetResources": "AWS FIS finds its targets by tags, among all",
}
"""Actions that may be allowed on `*`, with the reason. Default source: Service Authorization
Reference, 2026-11."""

NOT_IN_REFERENCE: Mapping[str, str] = {
    "ssmmessages:OpenDataChannel": (
        "sample policies name the sessions of a user (AWS Systems Manager user guide, sample "
        "policies for Session Manager)"
    ),
}
"""Actions with ARNs that the Service Authorization Reference does not list, with the reason."""

PEOPLE = "observability/PeoplePolicies"
"""First part of the names of policies of people, who may read the state of all resources of the
account."""

DISCLOSES = frozenset(
    {
        "kms:Decrypt",
        "s3:GetObject",
        "s3:GetObjectVersion",
        "secretsmanager:GetSecretValue",
        "ssm:GetParameter",
    }
)
"""Actions that seem to read a state, and read stored content."""

CONFINED_BY: Mapping[str, str] = {
    "arc-zonal-shift:CancelZonalShift": "arc-zonal-shift:resourceidentifier",
    "arc-zonal-shift:StartZonalShift": "arc-zonal-shift:resourceidentifier",
    "cloudshell:CreateEnvironment": "cloudshell:securitygroupids",
    "cloudwatch:PutMetricData": "cloudwatch:namespace",
}
"""Condition key without which such an action is too wide."""

CONFINING = (
    "aws:calledvia",
    "aws:requesttag/",
    "aws:resourcetag/",
    "ec2:parentvolume",
    "ec2:vpc",
    "ecs:cluster",
)
"""Condition keys, in lower case, that restrict a right on all resources of a type to resources of
the platform."""

AWS_MANAGED: Mapping[str, str] = {
    "AWSBackupServiceRolePolicyForBackup": "AWS Backup's role",
    "AWSBackupServiceRolePolicyForRestores": "AWS Backup's role",
    "AWSBackupServiceRolePolicyForS3Backup": "AWS Backup's role",
    "AWSBackupServiceRolePolicyForS3Restore": "AWS Backup's role",
    "AWSLambdaBasicExecutionRole": "functions of CDK write their logs",
    "AWSLambdaVPCAccessExecutionRole": "functions of CDK are in the VPC",
    "AmazonEC2ContainerRegistryPullOnly": "nodes pull images",
    "AmazonECSInfrastructureRolePolicyForLoadBalancers": "ECS moves traffic from blue to green",
    "AmazonEKSBlockStoragePolicyV2": "EKS Auto Mode, confined by the tag of the cluster",
    "AmazonEKSClusterPolicy": "EKS Auto Mode, confined by the tag of the cluster",
    "AmazonEKSComputePolicy": "EKS Auto Mode, confined by the tag of the cluster",
    "AmazonEKSLoadBalancingPolicy": "EKS Auto Mode, confined by the tag of the cluster",
    "AmazonEKSNetworkingPolicy": "EKS Auto Mode, confined by the tag of the cluster",
    "AmazonEKSWorkerNodeMinimalPolicy": "nodes join the cluster",
    "AmazonRDSEnhancedMonitoringRole": "RDS writes what the machine does",
}
"""AWS managed policies of roles, with their purpose. Policies of people are excluded."""

HOLD_SESSIONS: Mapping[str, str] = {
    "observability/PeopleTunnelTaskDefinition": (
        "the agent of Session Manager writes to the image, and is documented with the capabilities "
        "that Fargate gives (Amazon ECS developer guide, ECS Exec, considerations); "
        "a person starts it, and it ends automatically"
    ),
}
"""Task definitions with a writable root file system and Fargate's capabilities, with the reason."""

WITHOUT_SOURCE: Mapping[str, str] = {
    "backup.amazonaws.com": (
        "AWS Backup's guide has a source in policies of keys and topics, and none in the trust of "
        "its role (AWS Backup developer guide, IAM service roles; "
        "cross-service confused deputy prevention)"
    ),
    "ec2.amazonaws.com": (
        "an instance requests its own profile: "
        "there is no other source (Amazon EC2 user guide, IAM roles)"
    ),
    "ecr.amazonaws.com": (
        "documented without conditions (Amazon ECR user guide, IAM role for repository creation "
        "templates)"
    ),
    "ecs.amazonaws.com": (
        "documented without conditions (Amazon ECS developer guide, infrastructure IAM role for "
        "load balancers)"
    ),
    "malware-protection-plan.guardduty.amazonaws.com": (
        "documented without conditions (Amazon GuardDuty user guide, Create or update IAM role "
        "policy)"
    ),
}
"""Services that assume roles without a source. Only principals of the role's account can pass it to
them."""

WITH_SOURCE: Mapping[str, str] = {
    "ecs-tasks.amazonaws.com": "Amazon ECS developer guide, task IAM role",
    "eks.amazonaws.com": "Amazon EKS user guide, cross-service confused deputy prevention",
    "events.amazonaws.com": "Amazon EventBridge user guide, confused deputy prevention",
    "fis.amazonaws.com": "AWS FIS user guide, IAM roles for experiments",
    "lambda.amazonaws.com": "AWS agent toolkit, trust policy of functions (2026-11-30)",
    "monitoring.rds.amazonaws.com": "Amazon RDS user guide, IAM role for Enhanced Monitoring",
    "pods.eks.amazonaws.com": "Amazon EKS user guide, trust policy of a Pod Identity role",
    "scheduler.amazonaws.com": "EventBridge Scheduler user guide, confused deputy prevention",
    "vpc-flow-logs.amazonaws.com": "Amazon VPC user guide, IAM role for flow logs",
}
"""Services with a source in trust policies, and the document with this condition. A service that
sends no source cannot assume a role that requires one."""

WITHOUT_SOURCE_BY_OPTION: Mapping[str, tuple[str, ...]] = {
    "observability.alarm_slack": ("chatbot.amazonaws.com",)
}
"""Further ones by the key of an option that requires them. The role of the channel has no
rights."""

STATEMENTS_WITHOUT_SOURCE: Mapping[str, str] = {
    "observability/EventLogPolicy: RulesMakeStreams": (
        "EventBridge makes streams without naming the rule (Amazon EventBridge user guide, "
        "resource-based policies)"
    ),
}
"""Statements that admit a service without its source, by their resource and name."""

ACKNOWLEDGED: Mapping[str, tuple[str, ...]] = {
    "AwsSolutions-AEC5": ("data/Cache/ReplicationGroup",),
    "AwsSolutions-AEC6": ("data/Cache/ReplicationGroup",),
    "AwsSolutions-CFR1": ("edge/Distribution/Distribution/*",),
    "AwsSolutions-CFR3": ("edge/Distribution/Distribution/*",),
    "AwsSolutions-ECS2": (
        "ecs-services/*/Task/TaskDefinition/*",
        "observability/People/Tunnel/TaskDefinition/*",
    ),
    "AwsSolutions-IAM4": (
        "data/*/MonitoringRole/*",
        "data/Backup/Role/*",
        "ecs-services/Infrastructure/Role/*",
        "eks-platform/Kubernetes/Cluster/KubectlProvider/*",
        "eks-platform/Kubernetes/*Role/Role/*",
    ),
    "AwsSolutions-IAM5": (
        "data/*Function/Policy/*",
        "data/RestoreTesting/Validation/Policy/*",
        "data/Uploads/ScanRole/Policy/*",
        "ecs-services/*/Roles/*Role",
        "ecs-services/QueueDepth/Policy/*",
        "eks-platform/Kubernetes/*Policy/*",
        "observability/Faults/*Role/Policy/*",
        "observability/Monitoring/Release/See/Policy/*",
        "observability/Monitoring/Release/Write/Policy/*",
        "observability/People/Policies/*",
        "observability/People/Tunnel/Roles/*Role",
        "registry/Images/CreationRole/Policy/*",
    ),
    "AwsSolutions-L1": ("eks-platform/Kubernetes/Cluster/KubectlProvider/Handler/*",),
    "AwsSolutions-RDS11": ("data/*/Instance/*",),
    "AwsSolutions-S1": ("network/BalancerLogs/Bucket/*",),
    "AwsSolutions-SMG4": ("secrets/Components/*", "secrets/SigningKey-*"),
    "NIST.800.53.R5-ALBWAFEnabled": ("*/LoadBalancer/Resource",),
    "NIST.800.53.R5-CloudWatchAlarmAction": (
        "ecs-services/*/Ingress/DeploymentAlarm",
        "observability/Availability/*",
        "observability/Latency/*",
    ),
    "NIST.800.53.R5-IAMNoInlinePolicy": (
        "ecs-services/*/Roles/*Role",
        "eks-platform/Kubernetes/Cluster/KubectlProvider/*",
        "observability/People/Tunnel/Roles/*Role",
    ),
    "NIST.800.53.R5-LambdaConcurrency": (
        "*Function/*",
        "eks-platform/Kubernetes/Cluster/KubectlProvider/*",
    ),
    "NIST.800.53.R5-LambdaDLQ": (
        "*Function/*",
        "eks-platform/Kubernetes/Cluster/KubectlProvider/*",
    ),
    "NIST.800.53.R5-LambdaInsideVPC": (
        "data/RestoreTesting/Validation/Function/*",
        "eks-platform/DataValues/Function/*",
        "secrets/SigningKeyProvider/Function/*",
    ),
    "NIST.800.53.R5-RDSLoggingEnabled": ("data/*/Instance/*",),
    "NIST.800.53.R5-S3BucketLoggingEnabled": ("network/BalancerLogs/Bucket/*",),
    "NIST.800.53.R5-S3BucketReplicationEnabled": (
        "data/*/Bucket/*",
        "network/BalancerLogs/Bucket/*",
    ),
    "NIST.800.53.R5-S3DefaultEncryptionKMS": (
        "data/Logs/Bucket/*",
        "network/BalancerLogs/Bucket/*",
    ),
    "NIST.800.53.R5-SecretsManagerRotationEnabled": (
        "secrets/Components/*",
        "secrets/SigningKey-*",
    ),
    "NIST.800.53.R5-VPCNoUnrestrictedRouteToIGW": (
        "network/Network/Vpc/publicSubnet?/DefaultRoute",
    ),
}
"""Accepted findings, and their constructs."""

_READERS = ("data/Catalogue/Reader?/Instance/*",)
ACKNOWLEDGED_WITH: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "migrated_by": {
        "AwsSolutions-IAM5": ("ecs-services/MigrationsRun/Policy/*",),
        "NIST.800.53.R5-LambdaInsideVPC": ("ecs-services/MigrationsRun/Function/*",),
    },
    "data.cache.own": {
        "AwsSolutions-AEC5": ("data/OwnCaches/*/ReplicationGroup",),
        "AwsSolutions-AEC6": ("data/OwnCaches/*/ReplicationGroup",),
    },
    "data.catalogue.read_replicas": {
        "AwsSolutions-RDS2": _READERS,
        "AwsSolutions-RDS3": _READERS,
        "AwsSolutions-RDS10": _READERS,
        "NIST.800.53.R5-RDSInBackupPlan": _READERS,
        "NIST.800.53.R5-RDSInstanceDeletionProtectionEnabled": _READERS,
        "NIST.800.53.R5-RDSMultiAZSupport": _READERS,
        "NIST.800.53.R5-RDSStorageEncrypted": _READERS,
    },
    "kubernetes.redpanda.tiered_storage": {
        "AwsSolutions-IAM5": ("eks-platform/TieredStorage/Policy",),
        "NIST.800.53.R5-S3BucketReplicationEnabled": ("eks-platform/TieredStorage/Bucket/*",),
    },
}
"""Accepted findings by option, which is a key or a property of the settings."""

MENDED_BY: Mapping[str, tuple[str, ...]] = {
    "edge.allowed_countries": ("AwsSolutions-CFR1",),
    "data.cache.engine=valkey": ("AwsSolutions-AEC5",),
}
"""Findings that an option removes, by its key, or by its key and value."""

ACKNOWLEDGED_OUTSIDE_PRODUCTION: Mapping[str, tuple[str, ...]] = {
    "AwsSolutions-CFR4": ("edge/Distribution/Distribution/*",),
    "AwsSolutions-RDS3": ("data/*/Instance/*",),
    "AwsSolutions-RDS10": ("data/*/Instance/*",),
    "NIST.800.53.R5-ALBHttpToHttpsRedirection": ("*/LoadBalancer/Listener/*",),
    "NIST.800.53.R5-ELBDeletionProtectionEnabled": ("*/LoadBalancer/Resource",),
    "NIST.800.53.R5-ELBv2ACMCertificateRequired": ("*/LoadBalancer/*",),
    "NIST.800.53.R5-ElastiCacheRedisClusterAutomaticBackup": ("data/Cache/ReplicationGroup",),
    "NIST.800.53.R5-RDSInstanceDeletionProtectionEnabled": ("data/*/Instance/*",),
    "NIST.800.53.R5-RDSMultiAZSupport": ("data/*/Instance/*",),
}
"""Findings acknowledged outside production only."""

WITH_ACCOUNT_ONLY = frozenset(
    {
        "lambda.amazonaws.com",
        "monitoring.rds.amazonaws.com",
    }
)
"""Services with roles that require only aws:SourceAccount: the source contains the role and is
created after it."""
