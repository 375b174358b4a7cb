"""Load balancer of the brokers of events (Kafka) and tasks (AMQP)."""

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
from spotmusic_constructs.messaging.rabbitmq import AMQPS_PORT, MANAGEMENT_PORT
from spotmusic_constructs.network.internal_load_balancer import TLS_POLICY, WITHOUT_PROTECTION
from spotmusic_constructs.streaming import redpanda_values as redpanda

_WITHOUT_CERTIFICATE = {
    "NIST.800.53.R5::NIST.800.53.R5-ELBv2ACMCertificateRequired": (
        "TCP passes through to brokers with TLS and certificates of the internal authority; "
        "production has a public certificate."
    ),
}


class BrokerLoadBalancer(Construct):
    """Internal Network Load Balancer with a listener for each broker and API.

    A Kafka client reads the cluster's members from any broker (bootstrap) and then connects to each
    advertised address, so each broker has its own listener: `<record_name>.<zone>:<9100 +
    ordinal>`. The schema registry, AMQP and RabbitMQ's management API have one each.

    With a certificate the listeners terminate TLS and encrypt again towards the pods; clients need
    only Amazon's authority. Without one they forward TCP, and clients verify the brokers' own
    certificates.

    Creates the load balancer, listeners, target groups of IP addresses, and the address
    `<record_name>.<zone>`.

    Args:
        vpc: network with a subnet group "application".
        security_group: security group of the load balancer.
        certificate: certificate of the address. None forwards TCP.
        hosted_zone: private hosted zone of the address.
        access_logs: bucket of the logs, with a policy for load balancers. Only listeners with TLS
            are logged.
        cluster_name: name of the EKS cluster of the pods. Auto Mode registers targets only where
            the tag `eks:eks-cluster-name` has this value (AWS managed policy
            AmazonEKSLoadBalancingPolicy).
        brokers: number of Kafka brokers.
        management: whether RabbitMQ's management API has a listener.
        record_name: host name in the zone.
        deletion_protection: whether Elastic Load Balancing refuses to delete it.

    Example:
        BrokerLoadBalancer(self, "Brokers", vpc=vpc, security_group=security_group,
                           certificate=certificate, hosted_zone=hosted_zone,
                           access_logs=logs.bucket, cluster_name="spotmusic-dev", brokers=3)
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        vpc: ec2.IVpc,
        security_group: ec2.ISecurityGroup,
        certificate: acm.ICertificate | None,
        hosted_zone: route53.IHostedZone,
        access_logs: s3.IBucket,
        cluster_name: str,
        brokers: int = 3,
        management: bool = False,
        record_name: str = "brokers",
        deletion_protection: bool = True,
    ) -> None:
        super().__init__(scope, construct_id)
        self._vpc = vpc
        self._certificate = certificate
        self.load_balancer = elbv2.NetworkLoadBalancer(
            self,
            "LoadBalancer",
            vpc=vpc,
            vpc_subnets=ec2.SubnetSelection(subnet_group_name="application"),
            internet_facing=False,
            security_groups=[security_group],
            # Each broker runs in one zone: without cross-zone load balancing the other zones could
            # not reach it.
            cross_zone_enabled=True,
            zonal_shift=True,
            deletion_protection=deletion_protection,
        )
        self.load_balancer.set_attribute("access_logs.s3.enabled", "true")
        self.load_balancer.set_attribute("access_logs.s3.bucket", bucket_name(access_logs))
        self.load_balancer.set_attribute("access_logs.s3.prefix", f"{record_name}-access")

        # Auto Mode registers targets only where a target group has this tag.
        cdk.Tags.of(self).add(
            "eks:eks-cluster-name",
            cluster_name,
            include_resource_types=[elbv2.CfnTargetGroup.CFN_RESOURCE_TYPE_NAME],
        )
        self.kafka_bootstrap = self._listen(
            "KafkaBootstrap", port=redpanda.BOOTSTRAP_PORT, target_port=redpanda.EXTERNAL_PORT
        )
        self.kafka_brokers = tuple(
            self._listen(
                f"KafkaBroker{ordinal}",
                port=redpanda.FIRST_ADVERTISED_PORT + ordinal,
                target_port=redpanda.EXTERNAL_PORT,
            )
            for ordinal in range(brokers)
        )
        self.schema_registry = self._listen(
            "SchemaRegistry",
            port=redpanda.ADVERTISED_SCHEMA_REGISTRY_PORT,
            target_port=redpanda.SCHEMA_REGISTRY_EXTERNAL_PORT,
        )
        self.amqp = self._listen("Amqp", port=AMQPS_PORT, target_port=AMQPS_PORT)
        self.management = (
            self._listen("Management", port=MANAGEMENT_PORT, target_port=MANAGEMENT_PORT)
            if management
            else None
        )
        route53.ARecord(
            self,
            "Address",
            zone=hosted_zone,
            record_name=record_name,
            target=route53.RecordTarget.from_alias(targets.LoadBalancerTarget(self.load_balancer)),
        )
        self.address = f"{record_name}.{hosted_zone.zone_name}"
        if certificate is None:
            acknowledge(self.load_balancer, _WITHOUT_CERTIFICATE)
        if not deletion_protection:
            acknowledge(self.load_balancer, WITHOUT_PROTECTION)

    def _listen(self, name: str, *, port: int, target_port: int) -> elbv2.NetworkTargetGroup:
        """Create a listener and its target group."""
        protocol = elbv2.Protocol.TLS if self._certificate else elbv2.Protocol.TCP
        target_group = elbv2.NetworkTargetGroup(
            self,
            f"{name}Targets",
            vpc=self._vpc,
            target_type=elbv2.TargetType.IP,
            protocol=protocol,
            port=target_port,
            # The load balancer is the source of connections, which the security group and the
            # policies of the pods allow.
            preserve_client_ip=False,
            connection_termination=True,
            deregistration_delay=durations.seconds(30),
            health_check=elbv2.HealthCheck(
                protocol=elbv2.Protocol.TCP,
                interval=durations.seconds(10),
                healthy_threshold_count=2,
                unhealthy_threshold_count=2,
            ),
        )
        self.load_balancer.add_listener(
            name,
            port=port,
            protocol=protocol,
            certificates=[self._certificate] if self._certificate else None,
            ssl_policy=TLS_POLICY if self._certificate else None,
            default_target_groups=[target_group],
        )
        return target_group
