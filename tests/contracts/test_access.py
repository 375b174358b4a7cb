"""docs/access.md matches the table of flows, the settings and the versions."""

import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import botocore.session
from botocore import xform_name

from spotmusic_cdk import flows, versions
from spotmusic_cdk.settings import parse
from spotmusic_constructs.data.relational_database import MASTER_USERNAME
from spotmusic_constructs.network.flows import INTERNET
from tests.documents import code
from tests.templates import all_of
from tools.checkout import ROOT, settings_of
from tools.model.templates import Template
from tools.model.values import as_list

ACCESS = (ROOT / "docs" / "access.md").read_text()
RUNBOOKS = sorted((ROOT / "docs" / "runbooks").glob("*.md"))


def reached(environment: str) -> set[tuple[str, int]]:
    """Parties and ports with access for people."""
    return {
        (flow.target, flow.port)
        for flow in flows.table(settings_of(environment))
        if flow.source == flows.OPERATORS
    }


def test_operators_reach_api_server_and_databases() -> None:
    assert settings_of("prod").kubernetes.endpoint == "private"
    assert reached("prod") == {
        ("kubernetes-control-plane", 443),
        ("catalogue-database", 3306),
        ("identity-database", 3306),
        ("cache", 6379),
        ("services-load-balancer", 443),
        (INTERNET, 443),
    }


def test_operators_accept_no_connections() -> None:
    assert [
        flow
        for name in ("dev", "staging", "prod")
        for flow in flows.table(settings_of(name))
        if flow.target == flows.OPERATORS
    ] == []


def test_operators_can_be_left_out_of_development() -> None:
    text = (
        ROOT / "tests" / "environments" / "dev.yaml"
    ).read_text() + "\noperators: {network: false}\n"
    settings = parse(text, source=Path("environments/dev.yaml"))
    assert flows.OPERATORS not in {
        party for flow in flows.table(settings) for party in (flow.source, flow.target)
    }


def test_access_document_names_the_pinned_tools() -> None:
    current = settings_of("prod").kubernetes.version
    helm = versions.KUBERNETES[current].layer.helm
    commands = "\n".join(code(ACCESS))
    assert f"stable-{current}.txt" in commands
    assert f"helm-v{helm}-$os-$processor.tar.gz" in commands
    sentence = f"For Kubernetes {current}, kubectl {current} and Helm {helm}"
    assert sentence in " ".join(ACCESS.split())


def test_access_document_names_group_and_user() -> None:
    assert f"`spotmusic-<env>-network/{flows.OPERATORS}`" in ACCESS
    assert f"-u {MASTER_USERNAME} " in ACCESS


def test_tunnel_commands_use_stack_outputs(templates: Callable[[str], dict[str, Template]]) -> None:
    for environment in ("dev", "prod"):
        assert "RunTunnel" in templates(environment)["observability"]["Outputs"]
    assert "--stack-name spotmusic-<env>-observability" in ACCESS
    assert "OutputKey=='RunTunnel'" in ACCESS


def test_kubectl_runbooks_link_access() -> None:
    """Pages that use the tunnel or SQL link to the instructions."""
    pages = ("grafana-access", "database")
    assert [
        page
        for page in pages
        if "../access.md" not in (ROOT / "docs" / "runbooks" / f"{page}.md").read_text()
    ] == []


RENAMED = {"elbv2": "elasticloadbalancing", "amp": "aps", "s3api": "s3"}
"""Services with different names in commands and rights."""
RIGHTS = {
    "eks update-kubeconfig": {"eks:DescribeCluster"},
    "logs tail": {"logs:FilterLogEvents"},
    "s3api list-buckets": {"s3:ListAllMyBuckets"},
    "s3api list-object-versions": {"s3:ListBucketVersions"},
}
"""Rights with other names than their commands (Service Authorization Reference, 2026-11)."""
BREAK_GLASS = {
    "credentials of persons and machines": {"iam"},
    "restores of buckets, volumes and the cache": {
        "backup:StartBackupJob",
        "backup:StartRestoreJob",
        "elasticache:CreateReplicationGroup",
        "s3",
    },
    "what is set up once": {
        "ce:CreateAnomalyMonitor",
        "ce:CreateAnomalySubscription",
        "ce:GetAnomalyMonitors",
        "ecr:ValidatePullThroughCacheRule",
        "secretsmanager:CreateSecret",
    },
    "scans of uploads that are there": {"guardduty:SendObjectMalwareScan"},
    "certificates": {"acm:RequestCertificate"},
    "what CloudFormation would do": {
        "cloudformation",
        "eks:UpdateClusterVersion",
        "eks:UpdateClusterConfig",
    },
}
"""Rights that on-call policies omit on purpose: a service, or single actions."""


CONFINED = {
    "ec2:CreateTags": "network interfaces that CloudShell creates",
    "ecs:RunTask": "the task of tunnels",
    "secretsmanager:CreateSecret": "master secrets that RDS creates",
}
"""Rights of on-call policies on resources that no command of a runbook uses."""


