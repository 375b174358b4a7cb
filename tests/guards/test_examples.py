"""Examples of README and library, executed: code and settings synthesize, commands exist."""

import ast
import fnmatch
import importlib
import inspect
import json
import pkgutil
import re
import subprocess
import textwrap
from collections.abc import Callable, Iterator
from datetime import date
from functools import cache, partial
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_certificatemanager as acm
from aws_cdk import aws_cloudfront as cloudfront
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_elasticloadbalancingv2 as elbv2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as cloudwatch_logs
from aws_cdk import aws_rds as rds
from aws_cdk import aws_route53 as route53
from aws_cdk import aws_s3 as s3
from constructs import Construct

import spotmusic_constructs
from spotmusic_cdk import versions
from spotmusic_cdk.settings import SettingsError, parse
from spotmusic_constructs.edge.security_headers import PLAYER_POLICY
from spotmusic_constructs.network.flows import CLOUDFRONT, VPC
from spotmusic_constructs.resilience import fault_actions
from tests.conftest import STACKS, new_app
from tests.helm_values import cluster_in, secret_in
from tests.unit.imported import APPLICATION, DATA, group_of, vpc_of
from tools.checkout import ROOT
from tools.model.values import ACCOUNT

LIBRARY = ROOT / "constructs" / "spotmusic_constructs"
ENVIRONMENT = cdk.Environment(account=ACCOUNT, region="sa-east-1")


@cache
def examples() -> tuple[tuple[str, str, str], ...]:
    """Domain, place and source of each example in docstrings and READMEs."""
    found = [("", "README.md", LIBRARY.parent / "README.md")]
    found += [(path.parent.name, "README.md", path) for path in sorted(LIBRARY.glob("*/README.md"))]
    readmes = [
        (domain, place, block) for domain, place, path in found for block in blocks(path, "python")
    ]
    return (*readmes, *docstring_examples())


def docstring_examples() -> Iterator[tuple[str, str, str]]:
    for file in sorted(LIBRARY.rglob("*.py")):
        domain = "".join(file.relative_to(LIBRARY).parts[:-1][:1])
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.ClassDef | ast.FunctionDef):
                documented = f"{ast.get_docstring(node) or ''}\n"
                for block in re.findall(
                    r"^Example:\n((?:    .*\n|\n)*)", documented, flags=re.MULTILINE
                ):
                    yield domain, f"{file.name}: {node.name}", textwrap.dedent(block)


def blocks(document: Path, language: str) -> list[str]:
    """Code blocks of a document in a language."""
    return re.findall(rf"```{language}\n(.*?)```", document.read_text(), flags=re.DOTALL)


@cache
def library() -> dict[str, Any]:
    """Public classes and functions of the library by name."""
    modules = pkgutil.walk_packages(spotmusic_constructs.__path__, "spotmusic_constructs.")
    loaded = [
        importlib.import_module(module.name) for module in modules if "_handler" not in module.name
    ]
    return {
        name: member
        for module in loaded
        for name, member in vars(module).items()
        if not name.startswith("_")
        and callable(member)
        and getattr(member, "__module__", "") == module.__name__
    }


class Given:
    """Prerequisites of the examples by name, each created in the stack at its first use."""

    def __init__(self, stack: cdk.Stack) -> None:
        self.scope = Construct(stack, "Given")

    def __getattr__(self, name: str) -> Any:
        value = PREREQUISITES[name]
        made = value(self) if inspect.isfunction(value) else value
        setattr(self, name, made)
        return made

    def new(self, kind: str, construct_id: str = "", /, **arguments: Any) -> Any:
        """Construct of the library."""
        return complete(kind, self)(self.scope, construct_id or kind, **arguments)


def complete(kind: str, given: Given) -> Callable[..., Any]:
    """Class or function of the library. Prerequisites of the same name fill its
    required arguments.
    """
    called = library()[kind]
    # The metaclass of jsii hides the signature of a construct.
    parameters = inspect.signature(
        called.__init__ if inspect.isclass(called) else called
    ).parameters.values()
    needed = [
        parameter.name
        for parameter in parameters
        if parameter.default is parameter.empty and parameter.kind == parameter.KEYWORD_ONLY
    ]
    needed += ["cluster" for parameter in parameters if parameter.name == "placement"]
    return lambda *arguments, **others: called(
        *arguments,
        **{name: getattr(given, name) for name in needed if name not in others},
        **others,
    )


def local_chart(name: str) -> Any:
    return library()["LocalChart"](path=ROOT / "charts" / name)


