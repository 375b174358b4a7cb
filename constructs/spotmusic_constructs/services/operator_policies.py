"""Managed policies for the roles of people on call."""

from collections.abc import Mapping, Sequence

from aws_cdk import aws_iam as iam
from constructs import Construct

from spotmusic_constructs.acknowledge import acknowledge, wildcard_finding
from spotmusic_constructs.location import location_of
from spotmusic_constructs.rights import Statement, allow, document_of

_LOOKED_AT: Mapping[str, str] = {
    "acm": "DescribeCertificate ListCertificates",
    "arc-zonal-shift": "GetManagedResource ListManagedResources ListZonalShifts",
    "backup": (
        "DescribeBackupJob DescribeRecoveryPoint DescribeRestoreJob "
        "GetRecoveryPointRestoreMetadata ListBackupJobs ListBackupPlans ListBackupVaults "
        "ListCopyJobs ListRecoveryPointsByBackupVault ListRecoveryPointsByResource ListRestoreJobs"
    ),
    "budgets": "ViewBudget",
    "ce": "GetCostAndUsage GetDimensionValues",
    "cloudformation": (
        "DescribeStackEvents DescribeStackResources DescribeStacks ListStackResources ListStacks"
    ),
    "cloudfront": "GetDistribution ListDistributions ListInvalidations ListPublicKeys",
    "cloudtrail": "DescribeTrails LookupEvents",
    "cloudwatch": (
        "DescribeAlarmHistory DescribeAlarms GetDashboard GetMetricData GetMetricStatistics "
        "ListDashboards ListMetrics"
    ),
    "ec2": (
        "DescribeAvailabilityZones DescribeInstances DescribeNatGateways DescribeNetworkInterfaces "
        "DescribeRouteTables DescribeSecurityGroups DescribeSnapshots DescribeSubnets "
        "DescribeVolumes DescribeVpcEndpoints DescribeVpcs"
    ),
    "ecr": "DescribeImages DescribeImageScanFindings DescribeRepositories",
    "ecs": (
        "DescribeClusters DescribeServiceDeployments DescribeServices DescribeTaskDefinition "
        "DescribeTasks ListClusters ListServiceDeployments ListServices ListTaskDefinitions "
        "ListTasks"
    ),
    "eks": (
        "DescribeAddonVersions DescribeCluster DescribeInsight DescribeUpdate ListAccessEntries "
        "ListClusters ListInsights ListUpdates"
    ),
    "elasticache": (
        "DescribeCacheClusters DescribeEvents DescribeReplicationGroups DescribeSnapshots"
    ),
    "elasticloadbalancing": (
        "DescribeListeners DescribeLoadBalancers DescribeTargetGroups DescribeTargetHealth"
    ),
    "fis": "GetExperiment ListExperimentResolvedTargets ListExperimentTemplates ListExperiments",
    "guardduty": "GetFindings ListDetectors ListFindings",
    "health": "DescribeEventDetails DescribeEvents",
    "kms": "DescribeKey ListAliases ListKeys",
    "lambda": "GetFunctionConfiguration ListFunctions",
    "logs": (
        "DescribeLogGroups DescribeLogStreams FilterLogEvents GetLogEvents GetQueryResults "
        "StartQuery StopQuery"
    ),
    "pi": "DescribeDimensionKeys GetResourceMetrics",
    "rds": (
        "DescribeDBEngineVersions DescribeDBInstanceAutomatedBackups DescribeDBInstances "
        "DescribeDBLogFiles DescribeDBSnapshots DescribeEvents DescribeOrderableDBInstanceOptions"
    ),
    "route53": "GetHostedZone ListHostedZones ListResourceRecordSets",
    "s3": "GetBucketPolicy GetLifecycleConfiguration ListAllMyBuckets ListBucketVersions",
    "secretsmanager": "DescribeSecret ListSecrets",
    "sqs": "GetQueueAttributes ListQueues",
    "wafv2": "GetSampledRequests GetWebACL ListWebACLs",
}
"""Actions that read state, but no secrets, objects or rows. Names: Service Authorization Reference,
2026-11."""

