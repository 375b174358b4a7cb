"""Principals of roles, policies and bucket policies, with the names in documents."""

from collections.abc import Iterator
from functools import cache

from tools.model.assembly import Assembly, Resource
from tools.model.statements import Statement, statements_of

ROLE = "AWS::IAM::Role"


@cache
def holders(platform: Assembly) -> dict[Resource, str]:
    """Principals of each role.

    For example `tasks of playback`, `data/CacheRotationFunction`, `pods monitoring/grafana` or an
    AWS service.
    """
    found = {role: _services(platform, role) for role in platform.all(ROLE)}
    for task in platform.all("AWS::ECS::TaskDefinition"):
        for path in ("ExecutionRoleArn", "TaskRoleArn"):
            if role := task.target(path):
                found[role] = f"tasks of {service_of(task)}"
    for function in platform.all("AWS::Lambda::Function"):
        if role := function.target("Role"):
            found[role] = function.name
    return found | _pods(platform)


def _pods(platform: Assembly) -> dict[Resource, str]:
    """Roles of pods, by Pod Identity or by a token of a service account."""
    found = {
        statement.resource: ", ".join(f"pods {account}" for account in statement.service_accounts)
        for statement in statements_of(platform)
        if statement.kind == "trust" and statement.service_accounts
    }
    for association in platform.all("AWS::EKS::PodIdentityAssociation"):
        if role := association.target("RoleArn"):
            found[role] = f"pods {association['Namespace']}/{association['ServiceAccount']}"
    return found


def service_of(task: Resource) -> str:
    """Name of the service of a task."""
    variables = task["ContainerDefinitions.0.Environment"] or []
    return next(str(variable["Value"]) for variable in variables if variable["Name"] == "SERVICE")


def _services(platform: Assembly, role: Resource) -> str:
    trusted = (
        s.principals for s in statements_of(platform) if s.resource is role and s.kind == "trust"
    )
    return ", ".join(
        sorted(
            {who.removesuffix(".amazonaws.com") for principals in trusted for _, who in principals}
        )
    )


def roles_of(statement: Statement) -> Iterator[Resource]:
    """Roles with a right of an identity: the role itself, or roles with its policy attached."""
    if statement.resource.type == ROLE:
        yield statement.resource
    else:
        yield from statement.resource.targets("Roles")
