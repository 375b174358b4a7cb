"""Checks of an account, against responses in the shapes of botocore's service models."""

import os
import socket
import struct
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from typing import Any, NoReturn

import pytest
from botocore.exceptions import (
    ClientError,
    EndpointConnectionError,
    NoCredentialsError,
    ProfileNotFound,
)

from spotmusic_cdk import versions
from spotmusic_cdk.settings import Settings, parse
from spotmusic_constructs.data.parameters import CACHE, MYSQL
from tests.guards.test_commands import wrong
from tests.recorded import NOW, SESSION, Call, Recorded, Response, listed, stack
from tools.preflight import __main__ as command
from tools.preflight import (
    account,
    brokers,
    clients,
    domain,
    engines,
    grown,
    leftovers,
    network,
    quotas,
    routes,
    secrets,
    security,
)
from tools.preflight.finding import Ask, Context, Finding, State, fix, run, table

ACCOUNT = "111122223333"
HOME, EDGE = "sa-east-1", "us-east-1"
DOCKER_HUB = (
    f"arn:aws:secretsmanager:{HOME}:{ACCOUNT}:secret:ecr-pullthroughcache/docker-hub-AbCdEf"
)
DOMAIN = "domain: {name: music.example, hosted_zone_id: Z0123456789EXAMPLE}\n"
FILE = f"""
name: demo
account: "{ACCOUNT}"
zones: [sa-east-1a, sa-east-1b]
{DOMAIN}network: {{interface_endpoints: [sts]}}
mail: {{sender: hello@music.example}}
registry: {{docker_hub_credentials: "{DOCKER_HUB}"}}
services:
  playback: {{cpu: 1024, memory: 2048, route: /v1/playback, scaling: {{max: 10}}}}
"""


@cache
def settings(*changes: tuple[str, str]) -> Settings:
    text = FILE
    for old, new in changes:
        text = text.replace(old, new)
    return parse(text, source=Path("demo.yaml"))


def context_of(
    clients: Callable[[str, str], Any], of: Settings | None = None, session_region: str = HOME
) -> Context:
    return Context(
        settings=of or settings(), clients=clients, account=ACCOUNT, session_region=session_region
    )


def asked(ask: Ask, *calls: Call, **context: Any) -> list[Finding]:
    """Run a check against recorded responses. Require all calls and valid commands."""
    recorded = Recorded(calls)
    findings = [*run({"check": ask}, context_of(recorded, **context))]
    recorded.exhausted()
    assert [*wrong("\n".join(f"`{finding.command}`" for finding in findings))] == []
    return findings


def states(findings: Iterable[Finding]) -> str:
    return " ".join(
        {State.OK: "ok", State.FIX: "fix", State.COULD_NOT_ASK: "unknown"}[finding.state]
        for finding in findings
    )


def home(service: str, operation: str, **answer: Any) -> Call:
    return (service, HOME, operation, answer)


def region(status: str) -> Call:
    return (
        "ec2",
        EDGE,
        "describe_regions",
        {"Regions": [{"RegionName": HOME, "OptInStatus": status}]},
    )


def plan(kind: str) -> Call:
    return (
        "freetier",
        EDGE,
        "get_account_plan_state",
        {"accountId": ACCOUNT, "accountPlanStatus": "ACTIVE", "accountPlanType": kind},
    )


def bootstraps(answer: Response) -> list[Call]:
    return [("cloudformation", place, "describe_stacks", answer) for place in (HOME, EDGE)]


def stacks(first: Response) -> list[Call]:
    places = [place or HOME for place in account.STACKS.values()]
    return [
        ("cloudformation", place, "describe_stacks", stack() if number else first)
        for number, place in enumerate(places)
    ]


def simulated(decision: str) -> Call:
    results = [{"EvalActionName": "cloudformation:DescribeStacks", "EvalDecision": decision}]
    return ("iam", EDGE, "simulate_principal_policy", {"EvaluationResults": results})


def roles(answer: Response) -> list[Call]:
    return [("iam", EDGE, "get_role", answer) for _ in account.SERVICE_LINKED_ROLES]


ROLE = {
    "Role": {
        "Path": "/",
        "RoleName": "role",
        "RoleId": "AROA0123456789EXAMPLE",
        "Arn": f"arn:aws:iam::{ACCOUNT}:role/role",
        "CreateDate": NOW,
    }
}


def policies(answer: Response) -> list[Call]:
    return [("iam", EDGE, "get_policy", answer) for _ in account.MANAGED_POLICIES]


def zones(*ids: str, state: str = "available") -> Call:
    found = [
        {"ZoneName": name, "ZoneId": id_, "State": state}
        for name, id_ in zip(("sa-east-1a", "sa-east-1b"), ids, strict=False)
    ]
    return home("ec2", "describe_availability_zones", AvailabilityZones=found)


def endpoint(zone: str, *, policy: bool = True) -> Call:
    detail = {
        "ServiceName": f"com.amazonaws.{HOME}.sts",
        "AvailabilityZones": ["sa-east-1a", zone],
        "VpcEndpointPolicySupported": policy,
    }
    return home("ec2", "describe_vpc_endpoint_services", ServiceDetails=[detail])


