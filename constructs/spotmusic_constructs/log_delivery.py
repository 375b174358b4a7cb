"""Resource policies of log groups to which AWS services deliver."""

import aws_cdk as cdk


def delivery_policy(stack: cdk.Stack, sid: str, log_group_arn: str) -> str:
    """Return the policy that lets CloudWatch Logs deliver to a log group on behalf of this account.

    Source: Amazon CloudWatch Logs user guide, logs sent to CloudWatch Logs.

    Args:
        stack: stack of the log group.
        sid: name of the statement.
        log_group_arn: ARN of the log group.
    """
    statement = {
        "Sid": sid,
        "Effect": "Allow",
        "Principal": {"Service": "delivery.logs.amazonaws.com"},
        "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
        "Resource": log_group_arn,
        "Condition": {
            "StringEquals": {"aws:SourceAccount": stack.account},
            "ArnLike": {"aws:SourceArn": f"arn:{stack.partition}:logs:{stack.region}:{stack.account}:*"},
        },
    }
    return stack.to_json_string({"Version": "2012-10-17", "Statement": [statement]})
