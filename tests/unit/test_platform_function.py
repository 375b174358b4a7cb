import aws_cdk as cdk
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs

from spotmusic_constructs.platform_function import FunctionNetwork, PlatformFunction
from spotmusic_constructs.rights import allow
from tests.conftest import new_stack
from tests.templates import Resources, only, resources_of, whole
from tests.unit.imported import APPLICATION, KEY, group_of, key_of, vpc_of


def synthesized(*, in_vpc: bool = False) -> Resources:
    stack = new_stack()
    network = FunctionNetwork(
        vpc=vpc_of(stack), subnets=APPLICATION, security_group=group_of(stack, "sg-function")
    )
    PlatformFunction(
        stack,
        "Greeting",
        description="Greets",
        code=lambda_.Code.from_inline("def handler(event, context): pass"),
        log_key=key_of(stack, "Logs"),
        log_retention=logs.RetentionDays.ONE_YEAR,
        timeout=cdk.Duration.seconds(30),
        acknowledged={},
        statements=[allow(["s3:GetObject"], ["arn:aws:s3:::example/*"])],
        network=network if in_vpc else None,
    )
    return resources_of(stack)


def test_platform_function_writes_an_encrypted_log() -> None:
    resources = synthesized()
    group = only(resources, "AWS::Logs::LogGroup")
    assert (group["KmsKeyId"], group["RetentionInDays"]) == (KEY, 365)
    assert "LogGroup" in only(resources, "AWS::Lambda::Function")["LoggingConfig"]


def test_platform_function_trusts_lambda_of_this_account() -> None:
    (trust,) = only(synthesized(), "AWS::IAM::Role")["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Principal"] == {"Service": "lambda.amazonaws.com"}
    assert trust["Condition"] == {"StringEquals": {"aws:SourceAccount": "111122223333"}}


def test_platform_function_has_no_inline_policy() -> None:
    resources = synthesized()
    actions = [
        statement["Action"]
        for statement in only(resources, "AWS::IAM::ManagedPolicy")["PolicyDocument"]["Statement"]
    ]
    assert actions == [["logs:CreateLogStream", "logs:PutLogEvents"], "s3:GetObject"]
    assert "AWS::IAM::Policy" not in {resource["Type"] for resource in resources.values()}


def test_platform_function_in_vpc_waits_for_rights() -> None:
    resources = synthesized(in_vpc=True)
    (policy,) = (
        id_ for id_, resource in resources.items() if resource["Type"] == "AWS::IAM::ManagedPolicy"
    )
    assert policy in whole(resources, "AWS::Lambda::Function")["DependsOn"]
    assert only(resources, "AWS::Lambda::Function")["VpcConfig"]["SecurityGroupIds"] == [
        "sg-function"
    ]
