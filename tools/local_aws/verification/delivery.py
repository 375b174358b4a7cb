"""The edge: distribution, its origins, keys and policies, web ACLs and certificates."""

from collections.abc import Callable, Iterator

from tools.local_aws.verification.reading import Check, Reader, differs


def _distribution(reader: Reader) -> Iterator[str]:
    config = reader.api("cloudfront").get_distribution(Id=reader.id)["Distribution"]["DistributionConfig"]
    wanted = reader.wanted("DistributionConfig")
    yield from differs("Enabled", wanted.get("Enabled"), config["Enabled"])
    yield from differs("HttpVersion", wanted.get("HttpVersion"), config.get("HttpVersion"))
    yield from differs("origins", len(wanted["Origins"]), config["Origins"]["Quantity"])
    yield from differs("aliases", len(wanted.get("Aliases", [])), config.get("Aliases", {}).get("Quantity", 0))
    if wanted.get("WebACLId") and not config.get("WebACLId"):
        yield "is protected by no web ACL"


def _stands(operation: str) -> Check:
    """CloudFront objects that are content to be found by their id."""

    def check(reader: Reader) -> Iterator[str]:
        getattr(reader.api("cloudfront"), operation)(Id=reader.id)
        yield from ()

    return check


def _function(reader: Reader) -> Iterator[str]:
    reader.api("cloudfront").describe_function(Name=reader.id.rsplit("/", 1)[-1], Stage="LIVE")
    yield from ()


def _web_acl(reader: Reader) -> Iterator[str]:
    name, unique, scope = reader.id.split("|")
    acl = reader.api("wafv2").get_web_acl(Name=name, Id=unique, Scope=scope)["WebACL"]
    yield from differs("rules", len(reader.wanted("Rules", [])), len(acl["Rules"]))


def _waf_set(operation: str) -> Callable[[Reader], Iterator[str]]:
    def check(reader: Reader) -> Iterator[str]:
        name, unique, scope = reader.id.split("|")
        getattr(reader.api("wafv2"), operation)(Name=name, Id=unique, Scope=scope)
        yield from ()

    return check


def _certificate(reader: Reader) -> Iterator[str]:
    certificate = reader.api("acm").describe_certificate(CertificateArn=reader.id)["Certificate"]
    yield from reader.same("DomainName", certificate["DomainName"])
    yield from differs("Status", "ISSUED", certificate["Status"])


CHECKS: dict[str, Check] = {
    "AWS::CloudFront::Distribution": _distribution,
    "AWS::CloudFront::Function": _function,
    "AWS::CloudFront::VpcOrigin": _stands("get_vpc_origin"),
    "AWS::CloudFront::PublicKey": _stands("get_public_key"),
    "AWS::CloudFront::KeyGroup": _stands("get_key_group"),
    "AWS::CloudFront::CachePolicy": _stands("get_cache_policy"),
    "AWS::CloudFront::OriginRequestPolicy": _stands("get_origin_request_policy"),
    "AWS::CloudFront::ResponseHeadersPolicy": _stands("get_response_headers_policy"),
    "AWS::CloudFront::OriginAccessControl": _stands("get_origin_access_control"),
    "AWS::WAFv2::WebACL": _web_acl,
    "AWS::WAFv2::IPSet": _waf_set("get_ip_set"),
    "AWS::WAFv2::RegexPatternSet": _waf_set("get_regex_pattern_set"),
    "AWS::WAFv2::RuleGroup": _waf_set("get_rule_group"),
    "AWS::CertificateManager::Certificate": _certificate,
}
