"""Actions that a feature needs together: without one of them it fails half-way.

Read on 2026-11-29 in the guide that each row names. A new right with several actions needs a row.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Needed:
    """Actions of one statement.

    Args:
        where: pattern of the resource with the policy.
        actions: all of them, separated by spaces.
        source: guide that lists them.
        by: actions that identify the statement if other statements share some; default: all.
    """

    where: str
    actions: str
    source: str
    by: str = ""

    @property
    def every(self) -> frozenset[str]:
        return frozenset(self.actions.split())

    @property
    def telling(self) -> frozenset[str]:
        return frozenset((self.by or self.actions).split())


_WRITE_LOGS = "logs:CreateLogStream logs:PutLogEvents"
_PULL = "ecr:BatchCheckLayerAvailability ecr:BatchGetImage ecr:GetDownloadUrlForLayer"
_INTERFACES = (
    "ec2:AssignPrivateIpAddresses ec2:CreateNetworkInterface ec2:DeleteNetworkInterface "
    "ec2:DescribeNetworkInterfaces ec2:DescribeSubnets ec2:UnassignPrivateIpAddresses"
)
_ACLS = "ec2:DescribeManagedPrefixLists ec2:DescribeNetworkAcls ec2:DescribeSubnets ec2:DescribeVpcs ec2:GetManagedPrefixListEntries"
_FIND = "tag:GetResources"
_FIS = "AWS FIS user guide, actions reference and experiment roles"
_KEYS = "AWS KMS developer guide, key policies: key users"

NEEDED: tuple[Needed, ...] = (
    Needed("*", _WRITE_LOGS, "Amazon CloudWatch Logs user guide, permissions reference"),
    Needed(
        "network/FlowLogsPolicy", f"{_WRITE_LOGS} logs:DescribeLogStreams", "Amazon VPC user guide, role for flow logs to CloudWatch Logs"
    ),
    Needed("eks-platform/PodLogsIdentityPolicy", f"{_WRITE_LOGS} logs:DescribeLogStreams", "aws-for-fluent-bit, cloudwatch_logs"),
    Needed("data/*FunctionPolicy", f"{_INTERFACES} secretsmanager:GetRandomPassword", "AWS Secrets Manager user guide, rotation functions"),
    Needed(
        "data/*FunctionPolicy",
        "secretsmanager:DescribeSecret secretsmanager:GetSecretValue secretsmanager:PutSecretValue secretsmanager:UpdateSecretVersionStage",
        "AWS Secrets Manager user guide, permissions for rotation",
        by="secretsmanager:DescribeSecret secretsmanager:PutSecretValue secretsmanager:UpdateSecretVersionStage",
    ),
    Needed(
        "data/CacheRotationFunctionPolicy",
        "elasticache:DescribeUsers elasticache:ModifyUser",
        "Amazon ElastiCache user guide, rotating passwords of users",
    ),
    Needed(
        "eks-platform/TieredStoragePolicy",
        "s3:DeleteObject s3:GetObject s3:GetObjectTagging s3:PutObject s3:PutObjectTagging",
        "Redpanda documentation, tiered storage: permissions of the IAM role",
    ),
    Needed("eks-platform/TieredStoragePolicy", "kms:Decrypt kms:GenerateDataKey", "Amazon S3 user guide, SSE-KMS: permissions"),
    Needed(
        "data/RestoreTestingValidationPolicy",
        "backup:DescribeRestoreJob backup:PutRestoreValidationResult",
        "AWS Backup developer guide, restore testing validation",
    ),
    Needed(
        "data/UploadsScanRolePolicy",
        "events:DeleteRule events:PutRule events:PutTargets events:RemoveTargets",
        "Amazon GuardDuty user guide, IAM role for Malware Protection for S3",
    ),
    Needed("data/UploadsScanRolePolicy", "events:DescribeRule events:ListTargetsByRule", "the same"),
    Needed("data/UploadsScanRolePolicy", "s3:GetBucketNotification s3:ListBucket s3:PutBucketNotification", "the same"),
    Needed(
        "data/UploadsScanRolePolicy",
        "s3:GetObject s3:GetObjectTagging s3:GetObjectVersion s3:GetObjectVersionTagging s3:PutObjectTagging s3:PutObjectVersionTagging",
        "the same",
    ),
    Needed("data/UploadsScanRolePolicy", "kms:Decrypt kms:GenerateDataKey", "the same"),
    Needed(
        "ecs-services/MigrationsRunPolicy",
        "ecs:DescribeTasks ecs:StopTask",
        "task_run_handler: it waits for the end of a task, and stops one that takes too long",
    ),
    Needed("ecs-services/QueueDepthPolicy", _INTERFACES, "AWS Lambda developer guide, VPC: execution role"),
    Needed(
        "ecs-services/*ExecutionRole",
        f"{_PULL} ecr:BatchImportUpstreamImage ecr:CreateRepository",
        "Amazon ECR user guide, pull through cache",
        by="ecr:BatchImportUpstreamImage ecr:CreateRepository",
    ),
    Needed("observability/PeopleTunnelRolesExecutionRole", _PULL, "Amazon ECR user guide, private repository policies: pulling images"),
    Needed(
        "observability/PeopleTunnelRolesExecutionRole",
        f"{_PULL} ecr:BatchImportUpstreamImage ecr:CreateRepository",
        "Amazon ECR user guide, pull through cache",
        by="ecr:BatchImportUpstreamImage",
    ),
    Needed("observability/PeopleTunnelRolesExecutionRole", _WRITE_LOGS, "Amazon ECS developer guide, awslogs log driver"),
    Needed(
        "observability/PeopleTunnelRolesTaskRole",
        "ssmmessages:CreateControlChannel ssmmessages:CreateDataChannel ssmmessages:OpenControlChannel ssmmessages:OpenDataChannel",
        "Amazon ECS developer guide, ECS Exec: IAM permissions of the task role",
    ),
    Needed("ecs-services/*ExecutionRole", _PULL, "Amazon ECR user guide, private repository policies: pulling images"),
    Needed(
        "eks-platform/KubernetesNodeRoleCachedImagesPolicy",
        f"{_PULL} ecr:BatchImportUpstreamImage ecr:CreateRepository",
        "Amazon ECR user guide, pull through cache",
    ),
    Needed(
        "ecs-services/webapiRolesTaskRole",
        "s3:AbortMultipartUpload s3:GetObject s3:GetObjectTagging s3:ListMultipartUploadParts s3:PutObject",
        "Amazon S3 user guide, multipart upload permissions",
        by="s3:GetObject",
    ),
    Needed("ecs-services/webapiRolesTaskRole", "s3:AbortMultipartUpload s3:DeleteObject s3:PutObject", "the same", by="s3:DeleteObject"),
    Needed(
        "ecs-services/webapiRolesTaskRole",
        "sqs:ChangeMessageVisibility sqs:DeleteMessage sqs:GetQueueAttributes sqs:ReceiveMessage",
        "Amazon SQS developer guide, actions of a consumer",
    ),
    Needed("ecs-services/playbackRolesTaskRole", "s3:GetObject s3:GetObjectTagging", "docs/services.md, words of talks_to"),
    Needed("ecs-services/*TaskRole", "ssm:GetParameter ssm:GetParameters", "docs/services.md, words of talks_to"),
    Needed(
        "eks-platform/ExternalSecretsIdentityPolicy",
        "secretsmanager:DescribeSecret secretsmanager:GetSecretValue",
        "External Secrets Operator, AWS Secrets Manager: IAM policy",
    ),
    Needed(
        "eks-platform/ExternalSecretsIdentityPolicy*",
        "ssm:AddTagsToResource ssm:GetParameter ssm:ListTagsForResource ssm:PutParameter",
        "External Secrets Operator, AWS Parameter Store: PushSecret",
    ),
    Needed(
        "eks-platform/KubernetesClusterRoleKeys",
        "kms:Decrypt kms:DescribeKey kms:Encrypt kms:GenerateDataKeyWithoutPlaintext",
        "Amazon EBS user guide, encryption: permissions",
    ),
    Needed(
        "eks-platform/KubernetesClusterRoleTaggingPolicy",
        "ec2:CreateFleet ec2:CreateLaunchTemplate ec2:RunInstances",
        "Amazon EKS user guide, Auto Mode cluster IAM role: custom tags",
    ),
    Needed(
        "network/CustomVpcRestrictDefaultSGCustomResourceProviderRole",
        "ec2:AuthorizeSecurityGroupEgress ec2:AuthorizeSecurityGroupIngress ec2:RevokeSecurityGroupEgress ec2:RevokeSecurityGroupIngress",
        "aws-cdk-lib, restrictDefaultSecurityGroup",
    ),
    Needed("observability/FaultsNetworkRolePolicy", f"{_ACLS} {_FIND}", _FIS),
    Needed("observability/FaultsZoneRolePolicy", f"{_ACLS} elasticache:DescribeReplicationGroups rds:DescribeDBInstances {_FIND}", _FIS),
    Needed("observability/FaultsDatabaseRolePolicy", f"rds:DescribeDBInstances {_FIND}", _FIS),
    Needed("observability/FaultsCacheRolePolicy", f"elasticache:DescribeReplicationGroups {_FIND}", _FIS),
    Needed("observability/FaultsTaskRolePolicy", f"ecs:DescribeTasks ecs:ListTasks {_FIND}", _FIS),
    Needed("observability/FaultsPodRolePolicy", f"ec2:DescribeSubnets {_FIND}", _FIS),
    Needed("observability/Faults*RolePolicy", "ec2:CreateNetworkAclEntry ec2:DeleteNetworkAcl", _FIS),
    Needed(
        "observability/Faults*RolePolicy",
        "logs:CreateLogDelivery logs:DeleteLogDelivery logs:DescribeLogGroups logs:DescribeResourcePolicies "
        "logs:GetLogDelivery logs:ListLogDeliveries logs:UpdateLogDelivery",
        "AWS FIS user guide, permissions for logs to CloudWatch Logs",
    ),
    Needed(
        "observability/MonitoringReleaseSeePolicy",
        "cloudwatch:GetMetricData cloudwatch:ListMetrics",
        "Grafana, Amazon CloudWatch data source: IAM policies",
    ),
    Needed(
        "observability/MonitoringReleaseSeePolicy",
        "aps:GetLabels aps:GetMetricMetadata aps:GetSeries aps:QueryMetrics",
        "Amazon Managed Service for Prometheus user guide, AmazonPrometheusQueryAccess",
    ),
    Needed(
        "registry/ImagesCreationRolePolicy",
        "ecr:CreateRepository ecr:ReplicateImage ecr:TagResource",
        "Amazon ECR user guide, IAM role for repository creation templates",
    ),
    Needed("registry/ImagesCreationRolePolicy", "kms:CreateGrant kms:DescribeKey kms:RetireGrant", "the same"),
    Needed(
        "secrets/SigningKeyProviderPolicy",
        "secretsmanager:GetSecretValue secretsmanager:PutSecretValue",
        "signing_key_handler: it keeps the key that it finds",
    ),
    Needed(
        "*Key",
        "kms:Decrypt kms:DescribeKey kms:Encrypt kms:GenerateDataKey* kms:ReEncrypt*",
        _KEYS,
        by="kms:DescribeKey kms:Encrypt kms:ReEncrypt*",
    ),
    Needed("*Key", "kms:Decrypt kms:GenerateDataKey*", _KEYS, by="kms:GenerateDataKey*"),
    Needed("*/*NotificationsKey", "kms:Decrypt kms:GenerateDataKey*", "Amazon SNS developer guide, key permissions of event sources"),
    Needed("secrets/LogsKey", "kms:Decrypt kms:GenerateDataKey*", "Amazon CloudWatch Logs user guide, encryption with AWS KMS"),
    Needed(
        "network/Endpointsecr*",
        f"{_PULL} ecr:GetAuthorizationToken",
        "Amazon ECR user guide, interface VPC endpoints: endpoint policy",
    ),
    Needed(
        "data/UploadsBucketPolicy",
        "s3:GetObject s3:GetObjectVersion",
        "Amazon GuardDuty user guide, tag-based access control with Malware Protection for S3",
    ),
    Needed("data/UploadsBucketPolicy", "s3:PutObject s3:PutObjectTagging s3:PutObjectVersionTagging", "the same"),
    Needed(
        "data/Backup*",
        "backup:DeleteRecoveryPoint backup:UpdateRecoveryPointLifecycle",
        "AWS Backup developer guide, vault access policies",
    ),
    Needed(
        "*Role", "sts:AssumeRole sts:TagSession", "Amazon EKS user guide, EKS Pod Identity and Auto Mode cluster role", by="sts:TagSession"
    ),
)
SESSIONS = ("pods.eks.amazonaws.com", "eks.amazonaws.com")
"""Principals that pass tags of the session, and cannot assume a role without `sts:TagSession`."""
DIVIDED = {"observability/EventLogPolicy": "EventBridge makes streams without naming the rule, and writes with it"}
"""Resources with actions in several statements, with the reason."""
