"""Generator of the versions in docs/upgrades.md: `python -m tools.documents.upgrades_document`."""

from collections.abc import Iterator

from spotmusic_cdk import output, versions
from spotmusic_cdk.command_line import run_command
from tools.checkout import ROOT
from tools.sections import replaced

DOCUMENT = ROOT / "docs" / "upgrades.md"


def written(text: str) -> str:
    """Return the document with the pinned versions."""
    for name, lines in (("charts", _charts()), ("Kubernetes versions", _kubernetes())):
        text = replaced(text, name, lines, target="upgrades")
    return text


def _charts() -> Iterator[str]:
    yield "| chart | version | works from | upstream supports |"
    yield "|---|---|---|---|"
    for chart in versions.charts():
        known = chart.kubernetes
        supported = " to ".join(dict.fromkeys(known.supported)) if known.supported else "not stated"
        yield f"| {chart.name} | {chart.version} | {known.first} | {supported} |"


def _kubernetes() -> Iterator[str]:
    yield "| Kubernetes | layer | Helm | that Helm supports |"
    yield "|---|---|---|---|"
    for version, offered in versions.KUBERNETES.items():
        layer = offered.layer
        yield f"| {version} | {layer.package} | {layer.helm} | {' to '.join(layer.supported)} |"


def main() -> None:
    """Write the document."""
    output.report(DOCUMENT, written(DOCUMENT.read_text()))


if __name__ == "__main__":
    run_command(main)
