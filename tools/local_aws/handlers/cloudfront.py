"""CloudFront: VPC origins, public keys and key groups. Updates and deletions send the latest ETag."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tools.local_aws.provider_schemas import Properties
from tools.local_aws.provisioning import Handler, Made, Resource
from tools.local_aws.service_api import call_unless_gone, parameters


@dataclass(frozen=True)
class _Kind:
    """Kind of CloudFront resource.

    Args:
        word: name in operations, such as `key_group`.
        member: member of a response with the resource.
        attributes: attributes for `Fn::GetAtt`, read from that member.
    """

    word: str
    member: str
    attributes: Callable[[dict[str, Any]], dict[str, Any]]

    def handler(self) -> Handler:
        return Handler(create=self._create, update=self._update, delete=self._delete)

    def _create(self, resource: Resource) -> Made:
        client, operation = resource.client("cloudfront"), f"create_{self.word}"
        return self._made(getattr(client, operation)(**parameters(client, operation, _properties(resource))))

    def _update(self, resource: Resource, identifier: str, _old: Properties) -> Made:
        client, operation = resource.client("cloudfront"), f"update_{self.word}"
        given = parameters(client, operation, _properties(resource))
        return self._made(getattr(client, operation)(**given, Id=identifier, IfMatch=self._tag(client, identifier)))

    def _delete(self, resource: Resource, identifier: str) -> None:
        client = resource.client("cloudfront")
        delete = getattr(client, f"delete_{self.word}")
        call_unless_gone(lambda: delete(Id=identifier, IfMatch=self._tag(client, identifier)))

    def _tag(self, client: Any, identifier: str) -> str:
        return str(getattr(client, f"get_{self.word}")(Id=identifier)["ETag"])

    def _made(self, answer: dict[str, Any]) -> Made:
        found = answer[self.member]
        return Made(identifier=found["Id"], attributes={"Id": found["Id"], **self.attributes(found)})


# Defaults that CloudFormation adds; the API requires them.
_ORIGIN_DEFAULTS = {"HTTPPort": 80, "HTTPSPort": 443, "OriginProtocolPolicy": "match-viewer"}


def _properties(resource: Resource) -> Properties:
    """Wraps tags as CloudFront requires; of these three types only VPC origins have tags."""
    properties = dict(resource.properties)
    if "VpcOriginEndpointConfig" in properties:
        properties["VpcOriginEndpointConfig"] = {**_ORIGIN_DEFAULTS, **properties["VpcOriginEndpointConfig"]}
    if properties.get("Tags"):
        properties["Tags"] = {"Items": properties["Tags"]}
    return properties


HANDLERS: dict[str, Handler] = {
    "AWS::CloudFront::VpcOrigin": _Kind("vpc_origin", "VpcOrigin", lambda origin: {"Arn": origin["Arn"]}).handler(),
    "AWS::CloudFront::PublicKey": _Kind("public_key", "PublicKey", lambda key: {"CreatedTime": str(key.get("CreatedTime", ""))}).handler(),
    "AWS::CloudFront::KeyGroup": _Kind(
        "key_group", "KeyGroup", lambda group: {"LastModifiedTime": str(group.get("LastModifiedTime", ""))}
    ).handler(),
}
