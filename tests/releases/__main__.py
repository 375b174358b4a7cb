"""`make release-templates`: keeps the templates of the checkout as those of the release that it becomes."""

import json
import tempfile
from pathlib import Path

from tests.conftest import ROOT, settings_of, synthesize, templates_in
from tests.releases.archive import ENVIRONMENTS, checkout_version, write


def main() -> None:
    """Synthesizes each environment, writes its templates below the version of pyproject.toml, and keeps the schemas of events."""
    for environment in ENVIRONMENTS:
        with tempfile.TemporaryDirectory() as folder:
            synthesize(settings_of(environment), outdir=Path(folder))
            file = write(checkout_version(), environment, templates_in(Path(folder) / f"assembly-{environment}"))
        print(f"{file.stat().st_size:>9} bytes  {file}")
    schemas = {
        file.name.removesuffix(".schema.json"): json.loads(file.read_text()) for file in sorted((ROOT / "events").glob("*.schema.json"))
    }
    released = ROOT / "tests" / "contracts" / "released_events.json"
    released.write_text(json.dumps(schemas, indent=2, ensure_ascii=False) + "\n")
    print(f"{released.stat().st_size:>9} bytes  {released}")


if __name__ == "__main__":
    main()
