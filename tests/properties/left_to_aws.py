"""Properties that a template must set because AWS's default is wrong: type, path, accepted values
and reason.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Said:
    """Required value at a path.

    Args:
        accepted: accepted values; any value if empty.
        why: AWS's default, and its consequence.
    """

    accepted: tuple[object, ...]
    why: str


ANYTHING: tuple[object, ...] = ()
_AUTO_MODE = "EKS takes the three parts of Auto Mode together or refuses them: nodes, volumes and load balancers (Amazon EKS user guide)."
_DEFAULT_POOLS = "Pools of AWS's own choice would run beside ours, without our limits and labels."
_STALE = "A count that comes late says what waited then, and scaling believes it is now: 24 hours are the default."

SAID: Mapping[str, Mapping[str, Said]] = {
    "AWS::CertificateManager::Certificate": {
        "DomainValidationOptions.0.DomainName": Said(ANYTHING, "CloudFormation would not know which record is for which name."),
        "ValidationMethod": Said(("DNS",), "By default it is an e-mail that somebody has to answer, again at every renewal."),
        "DomainValidationOptions.0.HostedZoneId": Said(ANYTHING, "A deployment would wait for days until somebody writes the record."),
    },
    "AWS::CloudFront::Distribution": {
        "DistributionConfig.Enabled": Said((True,), "It would answer nobody."),
        "DistributionConfig.IPV6Enabled": Said((True,), "Off by default, and our names lead there by IPv6 too."),
        "DistributionConfig.HttpVersion": Said(("http2", "http3", "http2and3"), "HTTP/1.1 by default: a page waits for its files in turn."),
        "DistributionConfig.PriceClass": Said(("PriceClass_All",), "Classes 100 and 200 have no edges in South America."),
        "DistributionConfig.CacheBehaviors.*.Compress": Said(
            (True, False), "CloudFront compresses nothing by default; what is audio already is named so."
        ),
        "DistributionConfig.DefaultCacheBehavior.Compress": Said((True,), "The player would be sent four times as long."),
        "DistributionConfig.DefaultRootObject": Said(("index.html",), "The address of the player itself would be refused."),
        "DistributionConfig.Origins.*.DomainName": Said(ANYTHING, "An origin is reached by its name."),
    },
    "AWS::CloudFront::Function": {
        "AutoPublish": Said((True,), "It would stay in development, and the distribution goes on with what was published before."),
    },
    "AWS::CloudFront::MonitoringSubscription": {
        "MonitoringSubscription.RealtimeMetricsSubscriptionConfig.RealtimeMetricsSubscriptionStatus": Said(
            ("Enabled",), "The alarm on how long origins take reads what it brings."
        ),
    },
    "AWS::CloudFront::ResponseHeadersPolicy": {
        "ResponseHeadersPolicyConfig.CustomHeadersConfig.Items": Said(ANYTHING, "Pages could request camera, microphone and location."),
        "ResponseHeadersPolicyConfig.RemoveHeadersConfig.Items": Said(ANYTHING, "Responses would name the server software."),
        "ResponseHeadersPolicyConfig.CustomHeadersConfig.Items.*.Override": Said((True,), "What an origin says of itself would stand."),
        "ResponseHeadersPolicyConfig.SecurityHeadersConfig.*.Override": Said(
            (True, False), "Nothing is taken for it: CloudFront refuses the policy."
        ),
    },
    "AWS::CloudFront::VpcOrigin": {
        "VpcOriginEndpointConfig.OriginProtocolPolicy": Said(("https-only", "http-only"), "By default it is what the viewer speaks."),
    },
    "AWS::EKS::Addon": {
        "ResolveConflicts": Said(("OVERWRITE",), "By default an update fails where somebody changed a field by hand."),
    },
    "AWS::EKS::Cluster": {
        "ComputeConfig.Enabled": Said((True,), _AUTO_MODE),
        "StorageConfig.BlockStorage.Enabled": Said((True,), _AUTO_MODE),
        "KubernetesNetworkConfig.ElasticLoadBalancing.Enabled": Said((True,), _AUTO_MODE),
        "ComputeConfig.NodePools": Said(([],), _DEFAULT_POOLS),
    },
    "AWS::KMS::Key": {
        "Enabled": Said((None, True), "Nothing under it can be read."),
        "RotationPeriodInDays": Said((365,), "Auditors require at most a year, and each version of a key costs a dollar a month."),
    },
    "AWS::Route53::RecordSet": {
        "HostedZoneId": Said(ANYTHING, "Without a zone it is written nowhere."),
    },
    "AWS::SecretsManager::Secret": {
        "GenerateSecretString?.ExcludePunctuation": Said(
            (True,), "Passwords stand in addresses and in shells, where some signs mean something."
        ),
        "GenerateSecretString?.GenerateStringKey": Said(ANYTHING, "Readers take one key of a document."),
        "GenerateSecretString?.SecretStringTemplate": Said(ANYTHING, "Readers take one key of a document."),
        "GenerateSecretString?.PasswordLength": Said((40,), "32 by default; every password has the same length."),
    },
    "AWS::SecretsManager::RotationSchedule": {
        "RotateImmediatelyOnUpdate": Said((False,), "By default a deployment changes passwords under everybody who is connected."),
        "RotationRules.AutomaticallyAfterDays": Said(
            (30,), "Without a number it is never rotated; services read passwords anew once a week."
        ),
    },
    "AWS::ServiceDiscovery::PrivateDnsNamespace": {
        "Vpc": Said(ANYTHING, "Names would be answered nowhere."),
    },
    "AWS::ServiceDiscovery::Service": {
        "HealthCheckCustomConfig": Said(ANYTHING, "A task that is ill would be named until it has ended."),
        "DnsConfig.NamespaceId": Said(ANYTHING, "It would have no name to be found by."),
        "DnsConfig.RoutingPolicy": Said(("MULTIVALUE",), "The other policy returns one task, and Prometheus would scrape only that one."),
        "NamespaceId": Said(ANYTHING, "It would belong to no namespace."),
    },
    "AWS::WAFv2::LoggingConfiguration": {
        "LoggingFilter.DefaultBehavior": Said(("DROP",), "Every request would be written and paid for, those of all listeners."),
    },
    "AWS::WAFv2::WebACL": {
        "DefaultAction.Allow": Said(ANYTHING, "An action has to be named; blocking would refuse every listener."),
        "VisibilityConfig.SampledRequestsEnabled": Said((True,), "Whoever is woken could not see what is refused."),
        "Rules.*.VisibilityConfig.SampledRequestsEnabled": Said((True,), "Whoever is woken could not see what this rule refuses."),
        "Rules.*.Action.Block.CustomResponse.ResponseHeaders.*.Value": Said(("300",), "Retry-After is the window of the rate."),
        "CustomResponseBodies.*.ContentType": Said(("APPLICATION_JSON",), "Clients of the API read JSON."),
    },
    "AWS::Backup::RestoreTestingSelection": {
        "ValidationWindowHours": Said((4,), "What was brought back is looked at within four hours, and paid for as long."),
    },
    "AWS::EC2::EIP": {
        "Domain": Said(("vpc",), "The other kind of address is of networks before VPCs."),
    },
    "AWS::EC2::Route": {
        "DestinationCidrBlock": Said(("0.0.0.0/0",), "A route without a destination is refused."),
    },
    "AWS::EC2::SecurityGroupEgress": {
        "GroupId": Said(ANYTHING, "CloudFormation makes no rule of no group."),
        "IpProtocol": Said(("tcp", "udp"), "-1 is every protocol."),
    },
    "AWS::EC2::SecurityGroupIngress": {
        "GroupId": Said(ANYTHING, "It would be a rule of the default VPC."),
        "IpProtocol": Said(("tcp", "udp"), "-1 is every protocol."),
    },
    "AWS::ECS::Cluster": {
        "Configuration.ExecuteCommandConfiguration.KmsKeyId": Said(ANYTHING, "A session would be encrypted with a key of AWS's."),
    },
    "AWS::ECS::Service": {
        "EnableECSManagedTags": Said((True,), "Costs of tasks could not be told apart by service."),
        "PropagateTags": Said(("SERVICE",), "Tasks would have no tags: neither costs nor experiments find them."),
        "PlatformVersion": Said((None, "LATEST"), "An older platform has no fixes of security."),
        "ServiceConnectConfiguration.Services?.*.ClientAliases.0": Said(ANYTHING, "Callers use only its short name."),
        "ServiceConnectConfiguration.Services?.*.ClientAliases.*.DnsName": Said(
            ANYTHING, "Callers use only its short name; the default is the long one."
        ),
        "ServiceConnectConfiguration.Services.*.ClientAliases.*.Port": Said((8080,), "Callers ask there."),
        "ServiceConnectConfiguration.Services.*.DiscoveryName": Said(
            ANYTHING, "By default it is the name of the port, which every service has."
        ),
        "ServiceConnectConfiguration.Services.*.PortName": Said(("service",), "A name of a port of the task definition."),
        "ServiceConnectConfiguration.Services.*.Timeout.IdleTimeoutSeconds": Said(
            (60,), "Five minutes by default: connections to tasks that are gone."
        ),
        "ServiceConnectConfiguration.Services.*.Timeout.PerRequestTimeoutSeconds": Said(
            (10,), "15 seconds by default, and callers give up after ten."
        ),
        "ServiceConnectConfiguration.LogConfiguration.Options.awslogs-group": Said(ANYTHING, "The proxy does not start."),
        "ServiceConnectConfiguration.LogConfiguration.Options.awslogs-region": Said(ANYTHING, "The proxy does not start on Fargate."),
        "ServiceConnectConfiguration.LogConfiguration.Options.awslogs-stream-prefix": Said(
            ANYTHING, "The proxy does not start on Fargate."
        ),
        "ServiceConnectConfiguration.LogConfiguration.Options.mode": Said(("non-blocking",), "A slow log would stop requests."),
        "ServiceConnectConfiguration.LogConfiguration.Options.max-buffer-size": Said(
            ("26214400b",), "One mebibyte by default, of which a burst of requests is lost."
        ),
    },
    "AWS::ECS::TaskDefinition": {
        "ContainerDefinitions.*.PortMappings?.*.ContainerPort": Said(ANYTHING, "ECS refuses a mapping without a port."),
        "ContainerDefinitions.*.Environment": Said(ANYTHING, "It would not know which service it is."),
        "ContainerDefinitions.0": Said(ANYTHING, "A task without a container is none."),
        "ContainerDefinitions.*.HealthCheck.Command.0": Said(("CMD-SHELL", "CMD"), "The first word says how the rest is run."),
        "ContainerDefinitions.*.HealthCheck.Command.1": Said(ANYTHING, "Nothing would be asked."),
        "ContainerDefinitions.*.LinuxParameters.InitProcessEnabled": Said((True,), "Processes of processes would stay as zombies."),
        "ContainerDefinitions.*.LinuxParameters.Tmpfs.*.MountOptions": Said(ANYTHING, "What is written there could be run."),
        "Family": Said(ANYTHING, "Each deployment would create a new family."),
    },
    "AWS::ElastiCache::ReplicationGroup": {
        "NumNodeGroups": Said((None, 1), "Clients ask one primary; with several shards they would be sent on."),
        "Port": Said((6379,), "Security groups and clients know this one."),
    },
    "AWS::Events::Rule": {
        "Targets.0.Arn": Said(ANYTHING, "A rule without a target has no effect."),
    },
    "AWS::FIS::ExperimentTemplate": {
        "Actions.*.ActionId": Said(ANYTHING, "AWS FIS refuses it."),
        "Actions.*.Targets": Said(ANYTHING, "The action would find nothing."),
        "Targets.*.ResourceType": Said(ANYTHING, "AWS FIS refuses it."),
        "Targets.*.SelectionMode": Said(ANYTHING, "AWS FIS refuses it."),
        "Targets.*.Filters.*.Path": Said(ANYTHING, "AWS FIS refuses it."),
        "Targets.*.Filters.*.Values": Said(ANYTHING, "It would find other instances too."),
    },
    "AWS::IAM::Role": {
        "AssumeRolePolicyDocument.Statement?.0": Said(ANYTHING, "Nobody could assume it."),
    },
    "AWS::Logs::Delivery": {
        "S3SuffixPath": Said(ANYTHING, "Whoever looks for an hour would search all of them."),
    },
    "AWS::Scheduler::Schedule": {
        "Target.RetryPolicy.MaximumEventAgeInSeconds": Said((86400,), "A day to correct the cause of refusals."),
        "Target.RetryPolicy.MaximumRetryAttempts": Said((30,), "185 by default: over again for a day."),
    },
    "AWS::ElasticLoadBalancingV2::Listener": {
        "DefaultActions.0": Said(ANYTHING, "A listener without an action is refused."),
    },
    "AWS::ElasticLoadBalancingV2::ListenerRule": {
        "Actions.*.ForwardConfig?.TargetGroups.0.Weight": Said(
            (100,), "ECS takes traffic from the first group to the second, from the whole of it."
        ),
        "Actions.*.ForwardConfig?.TargetGroups.1.Weight": Said((0,), "By default half of the requests would go to a group without tasks."),
    },
    "AWS::S3::Bucket": {
        "CorsConfiguration?.CorsRules.*.AllowedMethods": Said(
            (["GET", "HEAD"], ["PUT"], ["POST", "PUT"], ["PUT", "POST"]), "Browsers ask with these."
        ),
    },
    "Custom::AWSCDK-EKS-HelmChart": {
        "Atomic": Said((None, True), "What fails is taken back, or left out where it must not be."),
        "Release": Said(ANYTHING, "By default it is the end of the path of the construct."),
        "Wait": Said((None, True), "What does not start is an error, or left out where nothing is waited for."),
    },
    "AWS::ElasticLoadBalancingV2::TargetGroup": {
        "Protocol": Said(("HTTP", "HTTPS", "TCP", "TLS"), "Targets that are no functions have one."),
    },
    "AWS::ApplicationAutoScaling::ScalingPolicy": {
        "TargetTrackingScalingPolicyConfiguration.ScaleInCooldown": Said((300,), "Five minutes, in which a wave of requests is over."),
        "TargetTrackingScalingPolicyConfiguration.ScaleOutCooldown": Said((60,), "A minute, in which a task has started."),
    },
    "AWS::Backup::RestoreTestingPlan": {
        "RecoveryPointSelection.RecoveryPointTypes": Said(
            (["CONTINUOUS", "SNAPSHOT"],), "Half of the recovery points would never be tried."
        ),
        "RecoveryPointSelection.SelectionWindowDays": Said((7,), "30 by default: a backup of last month does not prove later ones."),
    },
}
"""Required values of every resource of a type; `*` matches each item of a list or mapping. Promises are not repeated here."""

PARAMETERS: Mapping[str, Said] = {
    "long_query_time": Said(("0.5", "1", "2"), "Ten seconds by default, and the Web API promises half a second: no slow query would show."),
    "innodb_print_all_deadlocks": Said(("1",), "Only the last one is kept by default, until the next."),
    "local_infile": Said(("0",), "A server that was taken over could ask its clients for their files."),
    "sql_generate_invisible_primary_key": Said(("0",), "Keycloak's migrations add primary keys of their own, and would fail."),
}
"""Parameters of MySQL."""

SCHEDULED: Mapping[str, Said] = {
    "RetryPolicy.MaximumEventAgeInSeconds": Said((60,), _STALE),
    "RetryPolicy.MaximumRetryAttempts": Said((0, 1), _STALE),
}
"""Targets of rules that run every minute."""
