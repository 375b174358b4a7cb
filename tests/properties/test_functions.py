"""Functions and custom resources: settings that handlers read, and timeouts longer than those of
handlers."""

import re
from collections.abc import Callable
from functools import cache
from pathlib import Path

from tests.properties.promise import Verdicts, rule
from tests.properties.releases import releases_of
from tools.checkout import ROOT
from tools.model.assembly import Assembly, Resource
from tools.model.statements import statements_of

FUNCTION = "AWS::Lambda::Function"
BY_RUNTIME = {"AWS_REGION", "AWS_ENDPOINT_URL"}
"""Variables that a handler reads and the runtime sets. Only the embedded AWS sets the second
one."""
LEAST_MIB = 256
"""Minimum memory. boto3 with one or two clients and TLS uses more than half of Lambda's default of
128 MiB, and memory determines cpu."""
LONGEST_SECONDS = 15 * 60
CLOUDFORMATION_WAITS = 3600
"""Seconds that CloudFormation waits for a response of a custom resource (CloudFormation user guide,
ServiceTimeout)."""

_READ = re.compile(r"""environ(?:ment)?\[["'](\w+)["']\]|process\.env\.(\w+)""")
_PROPERTY = re.compile(r"""\bproperties\[["'](\w+)["']\]|\bResourceProperties\.([A-Z]\w+)""")
_UNPACKED = re.compile(r"const \{([\w, ]+)\} = event\.ResourceProperties")
_IMPORTED = re.compile(r"^(?:from|import) (\w+)", re.MULTILINE)


@cache
def own_handlers() -> frozenset[str]:
    """Code of the platform's handlers."""
    folders = (ROOT / "constructs").rglob("*_handler")
    return frozenset(
        file.read_text()
        for folder in folders
        for file in folder.iterdir()
        if file.suffix in (".py", ".mjs")
    )


@cache
def code_of(function: Resource, assembly: Path) -> str:
    """Return the handler's module with those of its folder that it imports; empty for archives."""
    key = str(function["Code.S3Key"]).removesuffix(".zip")
    folder, module = assembly.parent / f"asset.{key}", str(function["Handler"]).partition(".")[0]
    found = [
        file
        for suffix in (".py", ".mjs", ".js")
        if (
            file := folder / f"{'index' if module == '__entrypoint__' else module}{suffix}"
        ).is_file()
    ]
    text = found[0].read_text() if found else ""
    imported = (folder / f"{name}.py" for name in _IMPORTED.findall(text))
    return "\n".join([text, *(file.read_text() for file in imported if file.is_file())])


def is_ours(function: Resource, assembly: Path) -> bool:
    code = code_of(function, assembly)
    return any(handler in code for handler in own_handlers() if handler)


def names(pattern: re.Pattern[str], code: str) -> set[str]:
    return {
        name
        for found in pattern.findall(code)
        for name in ([found] if isinstance(found, str) else found)
        if name
    }


@rule
def test_functions_contain_called_code(
    platform: Assembly, synthesized: Callable[[str], Path]
) -> Verdicts:
    for function in platform.some(FUNCTION):
        module, _, called = str(function["Handler"] or "").partition(".")
        code = code_of(function, synthesized(platform.name))
        yield function, bool(module and called), "Set the handler of the function."
        yield (
            function,
            bool(code) and called in code,
            f"Its code has no {module}.{called}. Correct the handler.",
        )


@rule
def test_functions_have_variables_of_their_handlers(
    platform: Assembly, synthesized: Callable[[str], Path]
) -> Verdicts:
    for function in platform.some(FUNCTION):
        read = (
            names(_READ, code_of(function, synthesized(platform.name)))
            if is_ours(function, synthesized(platform.name))
            else set()
        )
        defined = {
            name
            for name, value in (function["Environment.Variables"] or {}).items()
            if value not in ("", None)
        }
        missing = sorted(read - defined - BY_RUNTIME)
        yield (
            function,
            not missing,
            f"Set the environment variables {', '.join(missing)}, which its handler reads.",
        )


@rule
def test_functions_have_memory_timeout_role(
    platform: Assembly, synthesized: Callable[[str], Path]
) -> Verdicts:
    for function in platform.some(FUNCTION):
        if is_ours(function, synthesized(platform.name)):
            memory, seconds = function["MemorySize"] or 128, function["Timeout"] or 3
            yield (
                function,
                memory >= LEAST_MIB,
                f"{memory} MiB are too few for its libraries. Give it {LEAST_MIB} or more.",
            )
            holds = 30 <= seconds <= LONGEST_SECONDS
            yield (
                function,
                holds,
                f"Its timeout of {seconds} s is shorter than a slow response of AWS. Raise it.",
            )
            yield function, function.target("Role") is not None, "Give it its own role."
            # Two architectures would require two sets of tests. This one costs a fifth less.
            yield function, function["Architectures"] == ["arm64"], "Run it on arm64."


