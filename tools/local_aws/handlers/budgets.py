"""Budgets: a budget with its notifications and subscribers."""

from typing import Any

from tools.local_aws.provider_schemas import Properties
from tools.local_aws.provisioning import Handler, Made, Resource
from tools.local_aws.service_api import call_unless_gone, parameters


def _budget(resource: Resource) -> Properties:
    budget = dict(resource.properties["Budget"])
    return {**budget, "BudgetName": budget.get("BudgetName") or resource.generated_name(limit=100)}


def _parameters(resource: Resource, operation: str, properties: Properties) -> dict[str, Any]:
    return {**parameters(resource.client("budgets"), operation, properties), "AccountId": resource.account}


def _create(resource: Resource) -> Made:
    budget = _budget(resource)
    given = {"Budget": budget, "NotificationsWithSubscribers": resource.properties.get("NotificationsWithSubscribers") or []}
    resource.client("budgets").create_budget(**_parameters(resource, "create_budget", given))
    return Made(identifier=budget["BudgetName"], attributes={"Id": budget["BudgetName"]})


def _update(resource: Resource, identifier: str, old: Properties) -> Made:
    if resource.properties.get("NotificationsWithSubscribers") != old.get("NotificationsWithSubscribers"):
        _delete(resource, identifier)
        return _create(resource)
    changed = {"NewBudget": {**_budget(resource), "BudgetName": identifier}}
    resource.client("budgets").update_budget(**_parameters(resource, "update_budget", changed))
    return Made(identifier=identifier, attributes={"Id": identifier})


def _delete(resource: Resource, identifier: str) -> None:
    budgets = resource.client("budgets")
    call_unless_gone(lambda: budgets.delete_budget(AccountId=resource.account, BudgetName=identifier))


HANDLERS: dict[str, Handler] = {"AWS::Budgets::Budget": Handler(create=_create, update=_update, delete=_delete)}
