"""Examples of the constructs library: they parse, and their arguments exist."""

import ast
import importlib
import inspect
import pkgutil
import re
import textwrap
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import pytest

import spotmusic_constructs
from tests.conftest import ROOT

LIBRARY = ROOT / "constructs"


def examples() -> Iterator[tuple[str, str]]:
    """Place and source of each example in docstrings and READMEs."""
    for file in sorted((LIBRARY / "spotmusic_constructs").rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.ClassDef | ast.FunctionDef):
                documented = f"{ast.get_docstring(node) or ''}\n"
                for block in re.findall(r"^Example:\n((?:    .*\n|\n)*)", documented, flags=re.MULTILINE):
                    yield f"{file.stem}.{node.name}", textwrap.dedent(block)
    for file in sorted(LIBRARY.rglob("README.md")):
        for block in re.findall(r"```python\n(.*?)```", file.read_text(), flags=re.DOTALL):
            yield str(file.relative_to(LIBRARY)), block


@cache
def library() -> dict[str, Callable[..., Any]]:
    """Public classes and functions of the library by name."""
    modules = pkgutil.walk_packages(spotmusic_constructs.__path__, "spotmusic_constructs.")
    loaded = [importlib.import_module(module.name) for module in modules if "_handler" not in module.name]
    return {
        name: member
        for module in loaded
        for name, member in vars(module).items()
        if not name.startswith("_") and callable(member) and getattr(member, "__module__", "") == module.__name__
    }


def bind(call: ast.Call, called: Callable[..., Any]) -> None:
    """Binds the arguments of a call; `**options` represents further arguments.

    Raises:
        TypeError: if an argument is unknown or missing.
    """
    # The metaclass of jsii hides the signature of a construct.
    signature = inspect.signature(called.__init__ if inspect.isclass(called) else called)
    arguments = [None for _ in call.args] + ([None] if inspect.isclass(called) else [])
    rest = any(keyword.arg is None for keyword in call.keywords)
    given = {keyword.arg: None for keyword in call.keywords if keyword.arg}
    (signature.bind_partial if rest else signature.bind)(*arguments, **given)


@pytest.mark.parametrize(("place", "source"), [pytest.param(*example, id=example[0]) for example in examples()])
def test_example_calls_bind_to_signatures(place: str, source: str) -> None:
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)]
    found = [(call, library()[call.func.id]) for call in calls if isinstance(call.func, ast.Name) and call.func.id in library()]
    for call, called in found:
        bind(call, called)
    assert found or "Example" not in place


def test_examples_cover_public_constructs() -> None:
    """A construct without an example in its docstring needs one in its README."""
    shown = {
        node.func.id
        for _, source in examples()
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }
    constructs = {
        name for name, member in library().items() if inspect.isclass(member) and hasattr(member, "node") and not inspect.isabstract(member)
    }
    assert sorted(constructs - shown) == []


def test_unknown_argument_of_example_is_found() -> None:
    call = ast.parse('LogBucket(self, "Logs", buckets="x")', mode="eval").body
    assert isinstance(call, ast.Call)
    with pytest.raises(TypeError, match="buckets"):
        bind(call, library()["LogBucket"])
