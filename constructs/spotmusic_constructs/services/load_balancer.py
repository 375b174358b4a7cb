"""The load balancer between the API gateway and the application services."""

from aws_cdk import aws_certificatemanager as acm
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_elasticloadbalancingv2 as elbv2
from aws_cdk import aws_route53 as route53
from aws_cdk import aws_route53_targets as targets
from aws_cdk import aws_s3 as s3
from constructs import Construct

from spotmusic_constructs.acknowledge import acknowledge

TLS_POLICY = elbv2.SslPolicy.TLS13_12_RES_PQ
"""TLS 1.3, or 1.2 with forward secrecy, and a post-quantum key exchange where the client offers one."""


class ServicesLoadBalancer(Construct):
    """An internal Application Load Balancer that says 404 to every path that no service has claimed.

    Creates the load balancer, one listener and the address `<record_name>.<zone>`. Services add listener rules and target groups.

    Args:
        vpc: network with a subnet group "application".
        security_group: security group of the load balancer.
        certificate: certificate of the address. Without one the listener speaks HTTP on port 80, which only an environment
            without a domain may.
        zone: private hosted zone of the address.
        record_name: host name in that zone.
        logs: bucket whose policy admits the logs of load balancers; access and connection logs go there.
        deletion_protection: whether Elastic Load Balancing refuses to delete it.

    Example:
        ServicesLoadBalancer(self, "LoadBalancer", vpc=network.vpc, security_group=security_group, certificate=certificate,
                             zone=network.private_zone, logs=data.logs.bucket)
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        vpc: ec2.IVpc,
        security_group: ec2.ISecurityGroup,
        certificate: acm.ICertificate | None,
        zone: route53.IHostedZone,
        logs: s3.IBucket,
        record_name: str = "services",
        deletion_protection: bool = True,
    ) -> None:
        super().__init__(scope, construct_id)
        self.load_balancer = elbv2.ApplicationLoadBalancer(
            self,
            "LoadBalancer",
            vpc=vpc,
            vpc_subnets=ec2.SubnetSelection(subnet_group_name="application"),
            internet_facing=False,
            security_group=security_group,
            drop_invalid_header_fields=True,
            desync_mitigation_mode=elbv2.DesyncMitigationMode.STRICTEST,
            deletion_protection=deletion_protection,
        )
        for kind in ("access", "connection"):
            self.load_balancer.set_attribute(f"{kind}_logs.s3.enabled", "true")
            self.load_balancer.set_attribute(f"{kind}_logs.s3.bucket", logs.bucket_name)
            self.load_balancer.set_attribute(f"{kind}_logs.s3.prefix", f"{record_name}-{kind}")

        # A zone in trouble can be left at once, without a deployment.
        self.load_balancer.set_attribute("zonal_shift.config.enabled", "true")

        self.listener = self.load_balancer.add_listener(
            "Listener",
            port=443 if certificate else 80,
            protocol=elbv2.ApplicationProtocol.HTTPS if certificate else elbv2.ApplicationProtocol.HTTP,
            certificates=[certificate] if certificate else None,
            ssl_policy=TLS_POLICY if certificate else None,
            open=False,
            default_action=elbv2.ListenerAction.fixed_response(
                404, content_type="application/json", message_body='{"message":"Not found"}'
            ),
        )
        route53.ARecord(
            self,
            "Address",
            zone=zone,
            record_name=record_name,
            target=route53.RecordTarget.from_alias(targets.LoadBalancerTarget(self.load_balancer)),
        )
        _acknowledge(self, has_certificate=certificate is not None, deletion_protection=deletion_protection)


def _acknowledge(balancer: ServicesLoadBalancer, *, has_certificate: bool, deletion_protection: bool) -> None:
    nist = "NIST.800.53.R5::NIST.800.53.R5-"
    acknowledge(
        balancer.load_balancer,
        {f"{nist}ALBWAFEnabled": "Requests pass the web ACL of CloudFront first; this load balancer is internal and takes Kong alone."},
    )
    if not deletion_protection:
        reason = "Only environments that listeners do not use may be taken down at once."
        acknowledge(balancer.load_balancer, {f"{nist}ELBDeletionProtectionEnabled": reason})
    if not has_certificate:
        reason = "An environment without a domain has no certificate to listen with; it holds no listeners' data (property 134)."
        acknowledge(balancer.listener, {f"{nist}ALBHttpToHttpsRedirection": reason, f"{nist}ELBv2ACMCertificateRequired": reason})
