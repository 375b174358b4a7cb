"""Lifecycle policy of images."""

from spotmusic_constructs.json_text import json_text


def retention(*, keep_images: int, untagged_days: int) -> str:
    """Return a lifecycle policy: untagged images expire by age, tagged ones by number.

    The images behind a multi-architecture tag are untagged themselves, but ECR keeps them as long
    as the tag that names them (Amazon ECR user guide, lifecycle policies).

    Args:
        keep_images: tagged images kept in a repository, the newest first.
        untagged_days: days until an untagged image is deleted.
    """
    rules = [
        _rule(
            1,
            f"Untagged images are deleted after {untagged_days} days",
            {
                "tagStatus": "untagged",
                "countType": "sinceImagePushed",
                "countUnit": "days",
                "countNumber": untagged_days,
            },
        ),
        _rule(
            2,
            f"The newest {keep_images} tagged images are kept",
            {
                "tagStatus": "tagged",
                "tagPatternList": ["*"],
                "countType": "imageCountMoreThan",
                "countNumber": keep_images,
            },
        ),
    ]
    return json_text({"rules": rules})


def _rule(
    priority: int, description: str, selection: dict[str, str | int | list[str]]
) -> dict[str, object]:
    return {
        "rulePriority": priority,
        "description": description,
        "selection": selection,
        "action": {"type": "expire"},
    }
