"""EC2: addresses, NAT gateways, flow logs and rules of security groups."""

from typing import Any

from tools.local_aws.provider_schemas import Properties
from tools.local_aws.provisioning import Handler, Made, Resource
from tools.local_aws.service_api import Answer, ServiceResource, call_unless_gone, parameters


def _tagged(kind: str) -> Any:
    """Selects the tags of one resource type: EC2 has one list for all types, templates one per
    resource.
    """

    def prepare(resource: Resource) -> Properties:
        tags = resource.properties.get("Tags")
        specification = {"TagSpecifications": [{"ResourceType": kind, "Tags": tags}]} if tags else {}
        return {**resource.properties, **specification}

    return prepare


def _address_made(answer: Answer, _resource: Resource) -> Made:
    return Made(identifier=answer["PublicIp"], attributes={"PublicIp": answer["PublicIp"], "AllocationId": answer["AllocationId"]})


def _release_address(resource: Resource, identifier: str) -> None:
    client = resource.client("ec2")
    for address in client.describe_addresses()["Addresses"]:
        if address["PublicIp"] == identifier:
            client.release_address(AllocationId=address["AllocationId"])


def _allocate_address(resource: Resource) -> Made:
    client = resource.client("ec2")
    given = parameters(client, "allocate_address", _tagged("elastic-ip")(resource))
    return _address_made(client.allocate_address(**{"Domain": "vpc", **given}), resource)


def _gateway_made(answer: Answer, _resource: Resource) -> Made:
    identifier = answer["NatGateway"]["NatGatewayId"]
    return Made(identifier=identifier, attributes={"NatGatewayId": identifier})


def _flow_log_properties(resource: Resource) -> Properties:
    properties = _tagged("vpc-flow-log")(resource)
    return {**properties, "ResourceIds": [properties["ResourceId"]]}


def _flow_log_made(answer: Answer, _resource: Resource) -> Made:
    (identifier,) = answer["FlowLogIds"]
    return Made(identifier=identifier, attributes={"Id": identifier})


def _permission(properties: Properties) -> dict[str, Any]:
    """Converts one rule to the API's form: templates have one peer per rule, the API lists of four
    kinds.
    """
    described = {"Description": properties["Description"]} if "Description" in properties else {}
    group = properties.get("SourceSecurityGroupId") or properties.get("DestinationSecurityGroupId")
    prefixes = properties.get("SourcePrefixListId") or properties.get("DestinationPrefixListId")
    permission: dict[str, Any] = {"IpProtocol": str(properties["IpProtocol"])}
    permission.update({name: int(properties[name]) for name in ("FromPort", "ToPort") if name in properties})
    if "CidrIp" in properties:
        permission["IpRanges"] = [{"CidrIp": properties["CidrIp"], **described}]
    if "CidrIpv6" in properties:
        permission["Ipv6Ranges"] = [{"CidrIpv6": properties["CidrIpv6"], **described}]
    if prefixes:
        permission["PrefixListIds"] = [{"PrefixListId": prefixes, **described}]
    if group:
        permission["UserIdGroupPairs"] = [{"GroupId": group, **described}]
    return permission


def _authorize(direction: str) -> Any:
    def create(resource: Resource) -> Made:
        authorize = getattr(resource.client("ec2"), f"authorize_security_group_{direction}")
        answer = authorize(GroupId=resource.properties["GroupId"], IpPermissions=[_permission(resource.properties)])
        rules = answer.get("SecurityGroupRules") or []
        identifier = rules[0]["SecurityGroupRuleId"] if rules else "sgr-" + resource.generated_name()[-13:].lower()
        return Made(identifier=identifier, attributes={"Id": identifier})

    return create


def _revoke(direction: str) -> Any:
    def delete(resource: Resource, _identifier: str) -> None:
        revoke = getattr(resource.client("ec2"), f"revoke_security_group_{direction}")
        rule = {"GroupId": resource.properties["GroupId"], "IpPermissions": [_permission(resource.properties)]}
        call_unless_gone(lambda: revoke(**rule))

    return delete


HANDLERS: dict[str, Handler] = {
    "AWS::EC2::EIP": Handler(create=_allocate_address, delete=_release_address),
    "AWS::EC2::NatGateway": ServiceResource(
        service="ec2",
        create="create_nat_gateway",
        delete="delete_nat_gateway",
        made=_gateway_made,
        key=lambda identifier, _properties: {"NatGatewayId": identifier},
        prepare=_tagged("natgateway"),
    ).handler(),
    "AWS::EC2::FlowLog": ServiceResource(
        service="ec2",
        create="create_flow_logs",
        delete="delete_flow_logs",
        made=_flow_log_made,
        key=lambda identifier, _properties: {"FlowLogIds": [identifier]},
        prepare=_flow_log_properties,
    ).handler(),
    "AWS::EC2::SecurityGroupIngress": Handler(create=_authorize("ingress"), delete=_revoke("ingress")),
    "AWS::EC2::SecurityGroupEgress": Handler(create=_authorize("egress"), delete=_revoke("egress")),
}
