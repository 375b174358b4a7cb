"""Construct ids of access entries."""

from hashlib import sha256


def access_entry_id(prefix: str, principal_arn: str) -> str:
    """Return a construct id that depends only on the principal.

    With a number instead of the digest, removing one principal would replace all later entries.
    CloudFormation creates before it deletes, and EKS rejects a second entry for a principal.

    Args:
        prefix: kind of the entry, such as `Administrator`.
        principal_arn: ARN of the IAM role.
    """
    return f"{prefix}{sha256(principal_arn.encode()).hexdigest()[:8]}"
