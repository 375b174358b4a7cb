"""Values of events of custom resources."""

ANSWERS = (
    "https://cloudformation-custom-resource-response-saeast1.s3.sa-east-1.amazonaws.com/answer"
)
"""Address of responses in a bucket of CloudFormation."""
