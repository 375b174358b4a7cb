"""JSON as a property of a resource."""

import json


def json_text(value: object) -> str:
    """Return a value as JSON. Its texts may contain references that CloudFormation resolves.

    Other references, such as lists and numbers, require `Stack.to_json_string`, a call to the CDK
    process with the whole value.
    """
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
