"""Checks of an account, against responses in the shapes of botocore's service models."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import EndpointConnectionError, NoCredentialsError, ProfileNotFound
from botocore.stub import Stubber

from spotmusic_cdk import versions
from spotmusic_cdk.settings import Settings, parse
from spotmusic_constructs.data.parameters import CACHE, MYSQL
from tests.guards.test_commands import wrong
from tools.preflight import __main__ as command
from tools.preflight import account, domain, edge, engines, grown, leftovers, mail, network, quotas, routes, secrets, security
from tools.preflight.finding import Check, Context, Finding, State, fix, run
from tools.preflight.report import table

ACCOUNT = "111122223333"
HOME = "sa-east-1"
DOCKER_HUB = f"arn:aws:secretsmanager:{HOME}:{ACCOUNT}:secret:ecr-pullthroughcache/docker-hub-AbCdEf"
FILE = f"""
name: demo
account: "{ACCOUNT}"
zones: [sa-east-1a, sa-east-1b]
domain: {{name: music.example, hosted_zone_id: Z0123456789EXAMPLE}}
network: {{interface_endpoints: [sts]}}
mail: {{sender: hello@music.example}}
registry: {{docker_hub_credentials: "{DOCKER_HUB}"}}
services:
  playback: {{cpu: 1024, memory: 2048, route: /v1/playback, scaling: {{max: 10}}}}
