"""Generator of docs/properties.md and docs/properties/ from tests: `make promises`."""

import ast
import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from spotmusic_cdk import output
from spotmusic_cdk.command_line import run_command
from tests.properties.deviations import DEVIATIONS

ROOT = Path(__file__).parents[2]
TESTS = ROOT / "tests" / "properties"
COLUMNS = 100
_INTRODUCTION = """# Promises

Each promise is decided by one test on the synthesized templates of `dev`, `staging` and `prod`. The
numbers are stable: tests, acknowledgements and other documents refer to them as P-037. A failing
test names the environment, the stack, each resource that breaks the promise, and the correction.

- `python -m pytest tests/properties -k p037` runs one test. The cache is judged with Redis and with
  Valkey.
- `python -m pytest tests/properties --assembly cdk.out --like dev` judges another assembly, such as
  the one that `npx cdk synth --quiet -c env=qa` wrote; `--assembly cdk.out/qa` judges that of
  `make synth ENV=qa`. `--like` adds the deviations of another environment.
- `make fuzz` judges production with every option of the settings
  ([`corners.py`](../tools/fuzz/corners.py)).
- Some promises are moot by design. Their tests assert the reason.
- Tests without a number (`rule` in [`promise.py`](../tests/properties/promise.py)) hold in every
  environment, without exceptions.

This page and the pages below are generated from [`tests/properties`](../tests/properties) by
`make promises`.
"""


@dataclass(frozen=True, kw_only=True)
class Promise:
    """Promise with its test.

    Args:
        number: number of the promise.
        test: name of the test.
        text: text of the promise.
        notes: paragraphs that explain it.
        kept_by: constructs, settings or documents that keep it.
    """

    number: int
    test: str
    text: str
    notes: tuple[str, ...]
    kept_by: str


def promises_of(file: Path) -> tuple[str, list[Promise]]:
    """Parse the title and the promises of a test module.

    Args:
        file: path of the module.

    Raises:
        ValueError: if the docstring of a promise has no text, or does not end in `Kept by:`.
    """
    module = ast.parse(file.read_text())
    title = (ast.get_docstring(module) or "").removeprefix("Promises: ").rstrip(".")
    tests = [
        node
        for node in module.body
        if isinstance(node, ast.FunctionDef) and re.match(r"test_p\d{3}_", node.name)
    ]
    return title, [_promise(test, file) for test in tests]


def _promise(test: ast.FunctionDef, file: Path) -> Promise:
    paragraphs = [
        " ".join(paragraph.split()) for paragraph in (ast.get_docstring(test) or "").split("\n\n")
    ]
    text, *notes, kept_by = paragraphs if len(paragraphs) > 1 else ("", "")
    if not kept_by.startswith("Kept by: "):
        raise ValueError(
            f"{file.name}: {test.name}: the docstring must state the promise "
            "and end in `Kept by: ...`."
        )
    number = int(test.name.removeprefix("test_p")[:3])
    return Promise(
        number=number,
        test=test.name,
        text=text,
        notes=tuple(notes),
        kept_by=kept_by.removeprefix("Kept by: "),
    )


def pages() -> dict[str, str]:
    """Return the text of each generated document by its path below `docs`."""
    found = {
        file.stem.removeprefix("test_"): promises_of(file)
        for file in sorted(TESTS.glob("test_*.py"))
    }
    domains = {name: (title, promises) for name, (title, promises) in found.items() if promises}
    texts = {
        f"properties/{name}.md": "\n".join(_page(name, title, promises))
        for name, (title, promises) in domains.items()
    }
    return {"properties.md": "\n".join(_index(domains)), **texts}


def _index(domains: dict[str, tuple[str, list[Promise]]]) -> Iterator[str]:
    yield _INTRODUCTION
    yield "| domain | promises |"
    yield "|---|---|"
    in_order = sorted(domains.items(), key=lambda domain: domain[1][1][0].number)
    for name, (title, promises) in in_order:
        yield f"| [{title}](properties/{name}.md) | {_numbers(promises)} |"
    yield "\n## Deviations\n"
    yield "Production has none. A deviation that is no longer needed fails its test."
    yield "\n| environment | promises | reason |"
    yield "|---|---|---|"
    for (environments, reason), numbers in _deviations().items():
        yield f"| {environments} | {', '.join(numbers)} | {reason} |"
    yield ""


def _deviations() -> dict[tuple[str, str], list[str]]:
    """Numbers of promises by the environments that break them and the reason."""
    found: dict[tuple[str, str], list[str]] = {}
    for number, by_environment in sorted(DEVIATIONS.items()):
        for reason in dict.fromkeys(deviation.reason for deviation in by_environment.values()):
            environments = (name for name, of in by_environment.items() if of.reason == reason)
            found.setdefault((", ".join(environments), reason), []).append(f"P-{number:03d}")
    return found


def _numbers(promises: list[Promise]) -> str:
    numbers = sorted(promise.number for promise in promises)
    if len(numbers) > 1 and numbers[-1] - numbers[0] == len(numbers) - 1:
        return f"P-{numbers[0]:03d} to P-{numbers[-1]:03d}"
    return ", ".join(f"P-{number:03d}" for number in numbers)


def _page(name: str, title: str, promises: list[Promise]) -> Iterator[str]:
    yield f"# {title}"
    yield ""
    tests = f"[tests](../../tests/properties/test_{name}.py)"
    yield f"`make promises` generates this page from {tests}."
    for promise in promises:
        yield f"\n## P-{promise.number:03d}\n"
        for paragraph in (promise.text, *promise.notes, f"Kept by: {promise.kept_by}"):
            yield _wrapped(_deeper(paragraph)) + "\n"
        yield f"`{promise.test}`"
    yield ""


def _deeper(text: str) -> str:
    """Convert links relative to `docs` to links relative to `docs/properties`."""
    return re.sub(r"\]\((?!https?:)", "](../", text)


def _wrapped(text: str) -> str:
    return textwrap.fill(text, COLUMNS, break_long_words=False, break_on_hyphens=False)


def write() -> None:
    """Write the documents."""
    for name, text in pages().items():
        path = ROOT / "docs" / name
        path.parent.mkdir(exist_ok=True)
        output.report(path, text)


if __name__ == "__main__":
    run_command(write)
