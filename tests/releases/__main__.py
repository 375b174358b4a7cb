"""`make release-templates`: keeps the templates of the checkout as those of the release that it becomes."""

import tempfile
from pathlib import Path

from tests.conftest import settings_of, synthesize, templates_in
from tests.releases.archive import ENVIRONMENTS, checkout_version, write


def main() -> None:
    """Synthesizes each environment and writes its templates below the version of pyproject.toml."""
    for environment in ENVIRONMENTS:
        with tempfile.TemporaryDirectory() as folder:
            synthesize(settings_of(environment), outdir=Path(folder))
            file = write(checkout_version(), environment, templates_in(Path(folder) / f"assembly-{environment}"))
        print(f"{file.stat().st_size:>9} bytes  {file}")


if __name__ == "__main__":
    main()