def prefix_list(id_: str) -> Call:
    return home("ec2", "describe_managed_prefix_lists", PrefixLists=[{"PrefixListId": id_}])


def orderable(*names: str, storage: str = "gp3", multi_az: bool = True) -> Call:
    option = {
        "StorageType": storage,
        "MultiAZCapable": multi_az,
        "AvailabilityZones": [{"Name": name} for name in names],
    }
    return home(
        "rds", "describe_orderable_db_instance_options", OrderableDBInstanceOptions=[option]
    )


def engine(*found: str) -> Call:
    return home(
        "rds",
        "describe_db_engine_versions",
        DBEngineVersions=[{"EngineVersion": version} for version in found],
    )


def caches(version: str, *offers: str) -> list[Call]:
    found = [{"CacheNodeType": offer} for offer in offers]
    return [
        home(
            "elasticache",
            "describe_cache_engine_versions",
            CacheEngineVersions=[{"EngineVersion": version}],
        ),
        home(
            "elasticache",
            "describe_reserved_cache_nodes_offerings",
            ReservedCacheNodesOfferings=found,
        ),
    ]


def kubernetes(status: str, build: str) -> list[Call]:
    return [
        home(
            "eks",
            "describe_cluster_versions",
            clusterVersions=[{"clusterVersion": "1.36", "versionStatus": status}],
        ),
        home(
            "eks", "describe_addon_versions", addons=[{"addonVersions": [{"addonVersion": build}]}]
        ),
    ]


def defaults(service: str, used: Mapping[str, str], **allowed: str) -> Call:
    parameters = [
        {"ParameterName": name, "IsModifiable": True, "AllowedValues": allowed.get(name, value)}
        for name, value in used.items()
    ]
    return home(
        service, "describe_engine_default_parameters", EngineDefaults={"Parameters": parameters}
    )


def quota_calls(value: float) -> list[Call]:
    own = {
        "PublicIp": "203.0.113.1",
        "Tags": [{"Key": "Project", "Value": "spotmusic"}, {"Key": "Env", "Value": "demo"}],
    }
    return [
        home("ec2", "describe_addresses", Addresses=[own, {"PublicIp": "203.0.113.2"}]),
        ("service-quotas", HOME, "get_service_quota", "NoSuchResourceException"),
        home("service-quotas", "get_aws_default_service_quota", Quota={"Value": value}),
        *[home("service-quotas", "get_service_quota", Quota={"Value": value})] * 4,
    ]


def concurrency(value: int) -> Call:
    return home("lambda", "get_account_settings", AccountLimit={"ConcurrentExecutions": value})


def log_policies(others: int) -> list[Call]:
    own = ("EventLogPolicy0123", "AWS::Logs::ResourcePolicy", "own")
    names = [own[-1], *(f"other-{number}" for number in range(others))]
    found = [{"policyName": name} for name in names]
    return [home("logs", "describe_resource_policies", resourcePolicies=found), listed(own)]


SERVERS = ["ns-1.awsdns-01.org", "ns-2.awsdns-02.com"]


def hosted_zone(name: str = "music.example.", *, private: bool = False) -> Call:
    zone = {
        "Id": "/hostedzone/Z0",
        "Name": name,
        "CallerReference": "first",
        "Config": {"PrivateZone": private},
    }
    return (
        "route53",
        EDGE,
        "get_hosted_zone",
        {"HostedZone": zone, "DelegationSet": {"NameServers": SERVERS}},
    )


def silent(_: str) -> set[str]:
    raise TimeoutError("timed out")


def caa(*values: str) -> Call:
    records = [
        {
            "Name": "music.example.",
            "Type": "CAA",
            "TTL": 60,
            "ResourceRecords": [{"Value": value} for value in values],
        }
    ]
    answer = {
        "ResourceRecordSets": records if values else [],
        "IsTruncated": False,
        "MaxItems": "1",
    }
    return ("route53", EDGE, "list_resource_record_sets", answer)


def records(*found: tuple[str, str]) -> Call:
    """Names and types of records, from the addresses of the domain on."""
    answer = {
        "ResourceRecordSets": [{"Name": f"{name}.", "Type": kind} for name, kind in found],
        "IsTruncated": False,
        "MaxItems": "2",
    }
    return ("route53", EDGE, "list_resource_record_sets", answer)


def secret(**more: Any) -> Call:
    return home(
        "secretsmanager",
        "describe_secret",
        ARN=DOCKER_HUB,
        Name="ecr-pullthroughcache/docker-hub",
        **more,
    )


def value(text: str) -> Call:
    return home("secretsmanager", "get_secret_value", SecretString=text)


def trail(*, everywhere: bool = True, logs: bool | None = None, **selectors: Any) -> list[Call]:
    found = {
        "Name": "all",
        "TrailARN": f"arn:aws:cloudtrail:{HOME}:{ACCOUNT}:trail/all",
        "IsMultiRegionTrail": everywhere,
    }
    calls = [home("cloudtrail", "describe_trails", trailList=[found])]
    calls += [] if logs is None else [home("cloudtrail", "get_trail_status", IsLogging=logs)]
    return [
        *calls,
        *([home("cloudtrail", "get_event_selectors", **selectors)] if selectors else []),
    ]