_SHELL = (
    "DeleteEnvironment DescribeEnvironments GetEnvironmentStatus PutCredentials StartEnvironment "
    "StopEnvironment CreateSession"
)
_INTERFACES = (
    "CreateNetworkInterface CreateNetworkInterfacePermission CreateTags DeleteNetworkInterface"
)
"""Actions that CloudShell requires for an environment in a VPC (AWS CloudShell user guide,
permissions of VPC environments, 2026-11)."""
_TUNNELS = "AWS-StartPortForwardingSessionToRemoteHost"
_SESSION = "ssm:ResumeSession ssm:TerminateSession ssmmessages:OpenDataChannel"
"""Actions on the sessions of a person. Session Manager's client opens their data channel with the
rights of the person (AWS Systems Manager user guide, sample policies for Session Manager,
2026-11)."""

_ZONAL_SHIFT = "arc-zonal-shift:CancelZonalShift arc-zonal-shift:StartZonalShift"
_HANDLED: Mapping[str, str] = {
    "cloudfront:CreateInvalidation": "distribution/*",
    "cloudwatch:DisableAlarmActions cloudwatch:EnableAlarmActions": "alarm:*",
    "ec2:CreateSnapshot": "volume/*",
    "ec2:ReplaceRoute": "route-table/*",
    "ecs:UpdateService": "service/*",
    "elasticache:ModifyReplicationGroup": "replicationgroup:*",
    f"{_ZONAL_SHIFT} elasticloadbalancing:ModifyLoadBalancerAttributes": "loadbalancer/*",
    "fis:StopExperiment": "experiment/*",
    "kms:CancelKeyDeletion kms:EnableKey": "key/*",
    "rds:RebootDBInstance": "db:*",
    "secretsmanager:RotateSecret": "secret:*",
}
"""Actions of runbooks by type of resource, restricted to the tags of the environment."""
_MOVED = "DeleteMessage ReceiveMessage SendMessage StartMessageMoveTask"
"""Actions that move messages from a dead-letter queue back to their queue (Amazon SQS developer
guide, dead-letter queue redrive)."""
_REGIONS: Mapping[str, str] = {"cloudfront": "", "cloudwatch": "*", "kms": "*"}
"""Regions of services with resources outside the home region: the stack `edge` has alarms and a key
in us-east-1."""
_REPLACED = "PutSecretValue RestoreSecret TagResource UpdateSecretVersionStage"
"""Actions that change the value of an external secret, or restore it after deletion."""


