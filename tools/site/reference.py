"""Pages of the API reference: construct library by package, and settings of an environment."""

from pathlib import Path

LIBRARY = Path("constructs/spotmusic_constructs")
SETTINGS = Path("spotmusic_cdk/settings")


def pages(root: Path) -> dict[str, str]:
    """Return the text of each page by its name."""
    library = root / LIBRARY
    packages = [library, *(path.parent for path in sorted(library.glob("*/__init__.py")))]
    texts = {
        package.name: _page(f"API: {package.name}", _modules(package, library.parent))
        for package in packages
    }
    settings = _modules(root / SETTINGS, root, containing="(Model):")
    return texts | {"settings": _page("API: settings of an environment file", settings)}


def _modules(package: Path, parent: Path, containing: str = "") -> list[str]:
    """Return the public modules of a package that contain a text."""
    files = [
        path
        for path in sorted(package.glob("*.py"))
        if not path.name.startswith("_") and containing in path.read_text()
    ]
    return [".".join(path.with_suffix("").relative_to(parent).parts) for path in files]


def _page(title: str, modules: list[str]) -> str:
    return "\n\n".join([f"# {title}", *(f"::: {module}" for module in modules), ""])