def task_definition(given: Given) -> ecs.FargateTaskDefinition:
    task = ecs.FargateTaskDefinition(given.scope, "Task")
    task.add_container(
        "playback", image=ecs.ContainerImage.from_registry("public.ecr.aws/example/playback:1.0.0")
    )
    return task


SERVICES = ("notifications", "playback", "recommendations", "trends", "web-api")
ROLE = f"arn:aws:iam::{ACCOUNT}:role/example"
SERVICE_FLOWS = [
    ("gateway", "services", 443),
    ("services", "catalogue-database", 3306),
    ("services", "service-lyrics", 8080),
    ("queue-depth", "rabbitmq", 15671),
    ("operators", "endpoints", 443),
]
PREREQUISITES: dict[str, Any] = {
    # Modules and constants that an application imports.
    "cdk": cdk,
    "cloudfront": cloudfront,
    "ec2": ec2,
    "ecs": ecs,
    "elbv2": elbv2,
    "iam": iam,
    "s3": s3,
    "date": date,
    "json": json,
    "versions": versions,
    "fault_actions": fault_actions,
    "CLOUDFRONT": CLOUDFRONT,
    "VPC": VPC,
    "PLAYER_POLICY": PLAYER_POLICY,
    # Keys and logs.
    "keys": lambda given: library()["create_data_keys"](given.scope),
    "key": lambda given: given.keys.logs,
    "log_key": lambda given: given.keys.logs,
    "cache_key": lambda given: given.keys.cache,
    "secrets_key": lambda given: given.keys.secrets,
    "logs": lambda given: given.new("LogBucket"),
    "log_group": lambda given: cloudwatch_logs.LogGroup(given.scope, "LogGroup"),
    "retention": library()["LogRetention"](),
    # Network.
    "vpc": lambda given: vpc_of(given.scope),
    "vpc_cidr": "10.40.0.0/16",
    "subnets": lambda given: given.vpc.private_subnets,
    "subnet_ids": lambda given: [subnet.subnet_id for subnet in given.vpc.private_subnets],
    "applications": APPLICATION,
    "data": DATA,
    "users_subnets": lambda given: given.applications,
    "vpc_subnets": lambda given: given.data,
    **{
        name: (lambda given, name=name: group_of(given.scope, name))
        for name in (
            *(
                "security_group",
                "users_security_group",
                "control_plane_security_group",
                "kubectl_security_group",
                "node_security_group",
            ),
            *("database_group", "users_group"),
        )
    },
    "hosted_zone": lambda given: route53.HostedZone.from_hosted_zone_attributes(
        given.scope, "Zone", hosted_zone_id="Z01", zone_name="music.example"
    ),
    "certificate": lambda given: acm.Certificate.from_certificate_arn(
        given.scope, "Certificate", f"arn:aws:acm:sa-east-1:{ACCOUNT}:certificate/1"
    ),
    "flows": lambda given: [
        library()["Flow"](source=source, target=target, port=port, reason="Example")
        for source, target, port in SERVICE_FLOWS
    ],
    "groups": lambda given: given.new("SecurityGroups", cloudfront_prefix_list="pl-5da64334"),
    "network": lambda given: library()["FunctionNetwork"](
        vpc=given.vpc, subnets=given.applications, security_group=given.security_group
    ),
    # Roles and secrets.
    **{
        name: (
            lambda given, name=name: iam.Role(
                given.scope, name, assumed_by=iam.ServicePrincipal("ec2.amazonaws.com")
            )
        )
        for name in ("role", "node_role", "task_role")
    },
    "function_name": "rotation",
    "role_arn": ROLE,
    "task_role_arn": ROLE,
    **{
        name: (lambda given, name=name: secret_in(given.scope, name))
        for name in (
            "user",
            "monitor",
            "license",
            "database_user",
            "catalogue_user",
            "cache_user",
            "automation",
            "clients",
            "admin",
        )
    },
    "by_hand": library()["ManualRotation"](
        owner="platform", before=date(2027, 5, 24), runbook="docs/runbooks/secret-rotation.md"
    ),
    "secrets": lambda given: given.new(
        "ComponentSecrets",
        key=given.keys.secrets,
        event_users=SERVICES,
        task_users=SERVICES,
        manual_rotation=given.by_hand,
    ),
    "provider": lambda given: given.new("SigningKeyProvider"),
    **{
        name: (
            lambda given, name=name: given.new(
                "SigningKeyPair",
                name,
                key_name=name,
                key=given.keys.secrets,
                manual_rotation=given.by_hand,
            )
        )
        for name in ("first", "second")
    },
    # Data.
    "catalogue": lambda given: given.new(
        "RelationalDatabase",
        spec=library()["DatabaseSpec"](
            identifier="catalogue",
            engine_version="8.4.10",
            instance_type=ec2.InstanceType("r8g.large"),
        ),
        databases={"playback": "playback"},
    ),
    "endpoint": lambda given: library()["DatabaseEndpoint"](
        host="catalogue.example", port=3306, master_secret=secret_in(given.scope, "master")
    ),
    "restored": lambda given: {
        "Catalogue": library()["RestoredDatabase"](
            instance=given.catalogue.instance,
            subnet_group=rds.SubnetGroup.from_subnet_group_name(
                given.scope, "Subnets", "catalogue"
            ),
            security_group=given.security_group,
        )
    },
    **{
        name: (
            lambda given, kind=kind: given.new(
                kind, key=given.keys.audio, access_logs=given.logs.bucket
            )
        )
        for name, kind in {"audio": "AudioLibrary", "web": "WebBucket"}.items()
    },
    "uploads": lambda given: given.new(
        "UploadsBucket",
        key=given.keys.audio,
        access_logs=given.logs.bucket,
        allowed_origins=["https://spotmusic.example"],
    ),
    "bucket_arns": lambda given: [given.web.bucket.bucket_arn],
    "plan_arn": f"arn:aws:backup:sa-east-1:{ACCOUNT}:restore-testing-plan:example",
    "backup": lambda given: given.new(
        "BackupPlan",
        name="example",
        key=given.keys.backup,
        copies_key=given.keys.copies,
        volume_tags={"Env": "example"},
        database_arns=[given.catalogue.instance.instance_arn],
        bucket_arns=given.bucket_arns,
    ),
    "environment": {"DATABASES": "{}"},
    "timeout": cdk.Duration.minutes(1),
    # Load balancers and edge.
    "gateway": lambda given: given.new("GatewayLoadBalancer", access_logs=given.logs.bucket),
    "brokers": lambda given: given.new("BrokerLoadBalancer", access_logs=given.logs.bucket),
    "balancer": lambda given: given.new("ServicesLoadBalancer", access_logs=given.logs.bucket),
    "acl": lambda given: given.new(
        "WebAcl", metric_name="example", access_logs=given.logs.bucket, login_paths=["/auth"]
    ),
    "signing_keys": lambda given: (
        given.new(
            "SigningKeyGroup",
            public_keys={name: getattr(given, name).public_key_pem for name in ("first", "second")},
        ).key_group
    ),
    "distribution": lambda given: (
        given.new(
            "PlatformDistribution",
            audio=given.audio.bucket,
            web=given.web.bucket,
            gateway=given.gateway.load_balancer,
            web_acl_arn=given.acl.arn,
        ).distribution
    ),
    # Kubernetes.
    "cluster": lambda given: cluster_in(given.scope),
    "cluster_name": "spotmusic-dev",
    "layer": lambda given: lambda_.LayerVersion.from_layer_version_arn(
        given.scope, "Layer", f"arn:aws:lambda:sa-east-1:{ACCOUNT}:layer:kubectl:1"
    ),
    "charts": ROOT / "charts",
    "images": lambda given: given.new("PullThroughCache", namespace="dev", key=given.keys.images),
    "tags": {"Project": "spotmusic"},
    "namespaces": {"kong": library()["Namespace"](parties={"kong": {}})},
    "kubernetes_version": "1.36",
    "statement": {"Effect": "Allow", "Action": ["logs:PutLogEvents"], "Resource": ["*"]},
    "cluster_base": lambda given: given.new("ClusterBase", chart=local_chart("ground")),
    **{
        name: (lambda given, kind=kind, chart=chart: given.new(kind, chart=chart))
        for name, kind, chart in (
            ("cert_manager", "CertManager", versions.CERT_MANAGER),
            ("operators", "RabbitMQOperators", versions.RABBITMQ_OPERATORS),
            ("kong", "Kong", versions.KONG),
            ("keycloak", "Keycloak", versions.KEYCLOAK),
        )
    },
    "external_secrets": lambda given: given.new(
        "ExternalSecretsOperator",
        chart=versions.EXTERNAL_SECRETS,
        cluster=given.cluster,
        secrets=[given.admin],
    ),
    "kubernetes": lambda given: given.new(
        "KubernetesCluster",
        kubernetes_version="1.36",
        kubectl_layer=given.layer,
        name="spotmusic-dev",
    ),
    "target_group_arn": lambda given: given.gateway.target_group.target_group_arn,
    # Components of the cluster.
    "public_url": "https://spotmusic.example",
    "services_url": "https://services.internal.spotmusic.example",
    "login_url": "https://keycloak-http.keycloak.svc.cluster.local:8443",
    "realm_name": "spotmusic",
    "routes": [library()["GatewayRoute"](service="playback", path="/v1/playback")],
    "token_check": library()["TokenCheck"](
        issuer="https://spotmusic.example/auth/realms/spotmusic",
        jwks_uri="https://keycloak.example/certs",
    ),
    "rate_limit": library()["RateLimit"](requests_per_minute=600, host="cache.example", port=6379),
    "database": lambda given: given.new(
        "RelationalDatabase",
        spec=library()["DatabaseSpec"](
            identifier="identity",
            engine_version="8.4.10",
            instance_type=ec2.InstanceType("r8g.large"),
        ),
        databases={"keycloak": "keycloak"},
    ),
    "database_host": "identity.example",
    "database_port": 3306,
    "database_ca": library()["rds_ca"]("sa-east-1"),
    **{
        f"{role}_image": (lambda given, reference=reference: given.images.image(reference))
        for role, reference in {
            "config": versions.KEYCLOAK.images["config"],
            "keycloak": versions.KEYCLOAK.images["keycloak"],
            "rabbitmq": versions.RABBITMQ_OPERATORS.images["rabbitmq"],
            "redpanda": versions.REDPANDA.images["broker"],
        }.items()
    },
    "host": "brokers.internal.spotmusic.example",
    "redpanda": lambda given: given.new(
        "Redpanda",
        chart=versions.REDPANDA,
        admin=given.secrets.redpanda_admin,
        users=given.secrets.redpanda_users,
    ),
    "rabbitmq": lambda given: given.new(
        "RabbitMQ",
        chart=local_chart("rabbitmq"),
        rabbitmq_image=given.rabbitmq_image,
        default_user=given.secrets.rabbitmq_default_user,
        users=given.secrets.rabbitmq_users,
    ),
    "topology": library()["Topology"](
        queues=[
            library()["TaskQueue"](
                name="mail", consumers=["notifications"], publishers=["web-api"], max_length=50_000
            )
        ],
        users={"web-api": "rabbitmq-user-web-api", "notifications": "rabbitmq-user-notifications"},
    ),
    # Services.
    "services": lambda given: given.new("ServicesCluster", namespace="svc.internal.example"),
    "image": library()["ServiceImage"](
        name="public.ecr.aws/example/playback:1.0.0", health_command=("CMD", "true")
    ),
    "access": library()["Access"](),
    "repository": lambda given: ecr.Repository(given.scope, "Repository"),
    "route": lambda given: library()["Route"](
        listener=given.balancer.listener,
        load_balancer=given.balancer.load_balancer,
        path="/v1/playback",
        priority=7,
    ),
    "playback": lambda given: given.new(
        "FargateService", name="playback", cluster=given.services.cluster
    ),
    "roles": lambda given: given.new("TaskRoles", log_group_arn=given.log_group.log_group_arn),
    "task_definition": task_definition,
    "task": lambda given: given.new("OneOffTask", name="web-api", command=["migrate"]),
    "family": "tunnel",
    "security_group_id": "sg-1",
    # Observability and resilience.
    "alarms": lambda given: given.new("AlarmTopic", key=given.keys.notifications),
    "recipients": lambda given: given.alarms.recipients,
    "metric": library()["MetricSource"](
        namespace="AWS/SQS", name="ApproximateNumberOfMessagesVisible"
    ),
    "load_balancer_full_name": "app/example/0123",
    "gateway_id": "nat-0123",
    "event_log": lambda given: given.new("EventLog", name="example", namespace="Example"),
    "heartbeat": lambda given: given.new("Heartbeat", key=given.keys.notifications),
    "workspace": library()["Workspace"](
        arn=f"arn:aws:aps:sa-east-1:{ACCOUNT}:workspace/ws-1",
        workspace_id="ws-1",
        region="sa-east-1",
    ),
    "grafana": lambda given: complete("Grafana", given)(),
    "url": "https://localhost:3000",
    "realm_url": "https://spotmusic.example/auth/realms/spotmusic",
    "internal_realm_url": "https://keycloak",
    "names": {"databases": {"catalogue": "spotmusic-dev-catalogue"}},
    "restarts": lambda given: given.new(
        "WeeklyRestart",
        cluster=given.services.cluster,
        service_names={"playback": given.playback.service.service_name},
    ),
    "lost": "no target",
    "failing": "targets fail",
    "runbook": "gateway",
    "summary": "rotation fails",
    "code": lambda_.Code.from_inline("def handler(event, context): ..."),
    "tagged": lambda given: cloudwatch_logs.CfnLogGroup(given.scope, "Tagged"),
    "function": lambda given: lambda_.CfnFunction(given.scope, "Function", code={}, role=ROLE),
    "errors": lambda given: cloudwatch.CfnAlarm(
        given.scope, "Errors", comparison_operator="LessThanThreshold", evaluation_periods=1
    ),
    "failover": fault_actions.database_failed_over("catalogue", tags={"Env": "staging"}),
}


