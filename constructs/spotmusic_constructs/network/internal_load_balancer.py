"""Internal Application Load Balancer, shared by the API gateway and the services."""

from typing import Literal

import aws_cdk as cdk
from aws_cdk import aws_certificatemanager as acm
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_elasticloadbalancingv2 as elbv2
from aws_cdk import aws_route53 as route53
from aws_cdk import aws_route53_targets as targets
from aws_cdk import aws_s3 as s3
from constructs import Construct

from spotmusic_constructs import durations
from spotmusic_constructs.acknowledge import acknowledge
from spotmusic_constructs.arns import bucket_name

TLS_POLICY = elbv2.SslPolicy.TLS13_12_RES_PQ
"""TLS 1.3, or 1.2 with forward secrecy, and a post-quantum key exchange where the client offers
one."""

_NIST = "NIST.800.53.R5::NIST.800.53.R5"
_NO_DOMAIN = (
    "An environment without a domain can have no public certificate; "
    "its traffic stays inside the VPC, and production needs a domain."
)
WITHOUT_PROTECTION = {
    f"{_NIST}-ELBDeletionProtectionEnabled": (
        "Only environments without listeners may be deleted in one step."
    )
}
"""Finding of load balancers without deletion protection."""


class InternalLoadBalancer(Construct):
    """Internal Application Load Balancer; `listen` adds the listener.

    Creates the load balancer and, in the given zone, the address `<record_name>.<zone>`. Attributes
    enable access and connection logs: CDK's own method would change the policy of the bucket in
    another stack.

    Args:
        vpc: network with a subnet group "application".
        security_group: security group of the load balancer.
        certificate: certificate of the address. Without one the listener serves HTTP on port 80,
            which is allowed only without a domain.
        hosted_zone: private hosted zone of the address. None if another stack creates the record.
        record_name: host name in that zone, and beginning of the prefixes of logs.
        access_logs: bucket of access and connection logs, with a policy for load balancers.
        preserve_host_header: whether targets receive the client's Host header; Elastic Load
            Balancing's default is no.
        idle_timeout: time without traffic after which a connection is closed; default 60 seconds,
            that of Elastic Load Balancing.
        forwarded_for: processing of X-Forwarded-For: `append` adds the caller's address, `preserve`
            leaves it unchanged.
        deletion_protection: whether Elastic Load Balancing refuses to delete it.
        capacity_units: reserved capacity (LCU), at least 100. Default: none.
        inspected: place of the web ACL that inspects every request, for auditors.

    Example:
        balancer = InternalLoadBalancer(self, "Internal", vpc=vpc, security_group=security_group,
                                        certificate=certificate, hosted_zone=hosted_zone,
                                        record_name="internal", access_logs=logs.bucket,
                                        inspected="CloudFront's web ACL inspects every request.")
        balancer.listen(elbv2.ListenerAction.fixed_response(404))
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        vpc: ec2.IVpc,
        security_group: ec2.ISecurityGroup,
        certificate: acm.ICertificate | None,
        hosted_zone: route53.IHostedZone | None,
        record_name: str,
        access_logs: s3.IBucket,
        preserve_host_header: bool | None = None,
        idle_timeout: cdk.Duration | None = None,
        forwarded_for: Literal["append", "preserve"] = "append",
        deletion_protection: bool = True,
        capacity_units: int | None = None,
        inspected: str,
    ) -> None:
        super().__init__(scope, construct_id)
        self._certificate = certificate
        self.load_balancer = elbv2.ApplicationLoadBalancer(
            self,
            "LoadBalancer",
            vpc=vpc,
            vpc_subnets=ec2.SubnetSelection(subnet_group_name="application"),
            internet_facing=False,
            security_group=security_group,
            drop_invalid_header_fields=True,
            desync_mitigation_mode=elbv2.DesyncMitigationMode.STRICTEST,
            preserve_host_header=preserve_host_header,
            idle_timeout=idle_timeout or durations.seconds(60),
            xff_header_processing_mode=elbv2.XffHeaderProcessingMode[forwarded_for.upper()],
            deletion_protection=deletion_protection,
            minimum_capacity_unit=capacity_units,
        )
        for kind in ("access", "connection"):
            self.load_balancer.set_attribute(f"{kind}_logs.s3.enabled", "true")
            self.load_balancer.set_attribute(f"{kind}_logs.s3.bucket", bucket_name(access_logs))
            self.load_balancer.set_attribute(f"{kind}_logs.s3.prefix", f"{record_name}-{kind}")
        # Zonal shift moves traffic away from an impaired zone without a deployment.
        self.load_balancer.set_attribute("zonal_shift.config.enabled", "true")
        if hosted_zone:
            alias = targets.LoadBalancerTarget(self.load_balancer)
            route53.ARecord(
                self,
                "Address",
                zone=hosted_zone,
                record_name=record_name,
                target=route53.RecordTarget.from_alias(alias),
            )
        acknowledge(self.load_balancer, {f"{_NIST}-ALBWAFEnabled": inspected})
        if not deletion_protection:
            acknowledge(self.load_balancer, WITHOUT_PROTECTION)

    def listen(self, default_action: elbv2.ListenerAction) -> elbv2.ApplicationListener:
        """Create the listener.

        Args:
            default_action: action for requests that match no rule.
        """
        if self._certificate:
            return self.load_balancer.add_listener(
                "Listener",
                open=False,
                port=443,
                protocol=elbv2.ApplicationProtocol.HTTPS,
                certificates=[self._certificate],
                ssl_policy=TLS_POLICY,
                default_action=default_action,
            )
        plain = self.load_balancer.add_listener(
            "Listener",
            open=False,
            port=80,
            protocol=elbv2.ApplicationProtocol.HTTP,
            default_action=default_action,
        )
        findings = [f"{_NIST}-ELBv2ACMCertificateRequired", f"{_NIST}-ALBHttpToHttpsRedirection"]
        acknowledge(plain, dict.fromkeys(findings, _NO_DOMAIN))
        return plain