def basic(kind: str) -> Any:
    return [{"ReadWriteType": kind, "IncludeManagementEvents": True}]


def detector(status: str | None) -> list[Call]:
    found = [home("guardduty", "get_detector", ServiceRole="role", Status=status)] if status else []
    return [home("guardduty", "list_detectors", DetectorIds=["d1"] if status else []), *found]


GONE: Call = ("cloudformation", HOME, "list_stack_resources", "ValidationError")
BALANCING = "AWS::ElasticLoadBalancingV2::"
SERVICES = listed(
    ("ClusterC2E21B66", "AWS::ECS::Cluster", "arn:cluster"),
    ("playbackService01", "AWS::ECS::Service", "arn:service"),
    ("playbackIngressTargetGroup02", f"{BALANCING}TargetGroup", "arn:first"),
    ("playbackIngressAlternateTargetGroup03", f"{BALANCING}TargetGroup", "arn:alternate"),
    ("playbackIngressRule04", f"{BALANCING}ListenerRule", "arn:rule"),
)


def weights(first: int, alternate: int) -> Call:
    groups = [
        {"TargetGroupArn": "arn:first", "Weight": first},
        {"TargetGroupArn": "arn:alternate", "Weight": alternate},
    ]
    return home(
        "elbv2",
        "describe_rules",
        Rules=[{"Actions": [{"Type": "forward", "ForwardConfig": {"TargetGroups": groups}}]}],
    )


def brokers_of(*redpanda: str, rabbitmq: str = "healthy healthy healthy") -> list[Call]:
    """Three brokers of each kind, with the states of their targets."""
    ids = (
        "KafkaBootstrapTargets19",
        "KafkaBroker0TargetsC4",
        "KafkaBroker1TargetsED",
        "KafkaBroker2Targets25",
        "AmqpTargets20",
    )
    states = (
        [{"TargetHealth": {"State": state}} for state in kind]
        for kind in (redpanda, rabbitmq.split())
    )
    groups = listed(*((f"Brokers{id_}", f"{BALANCING}TargetGroup", f"arn:{id_}") for id_ in ids))
    return [
        groups,
        *(
            home("elbv2", "describe_target_health", TargetHealthDescriptions=targets)
            for targets in states
        ),
    ]


def databases(version: str, storage: int) -> list[Call]:
    """Two deployed databases. The first has this version and size."""
    type_ = "AWS::RDS::DBInstance"
    found = [
        {"EngineVersion": v, "AllocatedStorage": s} for v, s in ((version, storage), ("8.4.3", 20))
    ]
    described = [home("rds", "describe_db_instances", DBInstances=[instance]) for instance in found]
    return [
        listed(("CatalogueInstance0A", type_, "one"), ("IdentityInstance0B", type_, "two")),
        *described,
    ]


def deployed_cluster(version: str) -> list[Call]:
    return [
        listed(("Kubernetes0C", "AWS::EKS::Cluster", "spotmusic-demo")),
        home("eks", "describe_cluster", cluster={"version": version}),
    ]


def deployed_caches(node_type: str, *caches: tuple[float, ...]) -> list[Call]:
    """Deployed caches of two nodes, each with its maximum of used memory in GiB."""
    group = {"CacheNodeType": node_type, "MemberClusters": ["001", "002"]}
    calls = [
        listed(
            *(
                (f"Group{number}", "AWS::ElastiCache::ReplicationGroup", f"cache{number}")
                for number in range(len(caches))
            )
        )
    ]
    for gibibytes in caches:
        calls.append(home("elasticache", "describe_replication_groups", ReplicationGroups=[group]))
        calls += [
            home("cloudwatch", "get_metric_statistics", Datapoints=[{"Maximum": gibibyte * 2**30}])
            for gibibyte in gibibytes
        ]
    return calls


def web_acl(bucket: str, logs: int | None = None) -> list[Call]:
    arn = f"arn:aws:wafv2:us-east-1:{ACCOUNT}:global/webacl/demo/1"
    found = {
        "LoggingConfigurations": [
            {"ResourceArn": arn, "LogDestinationConfigs": [f"arn:aws:s3:::{bucket}"]}
        ]
    }
    delivered = [] if logs is None else [home("s3", "list_objects_v2", KeyCount=logs)]
    return [("wafv2", EDGE, "list_logging_configurations", found), *delivered]


def identities(*answers: Response | bool) -> list[Call]:
    """Responses of Amazon SES. A Boolean is whether the account left the sandbox."""
    return [
        home("sesv2", "get_account", ProductionAccessEnabled=answer)
        if isinstance(answer, bool)
        else ("sesv2", HOME, "get_email_identity", answer)
        for answer in answers
    ]


VERIFIED = {"VerifiedForSendingStatus": True}
OURS = f"aws-waf-logs-spotmusic-demo-{ACCOUNT}-0"
LIST = versions.CLOUDFRONT_ORIGIN_PREFIX_LISTS[HOME]
FIRST, BOTH = "sa-east-1a", ("sa-east-1a", "sa-east-1b")
ADVANCED = [{"FieldSelectors": [{"Field": "eventCategory", "Equals": ["Management"]}]}]
FIELDS = '{"username": "user", "accessToken": "hidden-token"}'

