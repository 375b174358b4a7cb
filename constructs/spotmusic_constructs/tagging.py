"""Tags for what CDK makes without them."""

import aws_cdk as cdk
import jsii


def tag_like(resource: cdk.CfnResource, tagged: cdk.ITaggable, *, property_name: str = "Tags", by_name: bool = False) -> None:
    """Gives a resource that CDK does not tag the tags that another one ends up with.

    CDK writes some functions, roles and parameters of its own without a class that knows tags, and does not tag what a
    template makes later, such as repositories of cached images.

    Args:
        resource: resource without tags.
        tagged: resource of the same stack whose tags it gets, as they are when the template is written.
        property_name: property that takes the tags.
        by_name: whether it takes values by name, as parameters of Systems Manager do, instead of a list of keys and values.

    Example:
        tag_like(function, log_group)
    """
    resource.add_property_override(property_name, cdk.Lazy.any(_TagsOf(tagged, by_name=by_name)))


@jsii.implements(cdk.IStableAnyProducer)
class _TagsOf:
    def __init__(self, tagged: cdk.ITaggable, *, by_name: bool) -> None:
        self._tagged, self._by_name = tagged, by_name

    def produce(self) -> object:
        tags = dict(self._tagged.tags.tag_values())
        return tags if self._by_name else [{"Key": key, "Value": value} for key, value in tags.items()]
