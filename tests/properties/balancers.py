"""Load balancers: their attributes, listeners, certificates and addresses."""

from tools.model.assembly import Assembly, Resource

BALANCER = "AWS::ElasticLoadBalancingV2::LoadBalancer"


def balancers(platform: Assembly, type_: str) -> list[Resource]:
    """Load balancers of a type, `application` or `network`; at least one must exist."""
    found = [
        balancer
        for balancer in platform.some(BALANCER)
        if (balancer["Type"] or "application") == type_
    ]
    assert found, f"{platform.name} has no {type_} load balancer, so that nothing keeps the promise"
    return found


def attributes(resource: Resource, property_: str) -> dict[str, str]:
    """Attributes of a load balancer or target group, by key, as text."""
    return {
        entry["Key"]: resource.platform.text(resource.stack, entry["Value"])
        for entry in resource[property_] or []
    }


def listeners(balancer: Resource) -> list[Resource]:
    found = balancer.platform.some("AWS::ElasticLoadBalancingV2::Listener")
    return [listener for listener in found if listener.target("LoadBalancerArn") is balancer]


def certificates(listener: Resource) -> list[Resource]:
    return [
        one
        for index in range(len(listener["Certificates"] or []))
        if (one := listener.target(f"Certificates.{index}.CertificateArn"))
    ]


def addresses(balancer: Resource) -> list[str]:
    """Names in the private zone that resolve to a load balancer."""
    return [
        record.text("Name").removesuffix(".")
        for record in balancer.platform.users_of(balancer, "AWS::Route53::RecordSet")
    ]


def is_for(certificate: Resource, name: str) -> bool:
    """Return true if a certificate covers a name; an asterisk covers one label."""
    domain = str(certificate["DomainName"])
    return domain == name or (domain.startswith("*.") and name.partition(".")[2] == domain[2:])
