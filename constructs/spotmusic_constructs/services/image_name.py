"""Parts of an image's name."""


def ecr_repository(image: str) -> str | None:
    """Return the end of the ARN of an image's repository: `<region>:<account>:repository/<path>`.

    It is `None` outside of Amazon ECR.

    Args:
        image: registry, repository, and tag or digest.
    """
    registry, _, path = image.partition("/")
    account, *kind = registry.split(".")
    if kind[:2] != ["dkr", "ecr"]:
        return None
    return f"{kind[2]}:{account}:repository/{path.partition('@')[0].partition(':')[0]}"
