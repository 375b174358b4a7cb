"""WAF: IP sets, pattern sets, rule groups and associations of web ACLs."""

from typing import Any

from tools.local_aws.provider_schemas import Properties
from tools.local_aws.provisioning import Handler, Made, Resource
from tools.local_aws.service_api import call_unless_gone, parameters


def _associate(resource: Resource) -> Made:
    web_acl, target = resource.properties["WebACLArn"], resource.properties["ResourceArn"]
    resource.client("wafv2").associate_web_acl(WebACLArn=web_acl, ResourceArn=target)
    return Made(identifier=f"{web_acl}|{target}")


def _dissociate(resource: Resource, _identifier: str) -> None:
    call_unless_gone(lambda: resource.client("wafv2").disassociate_web_acl(ResourceArn=resource.properties["ResourceArn"]))


def _key(identifier: str) -> dict[str, str]:
    name, unique, scope = identifier.split("|")
    return {"Name": name, "Id": unique, "Scope": scope}


def _set_handler(kind: str) -> Handler:
    """Creates a handler of one of three similar kinds. `Ref` is name, id and scope; updates send
    the lock token of the latest read.

    Args:
        kind: name in operations, such as `ip_set`.
    """

    def create(resource: Resource) -> Made:
        waf, name = resource.client("wafv2"), resource.properties.get("Name") or resource.generated_name(limit=128)
        given = parameters(waf, f"create_{kind}", {**resource.properties, "Name": name})
        summary = getattr(waf, f"create_{kind}")(**given)["Summary"]
        return _made(summary, name, resource.properties["Scope"])

    def update(resource: Resource, identifier: str, _old: Properties) -> Made:
        waf = resource.client("wafv2")
        given = {**parameters(waf, f"update_{kind}", resource.properties), **_key(identifier), "LockToken": lock(waf, identifier)}
        getattr(waf, f"update_{kind}")(**given)
        return Made(identifier=identifier, attributes=attributes(waf, identifier))

    def delete(resource: Resource, identifier: str) -> None:
        waf = resource.client("wafv2")
        call_unless_gone(lambda: getattr(waf, f"delete_{kind}")(**_key(identifier), LockToken=lock(waf, identifier)))

    def lock(waf: Any, identifier: str) -> str:
        return str(getattr(waf, f"get_{kind}")(**_key(identifier))["LockToken"])

    def attributes(waf: Any, identifier: str) -> dict[str, Any]:
        found = getattr(waf, f"get_{kind}")(**_key(identifier))
        arn = next(value["ARN"] for value in found.values() if isinstance(value, dict) and "ARN" in value)
        return {"Arn": arn, "Id": _key(identifier)["Id"]}

    return Handler(create=create, update=update, delete=delete)


def _made(summary: dict[str, Any], name: str, scope: str) -> Made:
    return Made(identifier=f"{name}|{summary['Id']}|{scope}", attributes={"Arn": summary["ARN"], "Id": summary["Id"]})


HANDLERS: dict[str, Handler] = {
    "AWS::WAFv2::WebACLAssociation": Handler(create=_associate, delete=_dissociate),
    "AWS::WAFv2::IPSet": _set_handler("ip_set"),
    "AWS::WAFv2::RegexPatternSet": _set_handler("regex_pattern_set"),
    "AWS::WAFv2::RuleGroup": _set_handler("rule_group"),
}