VERDICTS: list[tuple[Ask, list[Call], str, str]] = [
    (account.account, [region("opt-in-not-required")], "ok ok ok", ACCOUNT),
    (account.plan, [plan("PAID")], "ok", "PAID"),
    (account.plan, [plan("FREE")], "fix", "--account-plan-type PAID"),
    (
        account.plan,
        [("freetier", EDGE, "get_account_plan_state", "ResourceNotFoundException")],
        "ok",
        "none",
    ),
    (account.bootstrap, bootstraps(stack(BootstrapVersion="30")), "ok ok", "version 30"),
    (
        account.bootstrap,
        bootstraps("ValidationError"),
        "fix fix",
        f"npx cdk bootstrap aws://{ACCOUNT}/{EDGE}",
    ),
    (account.bootstrap, bootstraps(stack(BootstrapVersion="5")), "fix fix", "version 5 is older"),
    (
        account.bootstrap,
        bootstraps(stack("ROLLBACK_COMPLETE", BootstrapVersion="30")),
        "fix fix",
        "is ROLLBACK_COMPLETE",
    ),
    (
        account.weak_references,
        [simulated("allowed"), simulated("implicitDeny")],
        "ok fix",
        "--cloudformation-execution-policies",
    ),
    (
        account.weak_references,
        [("iam", EDGE, "simulate_principal_policy", "NoSuchEntity")] * 2,
        "fix fix",
        "does not exist",
    ),
    (account.managed_policies, policies({"Policy": {"IsAttachable": True}}), "ok", ""),
    (account.managed_policies, policies({"Policy": {"IsAttachable": False}}), "fix", "AWS has no"),
    (account.managed_policies, policies("NoSuchEntity"), "fix", "AWS has no"),
    (account.stacks, stacks("ValidationError"), "ok", "7 of 8"),
    (account.stacks, stacks(stack("UPDATE_ROLLBACK_COMPLETE")), "ok", "8 of 8"),
    (account.stacks, stacks(stack("ROLLBACK_COMPLETE")), "ok", "8 of 8"),
    (account.stacks, stacks(stack("UPDATE_ROLLBACK_FAILED")), "fix", "continue-update-rollback"),
    (account.stacks, stacks(stack("UPDATE_FAILED")), "fix", "Changes that cannot go back"),
    (account.stacks, stacks(stack("UPDATE_IN_PROGRESS")), "fix", "wait until it ends"),
    (account.stacks, stacks(stack("ROLLBACK_FAILED")), "fix", "failed-first-deployment"),
    (network.zones, [zones("sae1-az1", "sae1-az2")], "ok ok", ""),
    (
        network.zones,
        [zones("use1-az3", "apne2-az1")],
        "fix fix",
        "use1-az3 does not support EKS and CloudFront VPC origins",
    ),
    (
        network.zones,
        [zones("use1-az3", "apne2-az1")],
        "fix fix",
        "apne2-az1 does not support CloudFront VPC origins",
    ),
    (network.zones, [zones("sae1-az1", state="impaired")], "fix fix", "sae1-az1 is impaired"),
    (network.endpoints, [endpoint("sa-east-1b")], "ok ok", "1, in every zone"),
    (
        network.endpoints,
        [
            home("ec2", "describe_vpc_endpoint_services", ServiceDetails=[], NextToken="2"),
            endpoint("sa-east-1b"),
        ],
        "ok ok",
        "1, in every zone",
    ),
    (
        network.endpoints,
        [endpoint("sa-east-1b", policy=False)],
        "ok fix",
        f"not accepted by com.amazonaws.{HOME}.sts",
    ),
    (
        network.endpoints,
        [endpoint("sa-east-1c")],
        "fix ok",
        f"not in every zone: com.amazonaws.{HOME}.sts",
    ),
    (network.prefix_list, [prefix_list(LIST)], "ok", LIST),
    (network.prefix_list, [prefix_list("pl-0")], "fix", "set edge.origin_prefix_list: pl-0"),
    (engines.databases, [engine("8.4.10"), orderable(*BOTH)], "ok ok", ""),
    (engines.databases, [engine(), orderable(FIRST)], "fix fix", "cannot be ordered in sa-east-1b"),
    (
        engines.databases,
        [engine(), orderable(*BOTH, storage="io1")],
        "fix fix",
        "cannot be ordered",
    ),
    (
        engines.databases,
        [engine(), orderable(*BOTH, multi_az=False)],
        "fix fix",
        "cannot be ordered",
    ),
    (engines.cache, caches("7.1", "cache.t4g.small"), "ok ok", ""),
    (engines.cache, caches("7.1.0", "x"), "ok ok", ""),
    (engines.cache, caches("7.0"), "fix fix", "not among 7.0"),
    (
        engines.kubernetes,
        kubernetes("STANDARD_SUPPORT", versions.METRICS_SERVER_ADD_ON),
        "ok ok",
        "",
    ),
    (
        engines.kubernetes,
        kubernetes("EXTENDED_SUPPORT", "v0.8.0-eksbuild.1"),
        "fix fix",
        "METRICS_SERVER_ADD_ON",
    ),
    (engines.parameters, [defaults("rds", MYSQL), defaults("elasticache", CACHE)], "ok ok", ""),
    (
        engines.parameters,
        [
            defaults("rds", MYSQL, sql_generate_invisible_primary_key="ON,OFF"),
            defaults("elasticache", CACHE),
        ],
        "fix ok",
        "sql_generate_invisible_primary_key is 0; allowed: ON,OFF",
    ),
    (
        engines.parameters,
        [defaults("rds", MYSQL), defaults("elasticache", {})],
        "ok fix",
        "maxmemory-policy is unknown",
    ),
    (quotas.quotas, quota_calls(1000), "ok ok ok ok ok", ""),
    (
        quotas.quotas,
        quota_calls(0),
        "fix fix fix fix fix",
        "--service-code fargate --quota-code L-3032A538 --desired-value 20",
    ),
    (
        quotas.quotas,
        quota_calls(0),
        "fix fix fix fix fix",
        "0, and 2 are needed",
    ),  # other addresses count too
    (quotas.functions, [concurrency(1000)], "ok", ""),
    (quotas.functions, [concurrency(10)], "fix", "L-B99A9384"),
    (quotas.log_policies, log_policies(8), "ok", "others leave 2, and 2 are needed"),
    (quotas.log_policies, log_policies(9), "fix", "others leave 1, and 2 are needed"),
    (partial(domain.zone, resolve=lambda _: set(SERVERS)), [hosted_zone()], "ok ok", ""),
    (partial(domain.zone, resolve=lambda _: set()), [hosted_zone()], "ok fix", "none"),
    (partial(domain.zone, resolve=silent), [hosted_zone()], "ok unknown", "timed out"),
    (domain.zone, [hosted_zone("other.example.")], "fix", "is the zone of other.example"),
    (domain.zone, [hosted_zone(private=True)], "fix", "is private"),
    (domain.zone, [("route53", EDGE, "get_hosted_zone", "NoSuchHostedZone")], "fix", "not exist"),
    (domain.authorities, [caa()], "ok", "none"),
    (domain.authorities, [caa('0 issue "amazon.com"')], "ok", "is admitted"),
    (domain.authorities, [caa('128 ISSUE "Amazontrust.com; policy=ev"')], "ok", "is admitted"),
    (domain.authorities, [caa('0 issue "notamazon.com"')], "fix", '0 issue "amazon.com"'),
    (
        domain.authorities,
        [caa('0 issue "letsencrypt.org"', '0 issuewild "amazon.com"')],
        "fix",
        'the value 0 issue "amazon.com" to',
    ),
    (
        domain.authorities,
        [caa('0 issue "amazon.com"', '0 issuewild ";"')],
        "fix",
        'the value 0 issuewild "amazon.com" to',
    ),
    (domain.authorities, [caa('0 issue "letsencrypt.org"')], "fix", '0 issue "amazon.com"'),
    (domain.authorities, [caa('0 iodef "mailto:a"')], "ok", "none"),
    (
        domain.addresses,
        [listed(("Record", "AWS::Route53::RecordSet", "music"), region=EDGE)],
        "ok",
        "records of stack edge",
    ),
    (
        domain.addresses,
        [
            ("cloudformation", EDGE, "list_stack_resources", "ValidationError"),
            records(("music.example", "CAA"), ("music.example", "NS")),
        ],
        "ok",
        "none",
    ),
    (
        domain.addresses,
        [
            listed(("Function", "AWS::CloudFront::Function", "f"), region=EDGE),
            records(("old.music.example", "A")),
        ],
        "ok",
        "none",
    ),
    (
        domain.addresses,
        [listed(region=EDGE), records(("music.example", "A"), ("music.example", "AAAA"))],
        "fix",
        "delete the A and AAAA records of music.example",
    ),
    (secrets.secrets, [secret(), value(FIELDS)], "ok ok ok", ""),
    (
        secrets.secrets,
        [secret(KmsKeyId="arn:key/1"), value("hidden-token")],
        "ok fix fix",
        "missing accessToken and username",
    ),
    (secrets.secrets, [secret(DeletedDate=NOW)], "fix", "restore-secret"),
    (
        secrets.secrets,
        [("secretsmanager", HOME, "describe_secret", "ResourceNotFoundException")],
        "fix",
        "create-secret --region sa-east-1 --name ecr-pullthroughcache/docker-hub "
        "--tags Key=Project,Value=spotmusic Key=Env,Value=",
    ),
    (
        secrets.secrets,
        [("secretsmanager", HOME, "describe_secret", "ResourceNotFoundException")],
        "fix",
        "--query ARN; then set its ARN, which has a new suffix, in environments/",
    ),
    (
        secrets.secrets,
        [secret(), ("secretsmanager", HOME, "get_secret_value", "AccessDeniedException")],
        "ok ok unknown",
        "AccessDenied",
    ),
    (security.trail, trail(logs=True, EventSelectors=basic("All")), "ok", "all"),
    (security.trail, trail(logs=True, AdvancedEventSelectors=ADVANCED), "ok", "all"),
    (
        security.trail,
        trail(logs=True, EventSelectors=basic("ReadOnly")),
        "fix",
        "does not record write management events",
    ),
    (security.trail, trail(logs=False), "fix", "does not log"),
    (security.trail, trail(everywhere=False), "fix", "one region only"),
    (
        security.trail,
        [home("cloudtrail", "describe_trails", trailList=[])],
        "fix",
        "no trail exists",
    ),
    (security.detector, detector("ENABLED"), "ok", "d1"),
    (security.detector, detector("DISABLED"), "fix", "update-detector"),
    (security.detector, detector(None), "fix", "create-detector"),
    (routes.weights, [GONE], "ok", "does not exist yet"),
    (routes.weights, [SERVICES, weights(100, 0)], "ok", "no update moves traffic"),
    (
        routes.weights,
        [SERVICES, weights(0, 100)],
        "fix",
        "--cluster arn:cluster --service arn:service --force-new-deployment",
    ),
    (brokers.brokers, [GONE], "ok", "does not exist yet"),
    (brokers.brokers, brokers_of(rabbitmq=""), "ok ok", "none is registered yet"),
    (brokers.brokers, brokers_of("healthy", "healthy", "healthy"), "ok ok", "3 of 3 are healthy"),
    (
        brokers.brokers,
        brokers_of("healthy", "unhealthy", "healthy"),
        "fix ok",
        "2 of 3 are healthy",
    ),
    (
        brokers.brokers,
        brokers_of("healthy", "healthy", "healthy", rabbitmq="healthy healthy"),
        "ok fix",
        "docs/runbooks/rabbitmq.md",
    ),
    (grown.cluster, deployed_cluster("1.35"), "ok", "runs Kubernetes 1.35, the file has 1.36"),
    (grown.cluster, deployed_cluster("1.36"), "ok", "1.36"),
    (grown.cluster, deployed_cluster("1.37"), "fix", "write kubernetes.version: 1.37"),
    (grown.cluster, [listed()], "ok", "does not exist yet"),
    (grown.databases, [GONE], "ok", "does not exist yet"),
    (grown.databases, databases("8.4.10", 20), "ok", "version and storage do not exceed"),
    (grown.databases, databases("8.4.11", 20), "fix", "RDS runs MySQL 8.4.11, the file has 8.4.10"),
    (
        grown.databases,
        databases("8.4.12", 44),
        "fix fix",
        "RDS has grown to 44 GiB, the file has 20",
    ),
    (grown.cache, deployed_caches("cache.t4g.micro", ()), "ok", "is no smaller"),
    (
        grown.cache,
        deployed_caches("cache.r7g.large", (0.2, 0.9)),
        "ok",
        "cache0 held up to 0.9 GiB in 14 days",
    ),
    (
        grown.cache,
        deployed_caches("cache.r7g.large", (0.2, 9.8)),
        "fix",
        "9.8 GiB in 14 days, and cache.t4g.small holds 1.0",
    ),
    (
        grown.cache,
        deployed_caches("cache.r7g.large", (0.2, 0.9), (0.2, 1.2)),
        "ok fix",
        "cache1 held up to 1.2 GiB",
    ),
    (security.web_acl_logs, web_acl(OURS, 1), "ok", "logs arrive"),
    (security.web_acl_logs, web_acl(OURS, 0), "unknown", "no log has arrived yet"),
    (security.web_acl_logs, web_acl("aws-waf-logs-other"), "unknown", "documents disagree"),
    (domain.mail, identities("NotFoundException"), "fix", "SES has no identity music.example"),
    (
        domain.mail,
        identities({"VerifiedForSendingStatus": False}),
        "fix",
        "music.example is not verified",
    ),
    (
        domain.mail,
        identities({**VERIFIED, "ConfigurationSetName": "a"}),
        "fix",
        "music.example has the configuration set a",
    ),
    (
        domain.mail,
        identities(VERIFIED, VERIFIED),
        "fix",
        "hello@music.example is an identity as well",
    ),
    (
        domain.mail,
        identities(VERIFIED, "NotFoundException", False),
        "fix",
        "the account is in the sandbox",
    ),
    (domain.mail, identities(VERIFIED, "NotFoundException", True), "ok", "music.example may send"),
]


