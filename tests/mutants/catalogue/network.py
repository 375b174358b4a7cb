"""Faults of the network: who reaches whom, and what is left when a zone is lost."""

from tests.mutants.changes import both, drop, gone, keep, put, refer, twin
from tests.mutants.fault import Fault

VIEWERS = "network/SecurityGroupscloudfronttogatewayloadbalancer443ingress"
APPLICATION_SUBNET = "network/NetworkVpcapplicationSubnet?Subnet"
ENDPOINT = "AWS::EC2::VPCEndpoint"
ANYBODY = {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}


FAULTS = (
    Fault(
        "security group opened to the Internet",
        VIEWERS,
        both(drop("SourcePrefixListId"), put("CidrIp", to="0.0.0.0/0")),
        "Attackers talk to the gateway past CloudFront, its web ACL and its rate limits.",
    ),
    Fault(
        "security group opened to the Internet by IPv6",
        VIEWERS,
        both(drop("SourcePrefixListId"), put("CidrIpv6", to="::/0")),
        "The same as by IPv4, and nobody looks there.",
    ),
    Fault(
        "rule beside the table of flows",
        VIEWERS,
        twin("DebugIngress", drop("SourcePrefixListId"), put("CidrIp", to="0.0.0.0/0"), put("FromPort", to=8443), put("ToPort", to=8443)),
        "A door that somebody opened to debug stays open for years.",
    ),
    Fault(
        "rule within a security group",
        "network/SecurityGroups*database",
        put("SecurityGroupIngress", to=[{"IpProtocol": "tcp", "FromPort": 3306, "ToPort": 3306, "CidrIp": "10.0.0.0/8"}]),
        "Whoever is anywhere in the company's network reaches the database.",
        of="AWS::EC2::SecurityGroup",
    ),
    Fault(
        "rule on every port",
        "network/SecurityGroups*ingress",
        both(put("FromPort", to=0), put("ToPort", to=65535)),
        "One compromised task reaches every port of its neighbours instead of one.",
        of="AWS::EC2::SecurityGroupIngress",
    ),
    Fault(
        "rule gone",
        "network/SecurityGroups*",
        gone,
        "A flow that the platform lives by is shut: clients time out.",
        of="AWS::EC2::SecurityGroup[IE]*gress",
    ),
    Fault(
        "database may call out",
        "network/SecurityGroups*database",
        put("SecurityGroupEgress", to=[{"IpProtocol": "-1", "CidrIp": "0.0.0.0/0"}]),
        "Data is carried out by whoever runs code in the database.",
        of="AWS::EC2::SecurityGroup",
    ),
    Fault(
        "security group that lets everything out",
        "network/SecurityGroups*",
        drop("SecurityGroupEgress"),
        "AWS's default takes the place of what is not said, and stolen data leaves by any way.",
        of="AWS::EC2::SecurityGroup",
    ),
    Fault(
        "security group without a word",
        "network/SecurityGroups*ingress",
        drop("Description"),
        "Nobody dares to remove a rule of which nobody knows what it is for.",
        of="AWS::EC2::SecurityGroupIngress",
    ),
    Fault(
        "default security group left open",
        "network/*RestrictDefaultSecurityGroup*",
        gone,
        "What is started without a group by mistake talks to everything that was started so.",
        of="Custom::VpcRestrictDefaultSG",
    ),
    Fault("flow log gone", "network/FlowLogsFlowLog", gone, "After an incident nobody can tell who talked to whom."),
    Fault(
        "flow log of refusals only",
        "network/FlowLogsFlowLog",
        put("TrafficType", to="REJECT"),
        "An intruder who was let in leaves no trace.",
    ),
    Fault(
        "flow log kept for a week",
        "network/FlowLogsLogGroup",
        put("RetentionInDays", to=7),
        "Access records that the law asks for are gone.",
    ),
    Fault(
        "subnet in the zone of another",
        "network/NetworkVpc*Subnet3Subnet",
        put("AvailabilityZone", to="sa-east-1a"),
        "The loss of one zone takes two thirds of everything.",
    ),
    Fault("subnet gone", APPLICATION_SUBNET, gone, "A third of the capacity has nowhere to start."),
    Fault(
        "subnet with public addresses",
        "network/*Subnet",
        put("MapPublicIpOnLaunch", to=True),
        "Machines stand in the Internet.",
        of="AWS::EC2::Subnet",
    ),
    Fault(
        "subnet too small for pods",
        APPLICATION_SUBNET,
        put("CidrBlock", to="10.40.0.0/26"),
        "At the evening peak new pods get no address.",
    ),
    Fault("NAT gateway gone", "network/*NATGateway", gone, "A zone has no way out: images and AWS APIs are out of reach."),
    Fault(
        "NAT gateway of another zone",
        "network/NetworkVpcapplicationSubnet[23]DefaultRoute",
        refer("NatGatewayId", to="network/NetworkVpcpublicSubnet1NATGateway"),
        "The loss of one zone takes the way out of the others.",
    ),
    Fault(
        "data tier with a way out",
        "network/NetworkVpcapplicationSubnet1DefaultRoute",
        refer("RouteTableId", to="network/NetworkVpcdataSubnet1RouteTable"),
        "Databases reach the Internet, and what is behind them leaks.",
    ),
    Fault(
        "endpoint gone",
        "network/*Endpoint*",
        gone,
        "Calls to AWS leave through NAT, are charged by the byte and stop with it.",
        of=ENDPOINT,
    ),
    Fault(
        "endpoint policy opened",
        "network/*Endpoint*",
        put("PolicyDocument", "Statement", to=[ANYBODY]),
        "Stolen data is copied into a bucket of somebody else's account.",
        of=ENDPOINT,
    ),
    Fault(
        "endpoint without policy",
        "network/*Endpoint*",
        drop("PolicyDocument"),
        "The same: AWS's default lets everybody do everything.",
        of=ENDPOINT,
    ),
    Fault(
        "endpoint without private name",
        "network/Endpoints*",
        put("PrivateDnsEnabled", to=False),
        "Nobody uses it, and nobody notices.",
        of=ENDPOINT,
    ),
    Fault(
        "endpoint in one zone",
        "network/Endpoints*",
        keep("SubnetIds", first=1),
        "With its zone goes every call to that service.",
        of=ENDPOINT,
    ),
    Fault(
        "load balancers of Kubernetes in the data tier",
        "network/NetworkVpcdataSubnet1Subnet",
        put("Tags", {"Key": "Env"}, to={"Key": "kubernetes.io/role/internal-elb", "Value": "1"}),
        "Kubernetes puts a load balancer among the databases.",
    ),
)
