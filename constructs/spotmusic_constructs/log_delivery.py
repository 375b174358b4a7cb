"""Resource policies of log groups to which AWS services deliver."""

from spotmusic_constructs.json_text import json_text
from spotmusic_constructs.location import Location


def delivery_policy(location: Location, sid: str, log_group_arn: str) -> str:
    """Return the policy that lets CloudWatch Logs deliver to a log group on behalf of this account.

    Source: Amazon CloudWatch Logs user guide, logs sent to CloudWatch Logs.

    Args:
        location: location of the log group.
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
            "StringEquals": {"aws:SourceAccount": location.account},
            "ArnLike": {"aws:SourceArn": location.arn("logs", "*")},
        },
    }
    return json_text({"Version": "2012-10-17", "Statement": [statement]})