IDS = [
    f"{getattr(ask, '__name__', 'zone')}: {text or expected}" for ask, _, expected, text in VERDICTS
]


@pytest.mark.parametrize(("ask", "calls", "expected", "text"), VERDICTS, ids=IDS)
def test_check_has_verdict_and_advice(
    ask: Ask, calls: list[Call], expected: str, text: str
) -> None:
    found = asked(ask, *calls)
    assert states(found) == expected
    assert text in " ".join(f"{finding.detail} {finding.command}" for finding in found)
    assert "hidden-token" not in table(found)


def test_account_mismatch_is_reported() -> None:
    other = settings(
        (f'account: "{ACCOUNT}"', 'account: "444455556666"'), (f":{ACCOUNT}:", ":444455556666:")
    )
    found = asked(account.account, region("not-opted-in"), of=other, session_region="eu-west-1")
    assert states(found) == "fix fix fix"
    assert [finding.command for finding in found[1:]] == [
        "export AWS_REGION=sa-east-1",
        "aws account enable-region --region-name sa-east-1",
    ]


def test_missing_service_linked_roles_are_created() -> None:
    assert {*states(asked(account.service_linked_roles, *roles(ROLE))).split()} == {"ok"}
    created: Call = ("iam", EDGE, "create_service_linked_role", ROLE)
    context = context_of(Recorded([*roles("NoSuchEntity"), created]))
    first, *_ = account.service_linked_roles(context)
    advice = "aws iam create-service-linked-role --aws-service-name ecs.amazonaws.com"
    assert first.command == advice
    assert command.repaired(first).state == State.OK


