"""The load balancer in front of the API gateway, which CloudFront reaches through a VPC origin."""

import aws_cdk as cdk
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

_FINDINGS = {
    "NIST.800.53.R5::NIST.800.53.R5-ALBWAFEnabled": "Only CloudFront reaches it, whose web ACL has looked at every request before.",
}
_NO_DOMAIN = (
    "An environment without a domain can have no public certificate; its traffic stays inside the VPC, and production needs a domain."
)
_WITHOUT_CERTIFICATE = {
    "NIST.800.53.R5::NIST.800.53.R5-ELBv2ACMCertificateRequired": _NO_DOMAIN,
    "NIST.800.53.R5::NIST.800.53.R5-ALBHttpToHttpsRedirection": _NO_DOMAIN,
}
_WITHOUT_PROTECTION = {
    "NIST.800.53.R5::NIST.800.53.R5-ELBDeletionProtectionEnabled": "Only environments that listeners do not use may be taken down at once.",
}


class GatewayLoadBalancer(Construct):
    """An internal Application Load Balancer whose only target group is the API gateway's pods.

    Creates the load balancer, one listener, one target group of IP addresses, and the address `<record_name>.<zone>`. Pods join
    the target group through a TargetGroupBinding.

    Args:
        vpc: network with a subnet group "application".
        security_group: security group of the load balancer.
        certificate: certificate of the address. Without one the listener speaks HTTP on port 80, which only an environment
            without a domain may.
        zone: private hosted zone of the address.
        record_name: host name in that zone.
        logs: bucket whose policy admits the logs of load balancers; access and connection logs go there.
        cluster_name: name of the EKS cluster whose pods join. Auto Mode registers targets only where the tag
            `eks:eks-cluster-name` says so (AWS managed policy AmazonEKSLoadBalancingPolicy).
        port: port of the pods, where they speak HTTPS. The load balancer encrypts to them and does not check who they are.
        health_port: port of the pods that answers health checks over HTTP.
        health_path: path that answers 200 when a pod can serve.
        deletion_protection: whether Elastic Load Balancing refuses to delete it.

    Example:
        GatewayLoadBalancer(self, "Gateway", vpc=network.vpc, security_group=security_group, certificate=certificate,
                            zone=network.private_zone, logs=data.logs.bucket, cluster_name="spotmusic-dev")
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
        cluster_name: str,
        record_name: str = "gateway",
        port: int = 8443,
        health_port: int = 8100,
        health_path: str = "/status/ready",
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
            # The gateway builds addresses from the host that the viewer asked for.
            preserve_host_header=True,
            deletion_protection=deletion_protection,
        )
        _log_to(self.load_balancer, logs, prefix=record_name)
        self.load_balancer.set_attribute("zonal_shift.config.enabled", "true")
        self.target_group = elbv2.ApplicationTargetGroup(
            self,
            "Targets",
            vpc=vpc,
            target_type=elbv2.TargetType.IP,
            protocol=elbv2.ApplicationProtocol.HTTPS,
            port=port,
            # Shorter than the pods' own grace period, so that no request meets a pod that is gone.
            deregistration_delay=cdk.Duration.seconds(30),
            health_check=elbv2.HealthCheck(
                protocol=elbv2.Protocol.HTTP,
                port=str(health_port),
                path=health_path,
                interval=cdk.Duration.seconds(10),
                timeout=cdk.Duration.seconds(5),
                healthy_threshold_count=2,
                unhealthy_threshold_count=3,
            ),
        )
        cdk.Tags.of(self.target_group).add("eks:eks-cluster-name", cluster_name)
        self.listener = self.load_balancer.add_listener(
            "Listener",
            open=False,
            port=443 if certificate else 80,
            protocol=elbv2.ApplicationProtocol.HTTPS if certificate else elbv2.ApplicationProtocol.HTTP,
            certificates=[certificate] if certificate else None,
            ssl_policy=TLS_POLICY if certificate else None,
            default_target_groups=[self.target_group],
        )
        route53.ARecord(
            self,
            "Address",
            zone=zone,
            record_name=record_name,
            target=route53.RecordTarget.from_alias(targets.LoadBalancerTarget(self.load_balancer)),
        )
        self.address = f"{record_name}.{zone.zone_name}"
        acknowledge(self.load_balancer, _FINDINGS)
        if certificate is None:
            acknowledge(self.listener, _WITHOUT_CERTIFICATE)
        if not deletion_protection:
            acknowledge(self.load_balancer, _WITHOUT_PROTECTION)


def _log_to(load_balancer: elbv2.ApplicationLoadBalancer, bucket: s3.IBucket, *, prefix: str) -> None:
    """Turns the logs on by attributes alone: CDK's own method would write into the policy of the bucket, in another stack."""
    for kind in ("access", "connection"):
        load_balancer.set_attribute(f"{kind}_logs.s3.enabled", "true")
        load_balancer.set_attribute(f"{kind}_logs.s3.bucket", bucket.bucket_name)
        load_balancer.set_attribute(f"{kind}_logs.s3.prefix", f"{prefix}-{kind}")
