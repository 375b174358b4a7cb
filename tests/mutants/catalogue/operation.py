"""Faults of operation: times, sizes, connections, and what AWS takes where a template says nothing."""

from tests.mutants.changes import EACH, attribute, drop, put
from tests.mutants.fault import Fault

GROUP, LISTENER, RULE, BALANCER = (
    f"AWS::ElasticLoadBalancingV2::{kind}" for kind in ("TargetGroup", "Listener", "ListenerRule", "LoadBalancer")
)
ECS, TASK = "AWS::ECS::Service", "AWS::ECS::TaskDefinition"
ALARM, FUNCTION = "AWS::CloudWatch::Alarm", "AWS::Lambda::Function"
STORES = ("data/CatalogueInstance", "data/CacheReplicationGroup")
CONFIG = "DistributionConfig"
TRACKING = "TargetTrackingScalingPolicyConfiguration"

FAULTS = (
    Fault(
        "gateway asked where requests go", "eks-platform/Gateway*", drop("HealthCheckPort"), "404 is no health: all pods leave.", of=GROUP
    ),
    Fault(
        "gateway asked whether it runs",
        "eks-platform/Gateway*",
        put("HealthCheckPath", to="/status"),
        "A pod without routes answers.",
        of=GROUP,
    ),
    Fault(
        "target that is believed lost too late",
        "*",
        put("UnhealthyThresholdCount", to=10),
        "Requests go to a dead pod for minutes.",
        of=GROUP,
    ),
    Fault(
        "target that is lost for one answer", "*", put("UnhealthyThresholdCount", to=1), "A pause of a second takes tasks away.", of=GROUP
    ),
    Fault("target group of another network", "*", drop("VpcId"), "No task can join it.", of=GROUP),
    Fault(
        "brokers that call themselves",
        "eks-platform/Brokers*",
        attribute("preserve_client_ip.enabled", to="true", of="TargetGroupAttributes"),
        "A pod that reaches itself hangs.",
        of=GROUP,
    ),
    *(
        Fault(
            f"{name} maintained in the evening",
            at,
            put("PreferredMaintenanceWindow", to="fri:22:30-fri:23:30"),
            "It restarts when most listen.",
        )
        for name, at in zip(("database", "cache"), STORES, strict=True)
    ),
    Fault("database maintained when AWS likes", STORES[0], drop("PreferredMaintenanceWindow"), "The hour may be the evening's."),
    Fault(
        "databases maintained at once",
        "data/IdentityInstance",
        put("PreferredMaintenanceWindow", to="mon:07:00-mon:08:00"),
        "Both restart together.",
    ),
    Fault(
        "database copied in the evening", STORES[0], put("PreferredBackupWindow", to="23:00-23:30"), "Its disk is slow when most listen."
    ),
    Fault(
        "backup that may begin with maintenance",
        "data/BackupPlan",
        put("BackupPlan", "BackupPlanRule", 0, "StartWindowMinutes", to=120),
        "It finds the database restarting, and fails.",
    ),
    Fault(
        "restore test of any age",
        "data/RestoreTestingPlan",
        drop("RecoveryPointSelection", "SelectionWindowDays"),
        "A month without backups passes it.",
    ),
    Fault("database of another size", "data/*Instance", put("DBInstanceClass", to="db.t4g.medium"), "The busiest minute ends it."),
    Fault("cache of another size", STORES[1], put("CacheNodeType", to="cache.t4g.small"), "It evicts sessions."),
    Fault("cache without its logs", STORES[1], drop("LogDeliveryConfigurations"), "A slow evening cannot be explained."),
    Fault(
        "slow queries that nobody sees",
        "data/*ParameterGroup",
        put("Parameters", "long_query_time", to="10"),
        "What breaks the objective is in no log.",
        of="AWS::RDS::DBParameterGroup",
    ),
    Fault(
        "database users without secrets",
        "data/*Users",
        drop("Secrets"),
        "The deployment fails, and is rolled back.",
        of="Custom::DatabaseUsers",
    ),
    Fault(
        "database users that stay away", "data/*Users", drop("Host"), "A database that was replaced has none.", of="Custom::DatabaseUsers"
    ),
    Fault(
        "custom resource that hangs",
        "*",
        drop("ServiceTimeout"),
        "A deployment stands still for an hour.",
        of="Custom::*",
        has="ServiceTimeout",
    ),
    Fault("key pair without a name", "secrets/*KeyPair", drop("KeyName"), "Its handler ends in an error.", of="Custom::SigningKeyPair"),
    Fault(
        "release of no repository",
        "*",
        drop("Repository"),
        "Helm finds no chart, and the deployment is rolled back.",
        of="Custom::AWSCDK-EKS-HelmChart",
        has="Repository",
    ),
    Fault(
        "function that knows no address", "data/*UsersFunction", drop("Environment"), "No user is made, no password rotated.", of=FUNCTION
    ),
    Fault(
        "function without memory", "data/*Function", put("MemorySize", to=128), "It is killed when it imports its libraries.", of=FUNCTION
    ),
    Fault("function without code", "data/*Function", put("Handler", to="missing.handler"), "Every call ends in an error.", of=FUNCTION),
    Fault("function in the default group", "*", drop("VpcConfig", "SecurityGroupIds"), "It reaches nothing.", of=FUNCTION, has="VpcConfig"),
    Fault(
        "VPC without names", "network/*", put("EnableDnsHostnames", to=False), "AWS APIs are called over the Internet.", of="AWS::EC2::VPC"
    ),
    Fault(
        "private zone of nobody",
        "network/*",
        drop("VPCs"),
        "It is a public one, and nobody inside finds anything.",
        of="AWS::Route53::HostedZone",
    ),
    Fault("NAT gateway without address", "network/*", drop("AllocationId"), "Nothing gets out of its zone.", of="AWS::EC2::NatGateway"),
    Fault("route to nowhere", "network/*", drop("GatewayId"), "NAT gateways reach nothing.", of="AWS::EC2::Route", has="GatewayId"),
    Fault(
        "gateway to the Internet that hangs loose", "network/*", drop("InternetGatewayId"), "The same.", of="AWS::EC2::VPCGatewayAttachment"
    ),
    Fault(
        "security group of another network",
        "network/*",
        drop("VpcId"),
        "It is made in the default VPC, and nothing can wear it.",
        of="AWS::EC2::SecurityGroup",
    ),
    Fault("listener on another port", "*", put("Port", to=8444), "Nobody is let in there.", of=LISTENER),
    Fault(
        "load balancer that cannot leave a zone",
        "*",
        attribute("zonal_shift.config.enabled", to="false"),
        "A slow zone cannot be shifted away.",
        of=BALANCER,
    ),
    Fault("cluster that cannot leave a zone", "eks-platform/*", drop("ZonalShiftConfig"), "The same.", of="AWS::EKS::Cluster"),
    Fault("load balancer in two zones", "*", drop("Subnets", 0), "A lost zone leaves half.", of=BALANCER),
    Fault(
        "route of another service",
        "ecs-services/*",
        put("Conditions", 0, "PathPatternConfig", "Values", to=["/v1/other", "/v1/other/*"]),
        "Its listeners get 404.",
        of=RULE,
    ),
    Fault("task smaller than asked", "ecs-services/*", put("Cpu", to="256"), "The busiest minute is too much for it.", of=TASK),
    Fault(
        "container with half of its memory",
        "ecs-services/*",
        put("ContainerDefinitions", 0, "Memory", to=256),
        "It is killed while memory lies idle.",
        of=TASK,
    ),
    Fault(
        "task without a port",
        "ecs-services/playbackTask*",
        put("ContainerDefinitions", 0, "PortMappings", to=[]),
        "Nothing can be registered.",
        of=TASK,
    ),
    Fault("service in the default cluster", "ecs-services/*", drop("Cluster"), "No alarm looks there.", of=ECS),
    Fault(
        "task that is killed while it starts",
        "ecs-services/*",
        put("HealthCheckGracePeriodSeconds", to=10),
        "No new version ever stands.",
        of=ECS,
        has="HealthCheckGracePeriodSeconds",
    ),
    Fault(
        "task that Prometheus does not find",
        "ecs-services/*",
        drop("ServiceRegistries"),
        "Its metrics are missing, and no alert fires.",
        of=ECS,
        has="ServiceRegistries",
    ),
    Fault(
        "scaling at another load",
        "ecs-services/*",
        put(TRACKING, "TargetValue", to=5),
        "Fifty tasks do what ten could.",
        of="AWS::ApplicationAutoScaling::ScalingPolicy",
    ),
    Fault(
        "fewer tasks than asked",
        "ecs-services/*",
        put("MinCapacity", to=4),
        "The first peak of the evening meets too few.",
        of="AWS::ApplicationAutoScaling::ScalableTarget",
    ),
    Fault(
        "names of tasks of which one is told",
        "ecs-services/*",
        put("DnsConfig", "RoutingPolicy", to="WEIGHTED"),
        "Prometheus sees one of many.",
        of="AWS::ServiceDiscovery::Service",
    ),
    Fault("distribution that answers nobody", "edge/Distribution", put(CONFIG, "Enabled", to=False), "The platform is off."),
    Fault(
        "distribution far from its listeners",
        "edge/Distribution",
        put(CONFIG, "PriceClass", to="PriceClass_100"),
        "Tracks come from another continent.",
    ),
    Fault(
        "function of the edge that stays a draft",
        "edge/*",
        put("AutoPublish", to=False),
        "What was mended never runs.",
        of="AWS::CloudFront::Function",
    ),
    Fault(
        "cache that may keep nothing",
        "edge/*",
        put("CachePolicyConfig", "MaxTTL", to=0),
        "The deployment is refused.",
        of="AWS::CloudFront::CachePolicy",
    ),
    Fault(
        "certificate by e-mail",
        "*",
        drop("ValidationMethod"),
        "It waits for somebody to answer, at every renewal.",
        of="AWS::CertificateManager::Certificate",
    ),
    Fault("Auto Mode without volumes", "eks-platform/*", drop("StorageConfig"), "EKS refuses it.", of="AWS::EKS::Cluster"),
    Fault("nodes that are not let in", "eks-platform/KubernetesNodes", drop("Type"), "No node joins, and no pod runs."),
    Fault(
        "metrics server on a closed port",
        "eks-platform/*",
        drop("ConfigurationValues"),
        "Nothing in the cluster scales.",
        of="AWS::EKS::Addon",
    ),
    Fault(
        "cache user without a password who is on",
        "data/*",
        put("AccessString", to="on ~* +@all"),
        "Whoever reaches the cache is in.",
        of="AWS::ElastiCache::User",
        has="NoPasswordRequired",
    ),
    Fault(
        "alarm that asks for more than it looks at",
        "observability/*Alarms*Cpu*",
        put("EvaluationPeriods", to=1),
        "CloudWatch refuses it.",
        of=ALARM,
        has="Period",
    ),
    Fault(
        "alarm that comes too late",
        "observability/*Alarms*Critical",
        put("Period", to=3600),
        "The budget of the month is gone by then.",
        of=ALARM,
        has="Period",
    ),
    Fault(
        "alarm that looks the wrong way",
        "observability/*Alarms*",
        put("ComparisonOperator", to="LessThanOrEqualToThreshold"),
        "It fires while all is well, or never.",
        of=ALARM,
    ),
    Fault("alarm of two values", "observability/*", drop("Metrics", EACH, "ReturnData"), "CloudWatch refuses it.", of=ALARM, has="Metrics"),
    Fault(
        "critical before it is warned of",
        "observability/*Alarms*CpuCritical",
        put("Threshold", to=50),
        "Somebody is woken for nothing.",
        of=ALARM,
    ),
    Fault(
        "percent that are never reached", "observability/*Alarms*CpuCritical", put("Threshold", to=190), "Nobody is ever woken.", of=ALARM
    ),
    Fault(
        "events that count nothing",
        "observability/*",
        put("MetricTransformations", 0, "MetricValue", to="0"),
        "The alarm on them never fires.",
        of="AWS::Logs::MetricFilter",
    ),
    Fault(
        "alarms to somebody else",
        "*",
        put("Endpoint", to="somebody@elsewhere.example"),
        "Who is on call hears nothing.",
        of="AWS::SNS::Subscription",
    ),
    Fault(
        "budget of another amount",
        "*",
        put("Budget", "BudgetLimit", "Amount", to=1_000_000),
        "Nobody hears of what is spent.",
        of="AWS::Budgets::Budget",
    ),
    Fault(
        "schedule that asks for nothing",
        "observability/*",
        drop("Target", "Input"),
        "Rotated passwords run out under tasks.",
        of="AWS::Scheduler::Schedule",
    ),
    Fault(
        "rule that never runs",
        "ecs-services/*",
        drop("ScheduleExpression"),
        "Nobody counts what waits, and nothing scales.",
        of="AWS::Events::Rule",
    ),
    Fault(
        "rotation at every deployment",
        "data/*",
        put("RotateImmediatelyOnUpdate", to=True),
        "Connections break while it is deployed.",
        of="AWS::SecretsManager::RotationSchedule",
    ),
    Fault(
        "policy in the language of 2008",
        "*",
        drop("PolicyDocument", "Version"),
        "Its variables are plain text.",
        of="AWS::IAM::ManagedPolicy",
    ),
)