@pytest.mark.parametrize(
    ("code", "state"), [("InvalidInput", State.OK), ("AccessDenied", State.FIX)]
)
def test_repair_reports_denials(code: str, state: State) -> None:
    clients = Recorded([("iam", EDGE, "create_service_linked_role", code)])
    create = partial(
        clients("iam", EDGE).create_service_linked_role, AWSServiceName="ecs.amazonaws.com"
    )
    assert command.repaired(fix("role ECS", "missing", "aws", create)).state == state


def unreachable() -> NoReturn:
    raise EndpointConnectionError(endpoint_url="https://iam.example")


def test_repair_reports_lost_connections() -> None:
    found = command.repaired(fix("role ECS", "missing", "aws", unreachable))
    assert (found.state, found.command) == (State.FIX, "aws")
    assert "iam.example" in found.detail


@pytest.mark.parametrize(
    ("login", "repaired"), [(ACCOUNT, True), ("444455556666", False), ("000000000000", True)]
)
def test_repair_spares_other_accounts(
    login: str, repaired: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[bool] = []
    finding = fix("role ECS", "missing", "aws", lambda: done.append(True))
    monkeypatch.setattr(command, "CHECKS", {"check": lambda _: [finding]})
    command.check(replace(context_of(Recorded([])), account=login), repair=True)
    assert bool(done) is repaired


@pytest.mark.parametrize(
    ("type_", "expected"),
    [
        ("AWS::ECR::RegistryScanningConfiguration", "fix"),
        ("AWS::ECR::Repository", "ok"),
    ],
)
def test_other_owner_of_registry_scanning_is_reported(type_: str, expected: str) -> None:
    names = ("spotmusic-demo-registry", "spotmusic-demo-data", "spotmusic-live-registry")
    found = [{**stack()["Stacks"][0], "StackName": name} for name in names]
    calls = [
        home("cloudformation", "describe_stacks", Stacks=found),
        listed(("Scanning0123", type_, ACCOUNT)),
    ]
    findings = asked(account.registry_scanning, *calls)
    assert states(findings) == expected
    assert ("spotmusic-live-registry" in findings[0].detail) is (expected == "fix")


def test_registry_scanning_of_another_environment_is_accepted() -> None:
    other = settings(("registry: {", "registry: {account_scanning: false, "))
    assert states(asked(account.registry_scanning, of=other)) == "ok"


def test_fault_injection_requires_role() -> None:
    injecting = settings(("services:", "resilience: {fault_injection: true}\nservices:"))
    calls = [*roles(ROLE), ("iam", EDGE, "get_role", "NoSuchEntity")]
    assert asked(account.service_linked_roles, *calls, of=injecting)[-1].command.endswith(
        "fis.amazonaws.com"
    )


@pytest.mark.parametrize(
    ("allowed", "value", "expected"),
    [
        ("0,1", "1", True),
        ("0,1", "OFF", False),
        ("0-31536000", "1", True),
        ("0-100", "101", False),
        ("a,b,c", "a,b", True),
        ("", "x", True),
    ],
)
def test_allowed_values_are_parsed(allowed: str, value: str, expected: bool) -> None:
    assert engines.admitted(value, allowed) is expected


def log_groups(name: str) -> Call:
    return home("logs", "describe_log_groups", logGroups=[{"logGroupName": name}])


LOG_GROUP, CLUSTER, VAULT = (
    "/aws/eks/spotmusic-demo/cluster",
    "spotmusic-demo",
    "demodataBackupVault0123ABCD",
)
LEFTOVERS: list[tuple[Ask, str, Callable[[str], Call], str]] = [
    (
        leftovers.log_groups,
        LOG_GROUP,
        log_groups,
        f"{LOG_GROUP}-old",
    ),
    (
        leftovers.cluster,
        CLUSTER,
        lambda name: home("eks", "list_clusters", clusters=[name]),
        "spotmusic-other",
    ),
    (
        leftovers.vaults,
        VAULT,
        lambda name: home(
            "backup", "list_backup_vaults", BackupVaultList=[{"BackupVaultName": name}]
        ),
        "Default",
    ),
]


@pytest.mark.parametrize(("ask", "name", "listing", "unrelated"), LEFTOVERS)
def test_orphaned_resources_are_reported(
    ask: Ask, name: str, listing: Callable[[str], Call], unrelated: str
) -> None:
    assert states(asked(ask, listing(unrelated))) == "ok"
    assert states(asked(ask, listing(name), listed(("A", "T", name)))) == "ok"
    for call in (
        listed(("A", "T", name), status="DELETE_SKIPPED"),
        listed(("A", "T", "other")),
        GONE,
    ):
        (found,) = asked(ask, listing(name), call)
        assert (found.state, "delete-" in found.command) == (State.FIX, True)


def test_orphaned_authority_parameter_is_reported() -> None:
    kept = home(
        "ssm", "get_parameters", Parameters=[{"Name": "/spotmusic/demo/internal-authority"}]
    )
    for answer, expected in (("ValidationError", "fix"), (stack(), "ok")):
        found = asked(
            leftovers.parameter,
            kept,
            ("cloudformation", HOME, "describe_stacks", answer),
            of=settings((DOMAIN, "")),
        )
        assert states(found) == expected
    assert states(asked(leftovers.parameter)) == "ok"


def test_tagged_rule_is_reported() -> None:
    blue_green = settings(("route: /v1/playback,", "route: /v1/playback, deployment: blue_green,"))

    def tags(key: str) -> Call:
        return home(
            "elbv2",
            "describe_tags",
            TagDescriptions=[{"ResourceArn": "arn:rule", "Tags": [{"Key": key, "Value": "x"}]}],
        )

    found = states(
        asked(routes.weights, SERVICES, tags("aws:cloudformation:stack-name"), of=blue_green)
    )
    assert found == "ok"
    actual = states(asked(routes.weights, SERVICES, tags("Owner"), weights(0, 100), of=blue_green))
    assert actual == "fix"


@pytest.fixture
def resolver() -> Iterator[str]:
    """Address of a DNS server that delegates `music.example` to one name server."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))

        def respond() -> None:
            query, client = server.recvfrom(4096)
            question = query[12 : query.index(b"\0", 12) + 5]
            known = b"\x05music" in question
            name = b"\x04NS-1\x09awsdns-01\x03org\x00"
            record = b"\xc0\x0c" + struct.pack("!2HIH", 2, 1, 60, len(name)) + name
            header = query[:2] + struct.pack(
                "!5H", 0x8180 if known else 0x8183, 1, int(known), 0, 0
            )
            server.sendto(header + question + (record if known else b""), client)

        threading.Thread(target=respond, daemon=True).start()
        yield f"127.0.0.1:{server.getsockname()[1]}"


@pytest.mark.parametrize(
    ("name", "expected"), [("music.example", {"ns-1.awsdns-01.org"}), ("none.example", set())]
)
def test_name_servers_are_those_of_delegation(resolver: str, name: str, expected: set[str]) -> None:
    assert domain.name_servers(name, resolver) == expected


def test_missing_resolver_raises() -> None:
    with pytest.raises(OSError, match="ECONNREFUSED"):
        domain.name_servers("music.example", "127.0.0.1:1")


@pytest.mark.parametrize("name", command.CHECKS)
def test_denied_call_could_not_be_asked(name: str) -> None:
    def denied(model: Any, **_: object) -> None:
        raise ClientError({"Error": {"Code": "AccessDenied", "Message": "refused"}}, model.name)

    def clients(service: str, place: str) -> Any:
        client = SESSION.client(service, region_name=place)
        client.meta.events.register("before-call", denied)
        return client

    of = settings((DOMAIN, "")) if name == "parameter" else None
    last = [*run({name: command.CHECKS[name]}, context_of(clients, of))][-1]
    assert (last.state, last.check) == (State.COULD_NOT_ASK, name)
    assert "AccessDenied" in last.detail


def test_unreachable_service_fails_own_check() -> None:
    recorded = Recorded([zones("sae1-az1", "sae1-az2")])
    checks = {"one": lambda _: unreachable(), "two": network.zones}
    found = states(run(checks, context_of(recorded)))
    assert found == "unknown ok ok"


@pytest.mark.parametrize(
    ("found", "strict", "status"),
    [("fix", False, 1), ("could not ask", False, 0), ("could not ask", True, 1), ("ok", True, 0)],
)
def test_preflight_status_follows_findings(
    found: str,
    strict: bool,
    status: int,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    finding = Finding(check="check", state=State(found), detail="detail", command="do it")
    monkeypatch.setattr(command, "CHECKS", {"check": lambda _: [finding]})
    assert command.check(context_of(Recorded([])), strict=strict) == status
    assert ("→ do it" in capsys.readouterr().out) is (found != "ok")


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({}, None),
        ({"AWS_DEFAULT_REGION": "eu-west-1"}, "eu-west-1"),
        ({"AWS_DEFAULT_REGION": "eu-west-1", "AWS_REGION": HOME}, HOME),
    ],
)
def test_caller_is_known_without_the_home_region(
    variables: dict[str, str], expected: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    identity = {"UserId": "AIDA", "Account": ACCOUNT, "Arn": f"arn:aws:iam::{ACCOUNT}:user/a"}
    recorded = Recorded([("sts", EDGE, "get_caller_identity", identity)])
    monkeypatch.setattr(clients, "_clients_of", lambda _: recorded)
    found = clients.connect(settings())
    assert (found.account, found.session_region) == (ACCOUNT, expected)


@pytest.mark.parametrize("error", [NoCredentialsError(), ProfileNotFound(profile="absent")])
def test_missing_credentials_have_no_traceback(
    error: Exception, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refused(*_: object) -> Context:
        raise error

    monkeypatch.setattr(command, "connect", refused)
    assert command.main(["--env", "dev"]) == 1
    assert "AWS_PROFILE=NAME make preflight ENV=dev" in capsys.readouterr().err


def test_preflight_rejects_unknown_environment(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["--env", "absent"]) == 1
    assert "there is no environment" in capsys.readouterr().err