class Options(ast.NodeTransformer):
    """Required arguments from the prerequisites, for `**options` of a call."""

    def visit_Call(self, node: ast.Call) -> ast.Call:
        self.generic_visit(node)
        if any(keyword.arg is None for keyword in node.keywords) and isinstance(
            node.func, ast.Name
        ):
            node.keywords = [keyword for keyword in node.keywords if keyword.arg]
            node.func = ast.Call(ast.Name("complete", ast.Load()), [ast.Constant(node.func.id)], [])
        return ast.fix_missing_locations(node)


class Example(Construct):
    """Scope of an example, which its code calls `self`. It has the account of its stack."""

    account = ENVIRONMENT.account


def execute(source: str, scope: Construct, given: Given) -> None:
    """Run an example.

    Raises:
        NameError: if the example uses a name that is no prerequisite.
    """
    tree = Options().visit(ast.parse(source))
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    stored = {
        node.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    }
    namespace = {
        "partial": partial,
        **library(),
        **{name: getattr(given, name) for name in names & PREREQUISITES.keys() - stored},
        "self": scope,
        "complete": lambda kind: complete(kind, given),
    }
    exec(compile(tree, "example", "exec"), namespace)  # noqa: S102 - examples of the project


@pytest.mark.parametrize(
    "domain",
    sorted({domain for domain, _, _ in examples()}),
    ids=lambda domain: domain or "library",
)
def test_library_examples_synthesize(domain: str) -> None:
    app = new_app()
    stack = cdk.Stack(app, "examples", env=ENVIRONMENT)
    given = Given(stack)
    for number, (_, place, source) in enumerate(
        example for example in examples() if example[0] == domain
    ):
        try:
            execute(source, Example(stack, f"example-{number}"), given)
        except Exception as error:
            error.add_note(f"{domain}/{place}:\n{source}")
            raise
    app.synth()