"""
NOW = datetime(2026, 11, 24, tzinfo=UTC)
ROLE = {"Path": "/", "RoleName": "role", "RoleId": "AROA0123456789EXAMPLE", "Arn": f"arn:aws:iam::{ACCOUNT}:role/role", "CreateDate": NOW}
SESSION = boto3.Session(aws_access_key_id="AKIAIOSFODNN7EXAMPLE", aws_secret_access_key="example")
Call = tuple[str, str, str, Mapping[str, Any] | str]
"""Service, region, operation, and the response or the error code."""


def settings(*changes: tuple[str, str]) -> Settings:
    text = FILE
    for old, new in changes:
        text = text.replace(old, new)
    return parse(text, source=Path("demo.yaml"))


@dataclass
class Recorded:
    """Clients that return recorded responses in order and reject any other call."""

    calls: Sequence[Call]
    stubs: dict[tuple[str, str], tuple[Any, Stubber]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for service, region, operation, answer in self.calls:
            stub = self._stubbed(service, region)[1]
            if isinstance(answer, str):
                stub.add_client_error(operation, answer, "refused")
            else:
                stub.add_response(operation, dict(answer))

    def _stubbed(self, service: str, region: str) -> tuple[Any, Stubber]:
        if (service, region) not in self.stubs:
            client = SESSION.client(service, region_name=region)
            self.stubs[service, region] = client, Stubber(client)
        return self.stubs[service, region]

    def __call__(self, service: str, region: str) -> Any:
        client, stub = self._stubbed(service, region)
        stub.activate()
        return client

    def exhausted(self) -> None:
        for _, stub in self.stubs.values():
            stub.assert_no_pending_responses()


def run_checks(checks: Iterable[Check], *calls: Call, of: Settings | None = None) -> list[Finding]:
    """Runs checks against recorded responses; requires all calls and valid commands."""
    recorded = Recorded(calls)
    context = Context(settings=of or settings(), clients=recorded, account=ACCOUNT, session_region=HOME)
    findings = [*run([*checks], context)]
    recorded.exhausted()
    assert [*wrong("\n".join(f"`{finding.command}`" for finding in findings))] == []
    return findings


def states(findings: Sequence[Finding]) -> list[str]:
    return [str(finding.state) for finding in findings]


def only(*asks: Callable[[Context], Iterable[Finding]]) -> list[Check]:
    return [Check(name="check", ask=ask) for ask in asks]


def region(status: str) -> Call:
    return ("ec2", "us-east-1", "describe_regions", {"Regions": [{"RegionName": HOME, "OptInStatus": status}]})


def test_account_and_region_match_the_file() -> None:
    assert states(run_checks(only(account.account), region("opt-in-not-required"))) == ["ok", "ok", "ok"]


def test_account_mismatch_is_reported() -> None:
    other = settings((f'account: "{ACCOUNT}"', 'account: "444455556666"'), (f":{ACCOUNT}:", ":444455556666:"))
    found = run_checks(only(account.account), region("not-opted-in"), of=other)
    assert states(found) == ["fix", "ok", "fix"]
    assert found[2].command == "aws account enable-region --region-name sa-east-1"


def test_session_region_mismatch_is_reported() -> None:
    context = Context(settings=settings(), clients=Recorded([region("opted-in")]), account=ACCOUNT, session_region="eu-west-1")
    found = [*account.account(context)]
    assert (states(found), found[1].command) == (["ok", "fix", "ok"], "export AWS_REGION=sa-east-1")


def stack(status: str = "UPDATE_COMPLETE", version: str = "30", **more: Any) -> dict[str, Any]:
    outputs = [{"OutputKey": "BootstrapVersion", "OutputValue": version}]
    return {"Stacks": [{"StackName": "CDKToolkit", "CreationTime": NOW, "StackStatus": status, "Outputs": outputs, **more}]}


def test_bootstrap_exists_in_both_regions() -> None:
    calls = [("cloudformation", place, "describe_stacks", stack()) for place in (HOME, "us-east-1")]
    assert states(run_checks(only(account.bootstrap), *calls)) == ["ok", "ok"]


@pytest.mark.parametrize("answer", ["ValidationError", stack(version="5"), stack(status="ROLLBACK_COMPLETE")])
def test_unusable_bootstrap_is_reported(answer: str | dict[str, Any]) -> None:
    calls = [("cloudformation", place, "describe_stacks", answer) for place in (HOME, "us-east-1")]
    found = run_checks(only(account.bootstrap), *calls)
    assert [line.command for line in found] == [f"npx cdk bootstrap aws://{ACCOUNT}/{place}" for place in (HOME, "us-east-1")]


def simulated(decision: str) -> Call:
    results = [{"EvalActionName": "cloudformation:DescribeStacks", "EvalDecision": decision}]
    return ("iam", "us-east-1", "simulate_principal_policy", {"EvaluationResults": results})


def test_weak_references_need_describe_stacks() -> None:
    found = run_checks(only(account.weak_references), simulated("allowed"), simulated("implicitDeny"))
    assert states(found) == ["ok", "fix"]
    assert "--cloudformation-execution-policies" in found[1].command


def test_missing_execution_role_asks_for_bootstrap() -> None:
    calls = [("iam", "us-east-1", "simulate_principal_policy", "NoSuchEntity")] * 2
    assert states(run_checks(only(account.weak_references), *calls)) == ["fix", "fix"]


def roles(answer: Mapping[str, Any] | str) -> list[Call]:
    return [("iam", "us-east-1", "get_role", answer) for _ in account.SERVICE_LINKED_ROLES]


def test_existing_service_linked_roles_are_ok() -> None:
    assert set(states(run_checks(only(account.service_linked_roles), *roles({"Role": ROLE})))) == {"ok"}


def test_missing_service_linked_roles_are_created() -> None:
    first, *_ = found = run_checks(only(account.service_linked_roles), *roles("NoSuchEntity"))
    assert set(states(found)) == {"fix"}
    assert first.command == "aws iam create-service-linked-role --aws-service-name ecs.amazonaws.com"
    clients = Recorded([("iam", "us-east-1", "create_service_linked_role", {"Role": ROLE})])
    create = partial(clients("iam", "us-east-1").create_service_linked_role, AWSServiceName="ecs.amazonaws.com")
    assert command.repaired(replace(first, repair=create)).state == State.OK


@pytest.mark.parametrize(("code", "state"), [("InvalidInput", State.OK), ("AccessDenied", State.FIX)])
def test_repair_reports_denials(code: str, state: State) -> None:
    clients = Recorded([("iam", "us-east-1", "create_service_linked_role", code)])
    create = partial(clients("iam", "us-east-1").create_service_linked_role, AWSServiceName="ecs.amazonaws.com")
    assert command.repaired(fix("role ECS", "there is none", "aws", create)).state == state


def test_fault_injection_requires_role() -> None:
    injecting = settings(("services:", "resilience: {fault_injection: true}\nservices:"))
    calls = [*roles({"Role": ROLE}), ("iam", "us-east-1", "get_role", "NoSuchEntity")]
    assert run_checks(only(account.service_linked_roles), *calls, of=injecting)[-1].command.endswith("fis.amazonaws.com")


def policies(answer: Mapping[str, Any] | str) -> list[Call]:
    return [("iam", "us-east-1", "get_policy", answer) for _ in account.MANAGED_POLICIES]


@pytest.mark.parametrize(
    ("answer", "state"), [({"Policy": {"IsAttachable": True}}, "ok"), ({"Policy": {"IsAttachable": False}}, "fix"), ("NoSuchEntity", "fix")]
)
def test_managed_policies_are_attachable(answer: dict[str, Any] | str, state: str) -> None:
    assert states(run_checks(only(account.managed_policies), *policies(answer))) == [state]


def stacks(first: Mapping[str, Any] | str) -> list[Call]:
    places = [place or HOME for place in account.STACKS.values()]
    return [("cloudformation", place, "describe_stacks", stack() if number else first) for number, place in enumerate(places)]


@pytest.mark.parametrize(
    ("first", "state"),
    [("ValidationError", "ok"), (stack(), "ok"), (stack("UPDATE_ROLLBACK_COMPLETE"), "ok"), (stack("ROLLBACK_COMPLETE"), "ok")],
)
def test_stable_stacks_accept_updates(first: dict[str, Any] | str, state: str) -> None:
    assert states(run_checks(only(account.stacks), *stacks(first))) == [state]


@pytest.mark.parametrize(
    ("status", "way_out"),
    [
        ("UPDATE_ROLLBACK_FAILED", "continue-update-rollback"),
        ("UPDATE_IN_PROGRESS", "wait until it ends"),
        ("ROLLBACK_FAILED", "failed-first-deployment"),
    ],
)
def test_blocked_stacks_are_reported(status: str, way_out: str) -> None:
    (found,) = run_checks(only(account.stacks), *stacks(stack(status)))
    assert (found.check, found.detail) == ("stack network", status)
    assert way_out in found.command


def zones(*ids: str, state: str = "available") -> Call:
    names = ("sa-east-1a", "sa-east-1b")
    entries = [{"ZoneName": name, "ZoneId": id_, "State": state} for name, id_ in zip(names, ids, strict=False)]
    return ("ec2", HOME, "describe_availability_zones", {"AvailabilityZones": entries})


def test_zones_are_checked_by_id() -> None:
    assert states(run_checks(only(network.zones), zones("sae1-az1", "sae1-az2"))) == ["ok", "ok"]
    found = run_checks(only(network.zones), zones("use1-az3", "apne2-az1"))
    assert states(found) == ["fix", "fix"]
    assert found[0].detail == "use1-az3 does not support EKS and CloudFront VPC origins"
    assert found[1].detail == "apne2-az1 does not support CloudFront VPC origins"


def test_unavailable_zones_are_reported() -> None:
    assert states(run_checks(only(network.zones), zones("sae1-az1", state="impaired"))) == ["fix", "fix"]


@pytest.mark.parametrize(("zone", "state"), [("sa-east-1b", "ok"), ("sa-east-1c", "fix")])
def test_interface_endpoints_cover_every_zone(zone: str, state: str) -> None:
    detail = {"ServiceName": f"com.amazonaws.{HOME}.sts", "AvailabilityZones": ["sa-east-1a", zone]}
    call: Call = ("ec2", HOME, "describe_vpc_endpoint_services", {"ServiceDetails": [detail]})
    assert states(run_checks(only(network.endpoints), call)) == [state]


@pytest.mark.parametrize(("found", "state"), [(versions.CLOUDFRONT_ORIGIN_PREFIX_LISTS[HOME], "ok"), ("pl-0", "fix")])
def test_prefix_list_matches_pin(found: str, state: str) -> None:
    call: Call = ("ec2", HOME, "describe_managed_prefix_lists", {"PrefixLists": [{"PrefixListId": found}]})
    assert states(run_checks(only(network.prefix_list), call)) == [state]


def orderable(*names: str, storage: str = "gp3", multi_az: bool = True) -> Call:
    option = {"StorageType": storage, "MultiAZCapable": multi_az, "AvailabilityZones": [{"Name": name} for name in names]}
    return ("rds", HOME, "describe_orderable_db_instance_options", {"OrderableDBInstanceOptions": [option]})


def engine(*found: str) -> Call:
    return ("rds", HOME, "describe_db_engine_versions", {"DBEngineVersions": [{"EngineVersion": version} for version in found]})


def test_database_classes_are_orderable() -> None:
    found = run_checks(only(engines.databases), engine("8.4.10"), orderable("sa-east-1a", "sa-east-1b"))
    assert states(found) == ["ok", "ok"]


@pytest.mark.parametrize(
    "offer",
    [orderable("sa-east-1a"), orderable("sa-east-1a", "sa-east-1b", storage="io1"), orderable("sa-east-1a", "sa-east-1b", multi_az=False)],
)
def test_unorderable_database_classes_are_reported(offer: Call) -> None:
    assert states(run_checks(only(engines.databases), engine(), offer)) == ["fix", "fix"]


def caches(version: str, *offers: str) -> list[Call]:
    return [
        ("elasticache", HOME, "describe_cache_engine_versions", {"CacheEngineVersions": [{"EngineVersion": version}]}),
        (
            "elasticache",
            HOME,
            "describe_reserved_cache_nodes_offerings",
            {"ReservedCacheNodesOfferings": [{"CacheNodeType": offer} for offer in offers]},
        ),
    ]


@pytest.mark.parametrize(
    ("version", "offers", "expected"),
    [("7.1", ["cache.t4g.small"], ["ok", "ok"]), ("7.1.0", ["x"], ["ok", "ok"]), ("7.0", [], ["fix", "fix"])],
)
def test_cache_is_offered(version: str, offers: list[str], expected: list[str]) -> None:
    assert states(run_checks(only(engines.cache), *caches(version, *offers))) == expected


@pytest.mark.parametrize(
    ("status", "build", "expected"),
    [("STANDARD_SUPPORT", versions.METRICS_SERVER_ADD_ON, ["ok", "ok"]), ("EXTENDED_SUPPORT", "v0.8.0-eksbuild.1", ["fix", "fix"])],
)
def test_kubernetes_and_add_on_are_offered(status: str, build: str, expected: list[str]) -> None:
    found = run_checks(
        only(engines.kubernetes),
        ("eks", HOME, "describe_cluster_versions", {"clusterVersions": [{"clusterVersion": "1.36", "versionStatus": status}]}),
        ("eks", HOME, "describe_addon_versions", {"addons": [{"addonVersions": [{"addonVersion": build}]}]}),
    )
    assert states(found) == expected
    if "fix" in expected:
        assert "METRICS_SERVER_ADD_ON" in found[1].command


def defaults(service: str, used: Mapping[str, str], **allowed: str) -> Call:
    parameters = [{"ParameterName": name, "IsModifiable": True, "AllowedValues": allowed.get(name, value)} for name, value in used.items()]
    return (service, HOME, "describe_engine_default_parameters", {"EngineDefaults": {"Parameters": parameters}})


def test_engine_parameters_are_valid() -> None:
    assert states(run_checks(only(engines.parameters), defaults("rds", MYSQL), defaults("elasticache", CACHE))) == ["ok", "ok"]


def test_invalid_engine_parameters_are_reported() -> None:
    mysql = defaults("rds", MYSQL, sql_generate_invisible_primary_key="ON,OFF")
    found = run_checks(only(engines.parameters), mysql, defaults("elasticache", {}))
    assert states(found) == ["fix", "fix"]
    assert found[0].detail == "sql_generate_invisible_primary_key is 0; allowed: ON,OFF"
    assert found[1].detail == "maxmemory-policy is unknown; reserved-memory-percent is unknown"


@pytest.mark.parametrize(
    ("value", "allowed", "expected"),
    [
        ("1", "0,1", True),
        ("OFF", "0,1", False),
        ("1", "0-31536000", True),
        ("101", "0-100", False),
        ("a,b", "a,b,c", True),
        ("x", "", True),
    ],
)
def test_allowed_values_are_parsed(value: str, allowed: str, expected: bool) -> None:
    assert engines.admitted(value, allowed) is expected


def quota_calls(value: float) -> list[Call]:
    own = {"PublicIp": "203.0.113.1", "Tags": [{"Key": "Project", "Value": "spotmusic"}, {"Key": "Env", "Value": "demo"}]}
    return [
        ("ec2", HOME, "describe_addresses", {"Addresses": [own, {"PublicIp": "203.0.113.2"}]}),
        ("service-quotas", HOME, "get_service_quota", "NoSuchResourceException"),
        ("service-quotas", HOME, "get_aws_default_service_quota", {"Quota": {"Value": value}}),
        *[("service-quotas", HOME, "get_service_quota", {"Quota": {"Value": value}})] * 4,
    ]


def test_quotas_are_sufficient() -> None:
    assert states(run_checks(only(quotas.quotas), *quota_calls(1000))) == ["ok"] * 5


def test_insufficient_quotas_are_reported() -> None:
    found = run_checks(only(quotas.quotas), *quota_calls(0))
    assert states(found) == ["fix"] * 5
    assert found[0].command.endswith("--service-code fargate --quota-code L-3032A538 --desired-value 20")
    assert found[2].detail == "0, and 2 are needed", "the address of another counts"


@pytest.mark.parametrize(("value", "state"), [(1000, "ok"), (10, "fix")])
def test_lambda_concurrency_is_checked(value: int, state: str) -> None:
    call: Call = ("lambda", HOME, "get_account_settings", {"AccountLimit": {"ConcurrentExecutions": value}})
    assert states(run_checks(only(quotas.functions), call)) == [state]


def hosted_zone(name: str = "music.example.", *, private: bool = False) -> Call:
    answer = {
        "HostedZone": {"Id": "/hostedzone/Z0", "Name": name, "CallerReference": "first", "Config": {"PrivateZone": private}},
        "DelegationSet": {"NameServers": ["ns-1.awsdns-01.org", "ns-2.awsdns-02.com"]},
    }
    return ("route53", "us-east-1", "get_hosted_zone", answer)


def test_delegation_matches_zone_servers() -> None:
    servers = {"ns-1.awsdns-01.org", "ns-2.awsdns-02.com"}
    assert states(run_checks(only(partial(domain.zone, resolve=lambda _: servers)), hosted_zone())) == ["ok", "ok"]
    assert states(run_checks(only(partial(domain.zone, resolve=lambda _: set())), hosted_zone())) == ["ok", "fix"]


@pytest.mark.parametrize("call", [hosted_zone("other.example."), hosted_zone(private=True)])
def test_wrong_hosted_zone_is_reported(call: Call) -> None:
    assert states(run_checks(only(domain.zone), call)) == ["fix"]


def test_delegation_without_a_resolver_is_unknown() -> None:
    def silent(_: str) -> set[str]:
        raise TimeoutError("timed out")

    assert states(run_checks(only(partial(domain.zone, resolve=silent)), hosted_zone())) == ["ok", "could not ask"]


@pytest.mark.parametrize(
    ("values", "state"),
    [([], "ok"), (['0 issue "amazon.com"'], "ok"), (['0 issue "letsencrypt.org"'], "fix"), (['0 iodef "mailto:a"'], "ok")],
)
def test_caa_records_admit_amazon(values: list[str], state: str) -> None:
    records = [{"Name": "music.example.", "Type": "CAA", "TTL": 60, "ResourceRecords": [{"Value": value} for value in values]}]
    answer = {"ResourceRecordSets": records if values else [], "IsTruncated": False, "MaxItems": "1"}
    assert states(run_checks(only(domain.authorities), ("route53", "us-east-1", "list_resource_record_sets", answer))) == [state]


def secret(**more: Any) -> Call:
    return ("secretsmanager", HOME, "describe_secret", {"ARN": DOCKER_HUB, "Name": "ecr-pullthroughcache/docker-hub", **more})


def value(text: str) -> Call:
    return ("secretsmanager", HOME, "get_secret_value", {"SecretString": text})


def test_pull_secret_has_its_key_and_fields() -> None:
    found = run_checks(only(secrets.secrets), secret(), value('{"username": "user", "accessToken": "hidden-token"}'))
    assert states(found) == ["ok", "ok", "ok"]
    assert "hidden-token" not in table(found)


def test_invalid_pull_secret_is_reported() -> None:
    found = run_checks(only(secrets.secrets), secret(KmsKeyId=f"arn:aws:kms:{HOME}:{ACCOUNT}:key/1"), value("hidden-token"))
    assert states(found) == ["ok", "fix", "fix"]
    assert "hidden-token" not in table(found)


def test_missing_pull_secret_is_reported() -> None:
    missing: Call = ("secretsmanager", HOME, "describe_secret", "ResourceNotFoundException")
    assert (
        "create-secret --region sa-east-1 --name ecr-pullthroughcache/docker-hub " in run_checks(only(secrets.secrets), missing)[0].command
    )
    assert "restore-secret" in run_checks(only(secrets.secrets), secret(DeletedDate=NOW))[0].command


def test_unreadable_secret_keeps_other_findings() -> None:
    denied: Call = ("secretsmanager", HOME, "get_secret_value", "AccessDeniedException")
    assert states(run_checks(only(secrets.secrets), secret(), denied)) == ["ok", "ok", "could not ask"]


def trails(*, everywhere: bool = True) -> Call:
    trail = {"Name": "all", "TrailARN": f"arn:aws:cloudtrail:{HOME}:{ACCOUNT}:trail/all", "IsMultiRegionTrail": everywhere}
    return ("cloudtrail", HOME, "describe_trails", {"trailList": [trail]})


def logging(state: bool = True) -> Call:
    return ("cloudtrail", HOME, "get_trail_status", {"IsLogging": state})


def selectors(**answer: Any) -> Call:
    return ("cloudtrail", HOME, "get_event_selectors", answer)


BASIC = selectors(EventSelectors=[{"ReadWriteType": "All", "IncludeManagementEvents": True}])
READS = selectors(EventSelectors=[{"ReadWriteType": "ReadOnly", "IncludeManagementEvents": True}])
ADVANCED = selectors(AdvancedEventSelectors=[{"FieldSelectors": [{"Field": "eventCategory", "Equals": ["Management"]}]}])


@pytest.mark.parametrize(
    ("calls", "state"),
    [
        ([trails(), logging(), BASIC], "ok"),
        ([trails(), logging(), ADVANCED], "ok"),
        ([trails(), logging(), READS], "fix"),
        ([trails(), logging(False)], "fix"),
        ([trails(everywhere=False)], "fix"),
        ([("cloudtrail", HOME, "describe_trails", {"trailList": []})], "fix"),
    ],
)
def test_trail_covers_all_regions(calls: list[Call], state: str) -> None:
    assert states(run_checks(only(security.trail), *calls)) == [state]


def detector(status: str) -> list[Call]:
    details = {"ServiceRole": "role", "Status": status}
    return [("guardduty", HOME, "list_detectors", {"DetectorIds": ["d1"]}), ("guardduty", HOME, "get_detector", details)]


def test_detector_is_enabled() -> None:
    assert states(run_checks(only(security.detector), *detector("ENABLED"))) == ["ok"]
    assert "update-detector" in run_checks(only(security.detector), *detector("DISABLED"))[0].command
    assert "create-detector" in run_checks(only(security.detector), ("guardduty", HOME, "list_detectors", {"DetectorIds": []}))[0].command


GROUP = "/aws/eks/spotmusic-demo/cluster"
VAULT = "demodataBackupVault0123ABCD"


def resources(name: str, status: str = "CREATE_COMPLETE") -> Call:
    entry = {
        "LogicalResourceId": "A",
        "PhysicalResourceId": name,
        "ResourceType": "T",
        "LastUpdatedTimestamp": NOW,
        "ResourceStatus": status,
    }
    return ("cloudformation", HOME, "list_stack_resources", {"StackResourceSummaries": [entry]})


@pytest.mark.parametrize(
    ("ask", "name", "listing"),
    [
        (leftovers.log_groups, GROUP, ("logs", HOME, "describe_log_groups", {"logGroups": [{"logGroupName": GROUP}]})),
        (leftovers.cluster, "spotmusic-demo", ("eks", HOME, "list_clusters", {"clusters": ["spotmusic-demo"]})),
        (leftovers.vaults, VAULT, ("backup", HOME, "list_backup_vaults", {"BackupVaultList": [{"BackupVaultName": VAULT}]})),
    ],
)
def test_orphaned_resources_are_reported(ask: Callable[[Context], Iterable[Finding]], name: str, listing: Call) -> None:
    assert states(run_checks(only(ask), listing, resources(name))) == ["ok"]
    gone: Call = ("cloudformation", HOME, "list_stack_resources", "ValidationError")
    for call in (resources(name, "DELETE_SKIPPED"), resources("other"), gone):
        (found,) = run_checks(only(ask), listing, call)
        assert (found.state, "delete-" in found.command) == (State.FIX, True)


@pytest.mark.parametrize(
    ("ask", "listing"),
    [
        (leftovers.log_groups, ("logs", HOME, "describe_log_groups", {"logGroups": [{"logGroupName": f"{GROUP}-old"}]})),
        (leftovers.cluster, ("eks", HOME, "list_clusters", {"clusters": ["spotmusic-other"]})),
        (leftovers.vaults, ("backup", HOME, "list_backup_vaults", {"BackupVaultList": [{"BackupVaultName": "Default"}]})),
    ],
)
def test_unrelated_resources_are_ok(ask: Callable[[Context], Iterable[Finding]], listing: Call) -> None:
    assert states(run_checks(only(ask), listing)) == ["ok"]


def test_orphaned_authority_parameter_is_reported() -> None:
    without = settings(("domain: {name: music.example, hosted_zone_id: Z0123456789EXAMPLE}\n", ""))
    kept: Call = ("ssm", HOME, "get_parameters", {"Parameters": [{"Name": "/spotmusic/demo/internal-authority"}]})
    gone: Call = ("cloudformation", HOME, "describe_stacks", "ValidationError")
    stands: Call = ("cloudformation", HOME, "describe_stacks", stack())
    assert states(run_checks(only(leftovers.parameter), kept, gone, of=without)) == ["fix"]
    assert states(run_checks(only(leftovers.parameter), kept, stands, of=without)) == ["ok"]
    assert states(run_checks(only(leftovers.parameter))) == ["ok"]


def services_stack() -> Call:
    kinds = {
        "ClusterC2E21B66": "AWS::ECS::Cluster",
        "playbackService01": "AWS::ECS::Service",
        "playbackIngressTargetGroup02": "AWS::ElasticLoadBalancingV2::TargetGroup",
        "playbackIngressAlternateTargetGroup03": "AWS::ElasticLoadBalancingV2::TargetGroup",
        "playbackIngressRule04": "AWS::ElasticLoadBalancingV2::ListenerRule",
    }
    entries = [
        {
            "LogicalResourceId": logical_id,
            "PhysicalResourceId": f"arn:{logical_id}",
            "ResourceType": kind,
            "LastUpdatedTimestamp": NOW,
            "ResourceStatus": "UPDATE_COMPLETE",
        }
        for logical_id, kind in kinds.items()
    ]
    return ("cloudformation", HOME, "list_stack_resources", {"StackResourceSummaries": entries})


def live(first: int, alternate: int) -> Call:
    groups = [
        {"TargetGroupArn": "arn:playbackIngressTargetGroup02", "Weight": first},
        {"TargetGroupArn": "arn:playbackIngressAlternateTargetGroup03", "Weight": alternate},
    ]
    return ("elbv2", HOME, "describe_rules", {"Rules": [{"Actions": [{"Type": "forward", "ForwardConfig": {"TargetGroups": groups}}]}]})


def tags(*keys: str) -> Call:
    entry = {"ResourceArn": "arn:playbackIngressRule04", "Tags": [{"Key": key, "Value": "x"} for key in keys]}
    return ("elbv2", HOME, "describe_tags", {"TagDescriptions": [entry]})


def test_shifted_weights_are_reported() -> None:
    assert states(run_checks(only(routes.weights), services_stack(), live(100, 0))) == ["ok"]
    (found,) = run_checks(only(routes.weights), services_stack(), live(0, 100))
    assert found.state == State.FIX
    assert "--cluster arn:ClusterC2E21B66 --service arn:playbackService01 --force-new-deployment" in found.command


def test_tagged_rule_is_reported() -> None:
    blue_green = settings(("route: /v1/playback,", "route: /v1/playback, deployment: blue_green,"))
    assert states(run_checks(only(routes.weights), services_stack(), tags("aws:cloudformation:stack-name"), of=blue_green)) == ["ok"]
    assert states(run_checks(only(routes.weights), services_stack(), tags("Owner"), live(0, 100), of=blue_green)) == ["fix"]


def test_weights_without_stack_are_ok() -> None:
    gone: Call = ("cloudformation", HOME, "list_stack_resources", "ValidationError")
    assert states(run_checks(only(routes.weights), gone)) == ["ok"]


def databases(version: str, storage: int) -> list[Call]:
    """Two deployed databases; the first has this version and size."""
    names = {"CatalogueInstance0A": "one", "IdentityInstance0B": "two"}
    type_ = {"ResourceType": "AWS::RDS::DBInstance", "ResourceStatus": "CREATE_COMPLETE", "LastUpdatedTimestamp": NOW}
    entries = [{**type_, "LogicalResourceId": id_, "PhysicalResourceId": name} for id_, name in names.items()]
    listed: Call = ("cloudformation", HOME, "list_stack_resources", {"StackResourceSummaries": entries})

    def described(version: str, storage: int) -> Call:
        return ("rds", HOME, "describe_db_instances", {"DBInstances": [{"EngineVersion": version, "AllocatedStorage": storage}]})

    return [listed, described(version, storage), described("8.4.3", 20)]


@pytest.mark.parametrize(
    ("version", "storage", "expected"),
    [
        ("8.4.10", 20, ["version and storage do not exceed"]),
        ("8.4.11", 20, ["RDS runs MySQL 8.4.11, the file has 8.4.10"]),
        ("8.4.12", 44, ["RDS runs MySQL 8.4.12", "RDS has grown to 44 GiB, the file has 20"]),
    ],
)
def test_changed_databases_are_reported(version: str, storage: int, expected: list[str]) -> None:
    found = run_checks(only(grown.databases), *databases(version, storage))
    assert [finding.detail.startswith(text) for finding, text in zip(found, expected, strict=True)] == [True] * len(expected)


def deployed_cache(node_type: str, *gibibytes: float) -> list[Call]:
    """Deployed cache of two nodes, each with its maximum of used memory in GiB."""
    entry = {"LogicalResourceId": "CacheGroup0A", "PhysicalResourceId": "one", "ResourceStatus": "CREATE_COMPLETE"}
    summary = {"ResourceType": "AWS::ElastiCache::ReplicationGroup", "LastUpdatedTimestamp": NOW, **entry}
    group = {"CacheNodeType": node_type, "MemberClusters": ["one-001", "one-002"]}
    points = [{"Datapoints": [{"Maximum": gibibyte * 2**30}]} for gibibyte in gibibytes]
    return [
        ("cloudformation", HOME, "list_stack_resources", {"StackResourceSummaries": [summary]}),
        ("elasticache", HOME, "describe_replication_groups", {"ReplicationGroups": [group]}),
        *(("cloudwatch", HOME, "get_metric_statistics", point) for point in points),
    ]


@pytest.mark.parametrize(
    ("calls", "state", "expected"),
    [
        (deployed_cache("cache.t4g.micro"), "ok", "is no smaller"),
        (deployed_cache("cache.r7g.large", 0.2, 0.9), "ok", "it held up to 0.9 GiB in 14 days"),
        (deployed_cache("cache.r7g.large", 0.2, 9.8), "fix", "it held up to 9.8 GiB in 14 days, and cache.t4g.small holds 1.0"),
    ],
)
def test_smaller_cache_must_fit_data(calls: list[Call], state: str, expected: str) -> None:
    (found,) = run_checks(only(grown.cache), *calls, of=of_node("cache.t4g.small"))
    assert str(found.state) == state
    assert expected in found.detail


def of_node(node_type: str) -> Settings:
    data = settings().data
    cache = data.cache.model_copy(update={"node_type": node_type})
    return settings().model_copy(update={"data": data.model_copy(update={"cache": cache})})


def test_databases_without_stack_are_ok() -> None:
    assert states(run_checks(only(grown.databases), ("cloudformation", HOME, "list_stack_resources", "ValidationError"))) == ["ok"]


def web_acl(bucket: str) -> Call:
    configuration = {
        "ResourceArn": f"arn:aws:wafv2:us-east-1:{ACCOUNT}:global/webacl/demo/1",
        "LogDestinationConfigs": [f"arn:aws:s3:::{bucket}"],
    }
    return ("wafv2", "us-east-1", "list_logging_configurations", {"LoggingConfigurations": [configuration]})


def test_delivered_waf_logs_confirm_region() -> None:
    ours = web_acl(f"aws-waf-logs-spotmusic-demo-{ACCOUNT}-0")
    assert states(run_checks(only(edge.web_acl_logs), ours, ("s3", HOME, "list_objects_v2", {"KeyCount": 1}))) == ["ok"]
    assert states(run_checks(only(edge.web_acl_logs), ours, ("s3", HOME, "list_objects_v2", {"KeyCount": 0}))) == ["could not ask"]
    assert states(run_checks(only(edge.web_acl_logs), web_acl("aws-waf-logs-other"))) == ["could not ask"]


IDENTITY = {"VerifiedForSendingStatus": True}


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        (["NotFoundException"], "SES has no identity music.example"),
        ([{"VerifiedForSendingStatus": False}], "music.example is not verified"),
        ([{**IDENTITY, "ConfigurationSetName": "a"}], "music.example has the configuration set a"),
        ([IDENTITY, IDENTITY], "hello@music.example is an identity too"),
        ([IDENTITY, "NotFoundException", False], "the account is in the sandbox"),
        ([IDENTITY, "NotFoundException", True], "music.example may send"),
    ],
)
def test_unverified_mail_is_reported(answers: list[Any], expected: str) -> None:
    calls: list[Call] = [
        ("sesv2", HOME, "get_account", {"ProductionAccessEnabled": answer})
        if isinstance(answer, bool)
        else ("sesv2", HOME, "get_email_identity", answer)
        for answer in answers
    ]
    (found,) = run_checks(mail.CHECKS, *calls)
    assert found.detail.startswith(expected)
    assert (str(found.state) == "ok") is (expected == "music.example may send")


FIRST_CALLS = {
    "account": ("ec2", "us-east-1", "describe_regions"),
    "bootstrap": ("cloudformation", HOME, "describe_stacks"),
    "weak references": ("iam", "us-east-1", "simulate_principal_policy"),
    "service-linked roles": ("iam", "us-east-1", "get_role"),
    "zones": ("ec2", HOME, "describe_availability_zones"),
    "interface endpoints": ("ec2", HOME, "describe_vpc_endpoint_services"),
    "prefix list": ("ec2", HOME, "describe_managed_prefix_lists"),
    "databases": ("rds", HOME, "describe_db_engine_versions"),
    "cache": ("elasticache", HOME, "describe_cache_engine_versions"),
    "Kubernetes": ("eks", HOME, "describe_cluster_versions"),
    "parameters": ("rds", HOME, "describe_engine_default_parameters"),
    "quotas": ("ec2", HOME, "describe_addresses"),
    "concurrent Lambda functions": ("lambda", HOME, "get_account_settings"),
    "hosted zone": ("route53", "us-east-1", "get_hosted_zone"),
    "CAA records": ("route53", "us-east-1", "list_resource_record_sets"),
    "secrets": ("secretsmanager", HOME, "describe_secret"),
    "mail": ("sesv2", HOME, "get_email_identity"),
    "CloudTrail": ("cloudtrail", HOME, "describe_trails"),
    "GuardDuty": ("guardduty", HOME, "list_detectors"),
    "managed policies": ("iam", "us-east-1", "get_policy"),
    "stacks": ("cloudformation", HOME, "describe_stacks"),
    "cluster": ("eks", HOME, "list_clusters"),
    "log group": ("logs", HOME, "describe_log_groups"),
    "backup vault": ("backup", HOME, "list_backup_vaults"),
    "parameter": ("ssm", HOME, "get_parameters"),
    "deployed cache": ("cloudformation", HOME, "list_stack_resources"),
    "deployed databases": ("cloudformation", HOME, "list_stack_resources"),
    "blue/green weights": ("cloudformation", HOME, "list_stack_resources"),
    "WAF logs": ("wafv2", "us-east-1", "list_logging_configurations"),
}


@pytest.mark.parametrize("check", command.CHECKS, ids=lambda check: check.name)
def test_denied_call_could_not_be_asked(check: Check) -> None:
    service, place, operation = FIRST_CALLS[check.name]
    without = settings(("domain: {name: music.example, hosted_zone_id: Z0123456789EXAMPLE}\n", ""))
    last = run_checks([check], (service, place, operation, "AccessDenied"), of=without if check.name == "parameter" else None)[-1]
    assert (last.state, last.check) == (State.COULD_NOT_ASK, check.name)
    assert "AccessDenied" in last.detail


def test_unreachable_service_fails_own_check() -> None:
    def unreachable(_: Context) -> Iterable[Finding]:
        raise EndpointConnectionError(endpoint_url="https://example.invalid")

    assert states(run_checks(only(unreachable, network.zones), zones("sae1-az1", "sae1-az2"))) == ["could not ask", "ok", "ok"]


@pytest.mark.parametrize(
    ("found", "strict", "status"), [("fix", False, 1), ("could not ask", False, 0), ("could not ask", True, 1), ("ok", True, 0)]
)
def test_preflight_status_follows_findings(
    found: str, strict: bool, status: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    finding = Finding(check="check", state=State(found), detail="detail", command="do it")
    monkeypatch.setattr(command, "CHECKS", only(lambda _: [finding]))
    context = Context(settings=settings(), clients=Recorded([]), account=ACCOUNT, session_region=HOME)
    assert command.check(context, strict=strict) == status
    assert ("→ do it" in capsys.readouterr().out) is (found != "ok")


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
