"""The JSON Schema of environment files, for completion in editors: `python -m spotmusic_cdk.settings.schema` writes it."""

import json
from pathlib import Path

from spotmusic_cdk import output
from spotmusic_cdk.settings.environment import Settings

PATH = Path(__file__).parents[2] / "environments" / "schema.json"


def text() -> str:
    """Returns the schema as it stands in `environments/schema.json`."""
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **Settings.model_json_schema()}
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def write(path: Path = PATH) -> None:
    """Writes the schema, and prints the file, its lines and whether they changed."""
    changed = output.write(path, text())
    print(f"{path}: {len(text().splitlines())} lines, {'changed' if changed else 'as it was'}")


if __name__ == "__main__":
    write()
