"""The JSON Schema of environment files, for completion in editors: `python -m spotmusic_cdk.settings.schema` writes it."""

import json
from pathlib import Path
from typing import Any

from spotmusic_cdk import output
from spotmusic_cdk.settings import changing
from spotmusic_cdk.settings.environment import Settings

PATH = Path(__file__).parents[2] / "environments" / "schema.json"


def text() -> str:
    """Returns the schema as it stands in `environments/schema.json`."""
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **Settings.model_json_schema()}
    for model, definition in {"Settings": schema, **schema["$defs"]}.items():
        for key, value in definition.get("properties", {}).items():
            _say_what_a_change_does(model, key, value)
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def _say_what_a_change_does(model: str, key: str, value: dict[str, Any]) -> None:
    """Adds the effect of a change to a leaf, or to a section whose entries come and go."""
    if "$ref" in value:
        return
    value["x-change"] = dict(changing.effects(model, key))
    if said := changing.sentence(model, key):
        value["description"] = f"{value.get('description', '')} {said}".strip()


def write(path: Path = PATH) -> None:
    """Writes the schema, and prints the file, its lines and whether they changed."""
    changed = output.write(path, text())
    print(f"{path}: {len(text().splitlines())} lines, {'changed' if changed else 'as it was'}")


if __name__ == "__main__":
    write()
