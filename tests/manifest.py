"""Manifest of a cloud assembly."""

import json


def manifest(environment: str, *, account: str = "111122223333", **regions: str) -> str:
    """Text of manifest.json with a stack for each region, and a further artifact.

    Args:
        environment: name of the stage, such as `dev`.
        account: target account.
        regions: region by id of the stack. Its template is `ID.json`.
    """
    artifacts = {
        stack: {
            "type": "aws:cloudformation:stack",
            "displayName": f"{environment}/{stack}",
            "environment": f"aws://{account}/{region}",
            "properties": {
                "templateFile": f"{stack}.json",
                "stackName": f"spotmusic-{environment}-{stack}",
            },
        }
        for stack, region in regions.items()
    }
    return json.dumps({"artifacts": {**artifacts, "Tree": {"type": "cdk:tree"}}})