@rule
def test_custom_resources_have_handler_properties(
    platform: Assembly, synthesized: Callable[[str], Path]
) -> Verdicts:
    for resource in (
        resource for resource in platform.resources if resource.type.startswith("Custom::")
    ):
        function = resource.target("ServiceToken")
        yield (
            resource,
            function is not None and function.type == FUNCTION,
            "Set its service token to a function of ours.",
        )
        if function is None or function.type != FUNCTION:
            continue
        code = code_of(function, synthesized(platform.name))
        read = names(_PROPERTY, code) | {
            name.strip() for unpacked in _UNPACKED.findall(code) for name in unpacked.split(",")
        }
        missing = sorted(name for name in read if resource[name] in (None, "", []))
        yield (
            resource,
            not missing,
            f"Set the properties {', '.join(missing)}, which its handler reads.",
        )
        if is_ours(function, synthesized(platform.name)):
            waits, works = (
                int(resource["ServiceTimeout"] or CLOUDFORMATION_WAITS),
                function["Timeout"] or 3,
            )
            holds = works < waits
            yield (
                resource,
                holds,
                (
                    f"CloudFormation waits {waits} s and the function runs {works} s. "
                    "Lower the timeout of the function."
                ),
            )
            holds = waits <= LONGEST_SECONDS + 60
            yield (
                resource,
                holds,
                f"A deployment would hang for {waits} s when it says nothing. Set service_timeout.",
            )


@rule
def test_releases_have_source_and_cluster(platform: Assembly) -> Verdicts:
    """P-095 covers timeouts and waits of Helm."""
    for release in releases_of(platform).values():
        resource = release.resource
        cluster = resource.target("ClusterName")
        yield (
            resource,
            cluster is not None and cluster.type == "AWS::EKS::Cluster",
            "Install it in our cluster.",
        )
        of_a_repository = bool(resource["Chart"] and resource["Repository"])
        yield (
            resource,
            of_a_repository != bool(resource["ChartAssetURL"]),
            "Name a chart and its repository, or one of ours.",
        )
        yield (
            resource,
            bool(resource["Timeout"]),
            "Set a timeout: Helm's default of five minutes is too short for brokers.",
        )


@rule
def test_database_users_follow_replacement(platform: Assembly) -> Verdicts:
    for users in platform.some("Custom::DatabaseUsers"):
        secrets = users.targets("Secrets")
        makes = users.target("ServiceToken")
        yield (
            users,
            len(set(secrets)) == len(secrets) == len(users["Users"] or []),
            "Name one user and one secret for each client.",
        )
        hosts = {makes.text("Environment.Variables.DATABASE_HOST")} if makes else set()
        # CloudFormation calls the function again only when a property changes.
        holds = users["Host"] is not None and users.text("Host") in hosts
        yield users, holds, "Name the host of the database that the function logs in to."


@rule
def test_functions_with_vpc_rights_are_in_vpc(platform: Assembly) -> Verdicts:
    """Rights on network interfaces are only for functions in the VPC; outside it they could reach
    neither databases nor brokers.
    """
    for function in platform.some(FUNCTION):
        role = function.target("Role")
        policies = {
            policy
            for policy in platform.all("AWS::IAM::ManagedPolicy", "AWS::IAM::Policy")
            if role in policy.mentions("Roles")
        } | {role}
        rights = [
            statement
            for statement in statements_of(platform)
            if statement.kind == "identity" and statement.resource in policies
        ]
        inside = any("ec2:CreateNetworkInterface" in statement.actions for statement in rights)
        inside = inside or (role is not None and "VPCAccess" in str(role["ManagedPolicyArns"]))
        yield (
            function,
            inside == bool(function["VpcConfig"]),
            "Place it in subnets of the VPC, or remove its rights on network interfaces.",
        )


@rule
def test_user_functions_have_one_database(platform: Assembly) -> Verdicts:
    """Host and master secret belong to the same database, which is in the name of the function."""
    for function in platform.some("AWS::Lambda::Function"):
        if function["Environment.Variables.MASTER_SECRET_ARN"]:
            of = {
                target.name
                for name in ("DATABASE_HOST", "MASTER_SECRET_ARN")
                for target in function.mentions(f"Environment.Variables.{name}")
            }
            its = {function.name.replace("UsersFunction", name) for name in ("Instance", "Master")}
            yield (
                function,
                of <= its and function.name.replace("UsersFunction", "Instance") in of,
                f"It logs in to {sorted(of)}.",
            )