class OperatorPolicies(Construct):
    """Three managed policies: reader, on-call operator and data operator. They are not attached.

    `<prefix>-on-call-reader` reads states, metrics and logs, but no secret, object or row.
    `<prefix>-on-call-operator` adds the shell in the VPC, the tunnel, and the actions of runbooks
    on resources with the tags of the environment. `<prefix>-data-operator` adds the master secrets
    of databases, their restore, new values of secrets, and messages. They are named because IAM
    Identity Center attaches them to permission sets by name. Other actions require a deployment or
    the break-glass role.

    Args:
        prefix: prefix of the names, and name of the Kubernetes cluster, such as `spotmusic-prod`.
        tags: tags of every resource of the environment.
        security_group_id: security group of people's shells.
        subnet_ids: subnets of people's shells.
        cluster_arn: ECS cluster of the tunnel.
        cluster_name: pattern of its name, without references, ending in `*`.
        task_family: family of its task definition.
        task_role_arns: roles of the task.
        administrator_arns: roles that administer the Kubernetes cluster.
        rotation_functions: names of the functions that rotate secrets. AWS Secrets Manager requires
            the right to invoke them from the caller of `RotateSecret`; people cannot invoke them
            otherwise.
        master_secret_arns: secrets of the master users of databases that RDS does not manage.

    Example:
        OperatorPolicies(self, "Policies", prefix="spotmusic-prod",
                         tags={"Project": "spotmusic", "Env": "prod"},
                         security_group_id=security_group_id, subnet_ids=subnet_ids,
                         cluster_arn=services.cluster.cluster_arn, cluster_name="services-*",
                         task_family=family, task_role_arns=[task_role_arn],
                         administrator_arns=[role_arn], rotation_functions=[function_name],
                         master_secret_arns=[admin.secret_arn])
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        prefix: str,
        tags: Mapping[str, str],
        security_group_id: str,
        subnet_ids: Sequence[str],
        cluster_arn: str,
        cluster_name: str,
        task_family: str,
        task_role_arns: Sequence[str],
        administrator_arns: Sequence[str],
        rotation_functions: Sequence[str],
        master_secret_arns: Sequence[str],
    ) -> None:
        super().__init__(scope, construct_id)
        tagged = {"StringEquals": {f"aws:ResourceTag/{key}": value for key, value in tags.items()}}
        self._location = location_of(scope)
        parameters = self._arn("ssm", f"parameter/{prefix.replace('-', '/')}/*", region="*")
        self.reader = self._policy(
            "Reader",
            f"{prefix}-on-call-reader",
            [
                allow(_spelled(_LOOKED_AT), ["*"]),
                allow(["ssm:GetParameter", "ssm:GetParameters"], [parameters]),
            ],
        )
        self.operator = self._policy(
            "Operator",
            f"{prefix}-on-call-operator",
            [
                *self._shell(security_group_id, subnet_ids),
                *self._tunnel(cluster_arn, cluster_name, task_family, task_role_arns),
                allow(["sts:AssumeRole"], administrator_arns),
                self._handled(tagged),
                self._shift_of_cluster(prefix),
                self._rotation(tagged, rotation_functions),
                # Amazon ECS authorizes the service and its deployment, which has no tags; their
                # ARNs contain the cluster name (Service Authorization Reference, 2026-11).
                allow(
                    ["ecs:StopServiceDeployment"],
                    [
                        self._arn("ecs", f"{kind}/{cluster_name}/*")
                        for kind in ("service", "service-deployment")
                    ],
                ),
                # EC2 authorizes the volume, by its tags, and the snapshot, which has no tags yet
                # (Service Authorization Reference, Amazon EC2, 2026-11).
                allow(
                    ["ec2:CreateSnapshot"],
                    [self._arn("ec2", "snapshot/*", account="")],
                    {"ArnLike": {"ec2:ParentVolume": self._arn("ec2", "volume/*")}},
                ),
            ],
        )
        self.data = self._policy(
            "Data", f"{prefix}-data-operator", self._data(prefix, tagged, master_secret_arns)
        )

    def _shell(self, security_group_id: str, subnet_ids: Sequence[str]) -> list[Statement]:
        called = {"ForAnyValue:StringEquals": {"aws:CalledVia": "cloudshell.amazonaws.com"}}
        ours = {
            "ForAllValues:StringEquals": {
                "cloudshell:SecurityGroupIds": [security_group_id],
                "cloudshell:SubnetIds": list(subnet_ids),
            }
        }
        places = [
            self._arn("ec2", f"security-group/{security_group_id}"),
            *(self._arn("ec2", f"subnet/{subnet}") for subnet in subnet_ids),
        ]
        interfaces = _spelled({"ec2": _INTERFACES})
        return [
            allow(["cloudshell:CreateEnvironment"], ["*"], ours),
            allow(_spelled({"cloudshell": _SHELL}), ["*"]),
            allow(["ec2:DescribeDhcpOptions"], ["*"]),
            allow(interfaces, [self._arn("ec2", "network-interface/*")], called),
            allow(["ec2:CreateNetworkInterface"], places, called),
        ]

    def _tunnel(
        self, cluster_arn: str, cluster_name: str, task_family: str, role_arns: Sequence[str]
    ) -> list[Statement]:
        there = {"ArnEquals": {"ecs:cluster": cluster_arn}}
        tasks = self._arn("ecs", "task/*")
        passed = {"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}}
        # The id of a session begins with its user's name. Only the listed documents are allowed.
        own = self._arn("ssm", "session/${aws:userid}-*")
        return [
            allow(["ecs:RunTask"], [self._arn("ecs", f"task-definition/{task_family}:*")], there),
            allow(["ecs:StopTask"], [tasks], there),
            allow(["iam:PassRole"], role_arns, passed),
            allow(
                ["ssm:StartSession"],
                [
                    self._arn("ecs", f"task/{cluster_name}/*"),
                    self._arn("ssm", f"document/{_TUNNELS}", account=""),
                ],
                {"BoolIfExists": {"ssm:SessionDocumentAccessCheck": "true"}},
            ),
            allow(_SESSION.split(), [own]),
        ]

    def _handled(self, tagged: Mapping[str, Mapping[str, str]]) -> Statement:
        """Statement for all types, to limit the size; an action ignores other types."""
        names = [name for actions in _HANDLED for name in actions.split()]
        places = [
            (actions.split()[-1].partition(":")[0], kind) for actions, kind in _HANDLED.items()
        ]
        resources = [
            self._arn(service, kind, region=_REGIONS.get(service)) for service, kind in places
        ]
        return allow(names, resources, tagged)

    def _shift_of_cluster(self, name: str) -> Statement:
        # Zonal shift has ARNs and tags of load balancers only; a condition names the Kubernetes
        # cluster (Amazon ARC developer guide, IAM and permissions for zonal shift, 2026-11).
        cluster = {"arc-zonal-shift:ResourceIdentifier": self._arn("eks", f"cluster/{name}")}
        return allow(_ZONAL_SHIFT.split(), ["*"], {"StringEquals": cluster})

    def _rotation(
        self, tagged: Mapping[str, Mapping[str, str]], functions: Sequence[str]
    ) -> Statement:
        # AWS Secrets Manager requires the right from the caller of RotateSecret (its API reference,
        # 2026-11). A call of the person could send an event like those of CloudFormation.
        through = {**tagged, "Bool": {"aws:ViaAWSService": "true"}}
        places = [self._arn("lambda", f"function:{name}") for name in functions]
        return allow(["lambda:InvokeFunction"], places, through)

    def _data(
        self,
        prefix: str,
        tagged: Mapping[str, Mapping[str, str]],
        master_secret_arns: Sequence[str],
    ) -> list[Statement]:
        own = [self._arn("rds", f"{kind}:{prefix}-*") for kind in ("db", "og", "pg", "subgrp")]
        masters = [self._arn("secretsmanager", "secret:rds!db-*")]
        of_ours = {"StringLike": {"aws:ResourceTag/aws:rds:primaryDBInstanceArn": own[0]}}
        # A person passes the role for metrics to `rds` (Service Authorization Reference, Amazon
        # RDS, ModifyDBInstance, 2026-11). `monitoring.rds` is the service that assumes it.
        services = ["monitoring.rds.amazonaws.com", "rds.amazonaws.com"]
        monitored = {"StringEquals": {"iam:PassedToService": services}}
        restores = [
            "rds:AddTagsToResource",
            "rds:ModifyDBInstance",
            "rds:RestoreDBInstanceToPointInTime",
            "rds:StartDBInstance",
        ]
        return [
            allow(["secretsmanager:GetSecretValue"], master_secret_arns),
            allow(["secretsmanager:GetRandomPassword"], ["*"]),
            allow(
                _spelled({"secretsmanager": _REPLACED}),
                [self._arn("secretsmanager", "secret:*")],
                tagged,
            ),
            allow(restores, own),
            # RDS tags the master secrets that it manages, also that of a restored instance, which
            # has a role for metrics of its own (Amazon RDS user guide, permissions for Secrets
            # Manager integration and for Enhanced Monitoring, 2026-11). Another stack cannot
            # import the name of such a secret: its export would stop a change of its owner.
            allow(["secretsmanager:CreateSecret", "secretsmanager:TagResource"], masters),
            allow(
                ["secretsmanager:GetSecretValue", "secretsmanager:RotateSecret"],
                masters,
                of_ours,
            ),
            allow(["iam:PassRole"], [self._arn("iam", f"role/{prefix}-*", region="")], monitored),
            allow(_spelled({"sqs": _MOVED}), [self._arn("sqs", f"{prefix}-*")]),
        ]

    def _arn(self, service: str, resource: str, **parts: str | None) -> str:
        return self._location.arn(service, resource, **parts)

    def _policy(
        self, construct_id: str, name: str, statements: Sequence[Statement]
    ) -> iam.ManagedPolicy:
        granted = [statement for statement in statements if statement["Resource"]]
        policy = iam.ManagedPolicy(
            self,
            construct_id,
            managed_policy_name=name,
            description=(
                "For roles of people on call (docs/access.md); "
                "attached by name in IAM Identity Center"
            ),
            document=document_of(granted),
        )
        reason = (
            "A person reads everything in the account, "
            "or acts on resources with the tags, the cluster or the name."
        )
        texts = {text for statement in granted for text in statement["Resource"] if "*" in text}
        # The pack shows IAM variables like pseudo parameters.
        wildcards = {
            wildcard_finding(text).replace("${aws:userid}", "<aws:userid>") for text in texts
        }
        acknowledge(policy, dict.fromkeys(sorted(wildcards), reason))
        return policy


def _spelled(actions: Mapping[str, str]) -> list[str]:
    return [f"{service}:{name}" for service, names in actions.items() for name in names.split()]
