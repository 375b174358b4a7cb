"""Faults of the services on Fargate, of what stands before them, and of functions."""

from tests.mutants.changes import EACH, attribute, both, drop, gone, keep, put, reads
from tests.mutants.fault import Fault

SERVICE, TASK = "ecs-services/*Service", "ecs-services/*TaskTaskDefinition"
ECS = "AWS::ECS::Service"
TARGETS, LISTENER, BALANCER = (f"AWS::ElasticLoadBalancingV2::{kind}" for kind in ("TargetGroup", "Listener", "LoadBalancer"))
CONTAINER = ("ContainerDefinitions", 0)

FAULTS = (
    Fault(
        "circuit breaker off",
        SERVICE,
        put("DeploymentConfiguration", "DeploymentCircuitBreaker", "Enable", to=False),
        "A broken version is tried for ever.",
        of=ECS,
    ),
    Fault(
        "circuit breaker without rollback",
        SERVICE,
        put("DeploymentConfiguration", "DeploymentCircuitBreaker", "Rollback", to=False),
        "A broken version stays.",
        of=ECS,
    ),
    Fault(
        "half of the tasks during a deployment",
        SERVICE,
        put("DeploymentConfiguration", "MinimumHealthyPercent", to=50),
        "Each release halves the capacity.",
        of=ECS,
    ),
    Fault(
        "blue-green without alarms",
        "ecs-services/[wp][el]*Service",
        drop("DeploymentConfiguration", "Alarms"),
        "Errors of a new version are noticed by listeners.",
        of=ECS,
    ),
    Fault(
        "blue-green without time to look",
        "ecs-services/[wp][el]*Service",
        drop("DeploymentConfiguration", "BakeTimeInMinutes"),
        "The old version is gone before errors show.",
        of=ECS,
    ),
    Fault(
        "tasks with public addresses",
        SERVICE,
        put("NetworkConfiguration", "AwsvpcConfiguration", "AssignPublicIp", to="ENABLED"),
        "Tasks stand in the Internet.",
        of=ECS,
    ),
    Fault(
        "tasks in one zone",
        SERVICE,
        keep("NetworkConfiguration", "AwsvpcConfiguration", "Subnets", first=1),
        "The loss of a zone stops the service.",
        of=ECS,
    ),
    Fault(
        "tasks that are not balanced again",
        SERVICE,
        put("AvailabilityZoneRebalancing", to="DISABLED"),
        "After an outage all stay in two zones.",
        of=ECS,
    ),
    Fault(
        "shell in production",
        SERVICE,
        put("EnableExecuteCommand", to=True),
        "Whoever has one right reads listeners' data in memory.",
        of=ECS,
    ),
    Fault("platform of the past", SERVICE, put("PlatformVersion", to="1.3.0"), "No fixes any more.", of=ECS),
    Fault(
        "service without Service Connect",
        SERVICE,
        drop("ServiceConnectConfiguration"),
        "Nobody finds it, and nobody sees its errors.",
        of=ECS,
    ),
    Fault("one task", "ecs-services/*ScalingTarget", put("MinCapacity", to=1), "One crash, and nobody answers."),
    Fault(
        "scaling policy gone",
        "ecs-services/*Scaling*",
        gone,
        "Friday evening is served by Monday's tasks.",
        of="AWS::ApplicationAutoScaling::ScalingPolicy",
    ),
    Fault("scaling target gone", "ecs-services/*ScalingTarget", gone, "The same."),
    Fault(
        "scaling in as fast as out",
        "ecs-services/*ScalingCpu",
        put("TargetTrackingScalingPolicyConfiguration", "ScaleInCooldown", to=0),
        "Capacity swings, and requests fail.",
    ),
    Fault("root file system writable", TASK, put(*CONTAINER, "ReadonlyRootFilesystem", to=False), "Malware stays in the container."),
    Fault("container as root", TASK, put(*CONTAINER, "User", to="0"), "A hole in the service is a hole in the machine."),
    Fault("container privileged", TASK, put(*CONTAINER, "Privileged", to=True), "The same, at once."),
    Fault("container with capabilities", TASK, drop(*CONTAINER, "LinuxParameters", "Capabilities"), "It may do what no service needs."),
    Fault("container without limit", TASK, drop(*CONTAINER, "Memory"), "One leak takes its neighbours along."),
    Fault("container without health check", TASK, drop(*CONTAINER, "HealthCheck"), "A hung task counts as well."),
    Fault("container without logs", TASK, drop(*CONTAINER, "LogConfiguration"), "Nobody knows why it fails."),
    Fault(
        "container that waits for its log",
        TASK,
        put(*CONTAINER, "LogConfiguration", "Options", "mode", to="blocking"),
        "CloudWatch's outage becomes ours.",
    ),
    Fault(
        "image latest",
        TASK,
        put(*CONTAINER, "Image", to="111122223333.dkr.ecr.sa-east-1.amazonaws.com/web-api:latest"),
        "Nobody knows what runs.",
    ),
    Fault(
        "image of Docker Hub",
        TASK,
        put(*CONTAINER, "Image", to="docker.io/library/nginx:1.31.1"),
        "Their outage and their rate limits become ours.",
    ),
    Fault(
        "execution role for the task",
        "ecs-services/playbackTaskTaskDefinition",
        reads("playbackRolesTaskRole", "playbackRolesExecutionRole"),
        "The service has the rights of the agent.",
    ),
    Fault(
        "insights off",
        "ecs-services/Cluster",
        put("ClusterSettings", 0, "Value", to="disabled"),
        "Alarms on running tasks see nothing.",
        of="AWS::ECS::Cluster",
    ),
    Fault(
        "targets that nobody checks",
        "ecs-services/*TargetGroup",
        drop("HealthCheckPath"),
        "Requests go to tasks that cannot answer.",
        of=TARGETS,
    ),
    Fault(
        "targets that drop requests",
        "ecs-services/*TargetGroup",
        attribute("deregistration_delay.timeout_seconds", to="0", of="TargetGroupAttributes"),
        "Each deployment cuts requests off.",
        of=TARGETS,
    ),
    Fault(
        "targets that wait for an hour",
        "ecs-services/*TargetGroup",
        attribute("deregistration_delay.timeout_seconds", to="3600", of="TargetGroupAttributes"),
        "A deployment takes a day.",
        of=TARGETS,
    ),
    Fault("load balancer in the Internet", "*", put("Scheme", to="internet-facing"), "The web ACL is walked around.", of=BALANCER),
    Fault("load balancer in one zone", "*", keep("Subnets", first=1), "The loss of a zone stops everything.", of=BALANCER),
    Fault(
        "load balancer that may be deleted",
        "*",
        attribute("deletion_protection.enabled", to="false"),
        "One click, and nobody gets in.",
        of=BALANCER,
    ),
    Fault(
        "load balancer without access log",
        "*",
        attribute("access_logs.s3.enabled", to="false"),
        "Access records that the law asks for are missing.",
        of=BALANCER,
    ),
    Fault(
        "load balancer that takes odd headers",
        "eks-platform/GatewayLoadBalancer",
        attribute("routing.http.drop_invalid_header_fields.enabled", to="false"),
        "Requests are smuggled.",
    ),
    Fault(
        "load balancer that guesses",
        "ecs-services/LoadBalancer",
        attribute("routing.http.desync_mitigation_mode", to="monitor"),
        "Requests are smuggled.",
    ),
    Fault(
        "load balancer that keeps zones apart",
        "eks-platform/BrokersLoadBalancer",
        attribute("load_balancing.cross_zone.enabled", to="false"),
        "Clients of a zone without a broker time out.",
    ),
    Fault(
        "TLS of yesterday", "*", put("SslPolicy", to="ELBSecurityPolicy-2016-08"), "Connections can be downgraded to TLS 1.0.", of=LISTENER
    ),
    Fault(
        "listener in clear",
        "*",
        both(put("Protocol", to="HTTP"), drop("Certificates"), drop("SslPolicy")),
        "Tokens can be read on the wire.",
        of=LISTENER,
    ),
    Fault(
        "function of an old runtime",
        "*",
        put("Runtime", to="python3.9"),
        "No fixes any more, and no updates of the function.",
        of="AWS::Lambda::Function",
    ),
    Fault(
        "function without a log of ours",
        "data/*Function",
        drop("LoggingConfig"),
        "It logs without key and for ever.",
        of="AWS::Lambda::Function",
    ),
    Fault(
        "gateways that nobody checks", "eks-platform/GatewayTargets", drop("HealthCheckPath"), "Requests go to a gateway that is starting."
    ),
    Fault("queue that nobody counts", "ecs-services/QueueDepthEveryMinute", gone, "Workers stop scaling, silently."),
    Fault(
        "log group kept for ever", "*", drop("RetentionInDays"), "Listeners' data never goes, and the bill grows.", of="AWS::Logs::LogGroup"
    ),
    Fault("log group without key", "*", drop("KmsKeyId"), "Logs are read by whoever administers.", of="AWS::Logs::LogGroup"),
    Fault("name of the gateway gone", "eks-platform/GatewayAddress", gone, "CloudFront finds no origin."),
    Fault("name of the services gone", "ecs-services/LoadBalancerAddress", gone, "The gateway finds no service."),
    Fault("every tag gone", SERVICE, put("Tags", EACH, "Key", to="Other"), "Nobody knows whose it is and what it costs.", of=ECS),
)
