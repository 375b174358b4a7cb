"""Faults that nobody noticed when they were first tried by hand: valid templates, and wrong."""

from tests.mutants.changes import EACH, chart, drop, put, reads
from tests.mutants.fault import Change, Fault
from tests.mutants.seed import Place

ALARM, GROUND = "AWS::CloudWatch::Alarm", "eks-platform/GroundReleaseChart"
KEY, FUNCTION = "AWS::KMS::Key", "data/CatalogueUsersFunction"


def secret_of(database: str) -> Change:
    """Lets a function log in with the master secret of another database."""

    def change(place: Place) -> None:
        (other,) = (found.id for found in place.seed.places(database))
        put("Environment", "Variables", "MASTER_SECRET_ARN", to={"Fn::GetAtt": [other, "MasterUserSecret.SecretArn"]})(place)

    return change


FAULTS = (
    Fault(
        "alarm with a misspelt dimension",
        "*",
        put("Dimensions", 0, "Name", to="LoadBalancerName"),
        "It reads what nobody publishes, and is silent.",
        of=ALARM,
        has="Dimensions",
    ),
    Fault(
        "formula of missing tasks reversed",
        "observability/*TasksCritical",
        reads("FILL(desired, 1) - FILL(running, 0)", "FILL(running, 0) - FILL(desired, 1)"),
        "No task runs, and nobody is told.",
    ),
    Fault(
        "formula of slow requests reversed",
        "observability/Latency*",
        reads("100 - FILL(within, 100)", "FILL(within, 100)"),
        "It rings while all is well, until it is turned off.",
        of=ALARM,
    ),
    *(
        Fault(
            f"action {number + 1} of {of} missing",
            of,
            drop("PolicyDocument", "Statement", statement, "Action", number),
            "It is denied in the middle of what it does.",
        )
        for of, statement, number in (
            ("data/CacheRotationFunctionPolicy", {"Action": ["elasticache:DescribeUsers", "elasticache:ModifyUser"]}, 0),
            ("data/CacheRotationFunctionPolicy", {"Action": ["elasticache:DescribeUsers", "elasticache:ModifyUser"]}, 1),
            ("network/FlowLogsPolicy", 0, 0),
            ("network/FlowLogsPolicy", 0, 1),
        )
    ),
    Fault(
        "keys that anybody passes on",
        "*",
        drop("KeyPolicy", "Statement", {"Sid": "NobodyButServicesPassesItOn"}, "Condition", EACH, "aws:PrincipalIsAWSService"),
        "Services of AWS are refused, or people make grants.",
        of=KEY,
    ),
    Fault(
        "keys for every account",
        "secrets/[DCAB]*Key",
        drop("KeyPolicy", "Statement", {"Sid": "AccountUsesThroughServices"}, "Condition", EACH, "kms:CallerAccount"),
        "Whoever may use the service decrypts.",
        of=KEY,
    ),
    Fault("disabled key", "*", put("Enabled", to=False), "Nothing under it can be read.", of=KEY),
    Fault(
        "misspelt parameter of a database",
        "data/*ParameterGroup",
        reads('"slow_query_log"', '"slow_querry_log"'),
        "RDS refuses it halfway through the deployment.",
        of="AWS::RDS::DBParameterGroup",
    ),
    Fault(
        "audio that expires",
        "data/AudioBucket",
        put("LifecycleConfiguration", "Rules", 0, "ExpirationInDays", to=365),
        "A year later the library is gone.",
    ),
    Fault("wrong master secret", FUNCTION, secret_of("data/IdentityInstance"), "No user is made."),
    Fault(
        "parameter of another environment",
        "ecs-services/*TaskDefinition",
        reads("parameter/spotmusic/prod/", "parameter/spotmusic/dev/"),
        "Production reads what developers write.",
    ),
    *(
        Fault(
            f"nodes chosen by {wrong}",
            GROUND,
            chart("templates/nodes.yaml", right, wrong),
            "No machine has such a label: no pod starts.",
        )
        for right, wrong in (
            ("key: karpenter.sh/capacity-type", "key: karpenter.sh/capacity-types"),
            ("key: eks.amazonaws.com/instance-category", "key: karpenter.k8s.aws/instance-category"),
        )
    ),
    Fault(
        "container without time to start",
        "ecs-services/*TaskDefinition",
        drop("ContainerDefinitions", 0, "HealthCheck", "StartPeriod"),
        "It is killed while it starts, again and again.",
    ),
    Fault("budget of a year", "observability/Budget", put("Budget", "TimeUnit", to="ANNUALLY"), "It tells in December."),
)