def commands_of(text: str) -> set[str]:
    """Services and operations of the AWS CLI in a document."""
    found = {
        match
        for line in code(text)
        for match in re.findall(r"\baws ([a-z0-9-]+ (?!wait)[a-z0-9-]+)", line)
    }
    return {command for command in found if command.split()[0] not in {"s3", "configure"}}


def commands_of_runbooks() -> set[str]:
    return {command for runbook in RUNBOOKS for command in commands_of(runbook.read_text())}


AWS_CLI = botocore.session.Session()


@cache
def operations_of(service: str) -> list[str]:
    return list(AWS_CLI.get_service_model(service).operation_names)


def rights_of(command: str) -> set[str]:
    if command in RIGHTS:
        return RIGHTS[command]
    service, operation = command.split()
    name = next(
        name
        for name in operations_of("s3" if service == "s3api" else service)
        if xform_name(name, "-") == operation
    )
    return {f"{RENAMED.get(service, service)}:{name}"}


def people(templates: Callable[[str], dict[str, Template]]) -> dict[str, list[dict[str, Any]]]:
    """Statements by the name of each policy."""
    policies = all_of(templates("prod")["observability"]["Resources"], "AWS::IAM::ManagedPolicy")
    return {
        policy["ManagedPolicyName"]: policy["PolicyDocument"]["Statement"]
        for policy in policies
        if "ManagedPolicyName" in policy
    }


def actions(statements: list[dict[str, Any]]) -> set[str]:
    return {action for statement in statements for action in as_list(statement["Action"])}


def test_runbook_commands_have_a_policy(templates: Callable[[str], dict[str, Template]]) -> None:
    allowed = {
        action for statements in people(templates).values() for action in actions(statements)
    }
    kept = {entry for entries in BREAK_GLASS.values() for entry in entries}
    needed = {right for command in commands_of_runbooks() for right in rights_of(command)}
    # On-call engineers have no rights to delete.
    lacking = {
        right
        for right in needed - allowed
        if not (kept & {right, right.partition(":")[0]} or re.search(":(Schedule.*)?Delet", right))
    }
    assert sorted(lacking) == [], "add them to OperatorPolicies, or keep them for break-glass"


def test_runbook_names_rights_beyond_on_call(
    templates: Callable[[str], dict[str, Template]],
) -> None:
    """On-call engineers must not learn from `AccessDenied` during an incident that another role is
    required.
    """
    given = {
        name.removeprefix("spotmusic-prod-"): actions(statements) - CONFINED.keys()
        for name, statements in people(templates).items()
    }
    silent: dict[str, set[str]] = {}
    for runbook in RUNBOOKS:
        text = runbook.read_text()
        rights = {right for command in commands_of(text) for right in rights_of(command)}
        rights -= given["on-call-reader"] | given["on-call-operator"]
        of_data = rights & given["data-operator"]
        if (of_data and "`data-operator`" not in text) or (
            rights != of_data and "reak-glass" not in text
        ):
            silent[runbook.stem] = rights
    assert silent == {}, "say who has these rights"


CONSOLES = {
    "CloudFront's console": "cloudfront:GetDistribution",
    "Database Insights": "pi:GetResourceMetrics",
    "GuardDuty's console": "guardduty:GetFindings",
    "Logs Insights": "logs:StartQuery",
    "Route 53's console": "route53:ListResourceRecordSets",
}
"""Right to read that a console requires, by its name in runbooks."""


def test_on_call_policies_open_consoles_of_runbooks(
    templates: Callable[[str], dict[str, Template]],
) -> None:
    texts = " ".join(word for runbook in RUNBOOKS for word in runbook.read_text().split())
    assert [name for name in CONSOLES if name not in texts] == []
    assert set(CONSOLES.values()) <= actions(people(templates)["spotmusic-prod-on-call-reader"])


def test_runbooks_with_cases_of_aws_have_rights_and_plan() -> None:
    assert any(re.search(r"[Oo]pen a case", runbook.read_text()) for runbook in RUNBOOKS)
    assert "`AWSSupportAccess`" in ACCESS
    assert "*production system down*" in (ROOT / "docs" / "deployment.md").read_text()


def test_runbooks_with_log_queries_name_rights(
    templates: Callable[[str], dict[str, Template]],
) -> None:
    """Athena and the log buckets are in no on-call policy."""
    granted = set().union(*(actions(one) for one in people(templates).values()))
    assert not {action for action in granted if action.startswith(("athena:", "glue:"))}
    linking = [path for path in RUNBOOKS if "../log-queries.md" in path.read_text()]
    assert [path for path in linking if "reak-glass" not in path.read_text()] == []
    assert "break-glass" in (ROOT / "docs" / "log-queries.md").read_text()


def test_access_document_names_the_policies(
    templates: Callable[[str], dict[str, Template]],
) -> None:
    names = people(templates)
    assert len(names) == 3
    assert [name for name in names if name.replace("-prod-", "-<env>-") not in ACCESS] == []


def test_data_policy_alone_reads_secrets(
    templates: Callable[[str], dict[str, Template]],
) -> None:
    reads = {
        name
        for name, statements in people(templates).items()
        if "secretsmanager:GetSecretValue" in actions(statements)
    }
    assert reads == {"spotmusic-prod-data-operator"}
