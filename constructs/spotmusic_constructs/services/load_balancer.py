"""Load balancer between the API gateway and the application services."""

from aws_cdk import aws_certificatemanager as acm
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_elasticloadbalancingv2 as elbv2
from aws_cdk import aws_route53 as route53
from aws_cdk import aws_s3 as s3
from constructs import Construct

from spotmusic_constructs.network.internal_load_balancer import InternalLoadBalancer


class ServicesLoadBalancer(InternalLoadBalancer):
    """Internal Application Load Balancer that returns 404 for paths without a service.

    Creates the load balancer, one listener and the address `<record_name>.<zone>`. Services add
    listener rules and target groups.

    Args:
        vpc: network with a subnet group "application".
        security_group: security group of the load balancer.
        certificate: certificate of the address. Without one the listener serves HTTP on port 80,
            which is allowed only without a domain.
        hosted_zone: private hosted zone of the address.
        record_name: host name in that zone.
        access_logs: bucket of access and connection logs, with a policy for load balancers.
        deletion_protection: whether Elastic Load Balancing refuses to delete it.
        capacity_units: reserved capacity (LCU), at least 100. Default: none.

    Example:
        ServicesLoadBalancer(self, "LoadBalancer", vpc=vpc, security_group=security_group,
                             certificate=certificate, hosted_zone=hosted_zone,
                             access_logs=logs.bucket)
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
        record_name: str = "services",
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
            # The gateway sets the viewer's address; the load balancer would append the gateway's
            # own.
            forwarded_for="preserve",
            deletion_protection=deletion_protection,
            capacity_units=capacity_units,
            inspected=(
                "Requests pass the web ACL of CloudFront first; "
                "this load balancer is internal and accepts only Kong."
            ),
        )
        self.listener = self.listen(
            elbv2.ListenerAction.fixed_response(
                404, content_type="application/json", message_body='{"message":"Not found"}'
            )
        )