def test_examples_cover_public_constructs() -> None:
    """A construct without an example in its docstring needs one in its README."""
    shown = {
        node.func.id
        for _, _, source in examples()
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }
    constructs = {
        name
        for name, member in library().items()
        if inspect.isclass(member) and hasattr(member, "node") and not inspect.isabstract(member)
    }
    assert sorted(constructs - shown) == []


@pytest.mark.parametrize("readme", ["README.md", "README.pt-BR.md"])
def test_error_of_readme_is_current(readme: str) -> None:
    dev = (ROOT / "tests" / "environments" / "dev.yaml").read_text()
    text = dev.replace("  trends:\n", "  trends:\n    memory: 1000\n", 1)
    with pytest.raises(SettingsError) as raised:
        parse(text, source=Path("environments/dev.yaml"))
    assert f"```\n{raised.value}\n```" in (ROOT / readme).read_text()


def test_commands_of_readme_exist() -> None:
    """`make` has the targets, and `cdk` patterns select stacks of the platform."""
    lines = [
        line.partition("#")[0].split()
        for block in blocks(ROOT / "README.md", "sh")
        for line in block.splitlines()
    ]
    make = [line[1:] for line in lines if line[:1] == ["make"]]
    patterns = [
        line[-1].strip('"').partition("/")[2] for line in lines if line[:2] == ["npx", "cdk"]
    ]
    assert len(make) > 4
    assert patterns
    for arguments in make:
        subprocess.run(
            ["/usr/bin/env", "make", "--dry-run", *arguments],
            cwd=ROOT,
            capture_output=True,
            check=True,
        )
    assert [pattern for pattern in patterns if not fnmatch.filter(STACKS, pattern)] == []
