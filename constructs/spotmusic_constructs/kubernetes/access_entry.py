"""Construct ids of access entries."""

from hashlib import sha256


def access_entry_id(prefix: str, principal_arn: str) -> str:
    """Returns an id that follows from the principal alone.

    With a number in place of the digest, removing one principal would replace the entries of all that follow it. CloudFormation creates
    before it deletes, and EKS refuses a second entry for a principal.

    Args:
        prefix: kind of the entry, such as `Administrator`.
        principal_arn: ARN of the IAM role.
    """
    return f"{prefix}{sha256(principal_arn.encode()).hexdigest()[:8]}"
