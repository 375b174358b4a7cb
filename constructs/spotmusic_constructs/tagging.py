"""Types without tags, and tags for resources that CDK does not tag."""

import aws_cdk as cdk
import jsii

UNTAGGED = ("AWS::CloudFront::VpcOrigin", "AWS::ElasticLoadBalancingV2::ListenerRule")
"""Types without tags of the environment, because a changed tag is an update of the resource.
CloudFront refuses each update of a VPC origin in use (aws/aws-cdk issue 35765), and an update of a
listener rule resets its weights (`ServiceIngress`)."""


def tag_like(
    tagged: cdk.ITaggable,
    *resources: cdk.CfnResource,
    property_name: str = "Tags",
    by_name: bool = False,
) -> None:
    """Copy the tags of one resource to others that CDK does not tag.

    CDK does not tag some of its own functions, roles and parameters, nor resources that are created
    later, such as repositories of cached images.

    Args:
        tagged: resource with the tags, read at synthesis.
        resources: resources of the same stack without tags.
        property_name: property of the tags.
        by_name: whether the property is a map, as of parameters of Systems Manager, instead of a
            list.

    Example:
        tag_like(tagged, function)
    """
    tags = cdk.Lazy.any(_TagsOf(tagged, by_name=by_name))
    for resource in resources:
        resource.add_property_override(property_name, tags)


@jsii.implements(cdk.IStableAnyProducer)
class _TagsOf:
    def __init__(self, tagged: cdk.ITaggable, *, by_name: bool) -> None:
        self._tagged, self._by_name = tagged, by_name

    def produce(self) -> object:
        tags = dict(self._tagged.tags.tag_values())
        return (
            tags if self._by_name else [{"Key": key, "Value": value} for key, value in tags.items()]
        )
