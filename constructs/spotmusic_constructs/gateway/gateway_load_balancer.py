"""Internal load balancer of the API gateway, a VPC origin of CloudFront."""

import aws_cdk as cdk
from aws_cdk import aws_certificatemanager as acm
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_elasticloadbalancingv2 as elbv2
from aws_cdk import aws_route53 as route53
from aws_cdk import aws_s3 as s3
from constructs import Construct

from spotmusic_constructs import durations
from spotmusic_constructs.gateway.kong_values import PROXY_PORT, STATUS_PORT
from spotmusic_constructs.network.internal_load_balancer import InternalLoadBalancer

IDLE_TIMEOUT = durations.seconds(25)
"""Idle timeout, longer than the timeout of the gateway and shorter than that of CloudFront."""


class GatewayLoadBalancer(InternalLoadBalancer):
    """Internal Application Load Balancer with one target group, the API gateway's pods.

    Creates the load balancer, one listener, one target group of IP addresses, and, in the given
    zone, the address `<record_name>.<zone>`. Pods join the target group through a
    TargetGroupBinding.

    Args:
        vpc: network with a subnet group "application".
        security_group: security group of the load balancer.
        certificate: certificate of the address. Without one the listener uses HTTP on port 80,
            which is for environments without a domain only.
        hosted_zone: private hosted zone of the address. Default: another stack creates the record.
        record_name: host name in that zone.
        access_logs: bucket of access and connection logs, with a policy for load balancers.
        cluster_name: name of the EKS cluster of the pods. Auto Mode registers targets only in
            target groups with its tag `eks:eks-cluster-name` (AWS managed policy
            AmazonEKSLoadBalancingPolicy).
        deletion_protection: whether deletion protection is enabled.
        capacity_units: reserved capacity (LCU), at least 100. Default: none.

    Example:
        GatewayLoadBalancer(self, "Gateway", vpc=vpc, security_group=security_group,
                            certificate=certificate, hosted_zone=hosted_zone,
                            access_logs=logs.bucket, cluster_name="spotmusic-dev")
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        vpc: ec2.IVpc,
        security_group: ec2.ISecurityGroup,
        certificate: acm.ICertificate | None,
        access_logs: s3.IBucket,
        cluster_name: str,
        hosted_zone: route53.IHostedZone | None = None,
        record_name: str = "gateway",
        deletion_protection: bool = True,
        capacity_units: int | None = None,
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            vpc=vpc,
            security_group=security_group,
            certificate=certificate,
            hosted_zone=hosted_zone,
            record_name=record_name,
            access_logs=access_logs,
            # The gateway builds URLs from the viewer's Host header.
            preserve_host_header=True,
            idle_timeout=IDLE_TIMEOUT,
            deletion_protection=deletion_protection,
            capacity_units=capacity_units,
            inspected="Only CloudFront can connect, and its web ACL inspects every request.",
        )
        self.target_group = elbv2.ApplicationTargetGroup(
            self,
            "Targets",
            vpc=vpc,
            target_type=elbv2.TargetType.IP,
            protocol=elbv2.ApplicationProtocol.HTTPS,
            # The load balancer encrypts to the pods and does not verify their certificates.
            port=PROXY_PORT,
            # Shorter than the grace period of the pods, so that no request reaches a terminated
            # pod.
            deregistration_delay=durations.seconds(30),
            health_check=elbv2.HealthCheck(
                protocol=elbv2.Protocol.HTTP,
                port=str(STATUS_PORT),
                path="/status/ready",
                interval=durations.seconds(10),
                timeout=durations.seconds(5),
                healthy_threshold_count=2,
                unhealthy_threshold_count=3,
            ),
        )
        cdk.Tags.of(self.target_group).add("eks:eks-cluster-name", cluster_name)
        self.listener = self.listen(elbv2.ListenerAction.forward([self.target_group]))
