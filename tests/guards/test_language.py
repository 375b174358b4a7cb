"""Measurable rules of the language of documents, and of comments and alarms that users read
(CONTRIBUTING.md)."""

import ast
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import yaml

from spotmusic_constructs.observability.grafana_dashboards import dashboard_files
from tests.documents import findings, prose
from tests.guards.test_links import DOCUMENTS
from tools.checkout import ROOT
from tools.model.templates import Template, of_type

COMPUTED = re.compile(r"<!-- computed.*<!-- end of computed -->", flags=re.DOTALL)
COLUMNS = 100
PER_THOUSAND = 2
"""Odd words per 1,000 words of a document. README.md may have half."""
ODD = re.compile(
    r"\b(?:tells?|told|stands?(?!-)|stood|bears?|whoever|whose|whom|nobody|somebody|beside|goes"
    r"|hears?|heard|meets?|for good|by itself|is none)\b",
    flags=re.IGNORECASE,
)
CODE = [
    path
    for folder in ("constructs", "examples", "spotmusic_cdk", "stacks", "tools", "tests")
    for path in (ROOT / folder).rglob("*.py")
]
DOCSTRING = re.compile(r'^\s*r?"""(?P<text>(?:.|\n)*?)"""', flags=re.MULTILINE)
COMMENT = re.compile(r"(?:^|  )# (?P<text>.*)", flags=re.MULTILINE)
ASKED = re.compile(r"(?:Wh(?:at|o|ose|om|ich|y|ere|en|ether)|How)\b(?!.*\?)")
"""Beginning of an indirect question."""
SCRIPTS = [
    *(ROOT / ".ci").iterdir(),
    *(ROOT / folder / "Makefile" for folder in (".", "template")),
    *(
        path
        for folder in ("charts", "constructs", "tests", "tools")
        for kind in ("css", "html", "js", "lua", "mjs", "sh")
        for path in (ROOT / folder).rglob(f"*.{kind}")
    ),
]
COMMENTED = [
    *(ROOT / folder / "Makefile" for folder in (".", "template")),
    *ROOT.glob("environments/*.yaml"),
    *(
        path
        for kind in ("yaml", "tpl", "sh")
        for path in ROOT.glob(f"charts/**/*.{kind}")
        if path.parent.name != "rules"
    ),
]
"""Configuration with comments."""
SHOWN = {
    "AWS::CloudWatch::Alarm": "AlarmDescription",
    "AWS::CloudWatch::CompositeAlarm": "AlarmDescription",
    "AWS::FIS::ExperimentTemplate": "Description",
}
"""Properties that people on call read."""
RULES = [*ROOT.glob("charts/*/rules/*.yaml")]
FIXED = {
    "Nodes, their network interfaces and volumes bear tags of the platform",
    "Alertmanager tells the team",
    "Parties of the VPC whose ingress rules name this group",
    "Keycloak asks external identity providers who somebody is",
    "Alertmanagers tell each other which notifications they have sent",
    "keeps a private database beside the catalogue",
    "ValueError: Error: values don't meet the specifications of the schema",
}
"""Descriptions in templates, which replace a policy or rule when they change, and an error of
Helm."""
QUESTION = re.compile(
    r"^#+ (?:To )?(?:Wh(?:at|o|ose|om|ich|y|ere|en|ether)|How)\b.*$",
    flags=re.MULTILINE | re.IGNORECASE,
)


def text(document: Path) -> str:
    """Return the prose of a document without its computed part."""
    return COMPUTED.sub("", prose(document))


def too_long(lines: list[str]) -> list[str]:
    """Return lines that a break would shorten; tables and single long words cannot be broken."""
    return [
        line
        for line in lines
        if len(line) > COLUMNS
        and not line.lstrip().startswith("|")
        and " " in re.sub(r"`[^`]*`|^\s*(?:[-*]|\d+\.) ", "", line).strip()
    ]


def odd_words(document: Path) -> list[str]:
    """Return words outside the field, except those in code, if a document has too many.

    Short documents may have one.
    """
    written = text(document)
    limit = PER_THOUSAND / (2 if document == ROOT / "README.md" else 1)
    odd: list[str] = ODD.findall(re.sub(r"`[^`]*`", "", written))
    return odd if len(odd) > max(1, limit * len(written.split()) / 1000) else []


def test_documents_fit_100_columns() -> None:
    assert findings(DOCUMENTS, lambda document: too_long(text(document).splitlines())) == {}


def test_documents_use_common_words() -> None:
    assert findings(DOCUMENTS, odd_words) == {}


def test_document_headings_are_no_questions() -> None:
    assert findings(DOCUMENTS, lambda document: QUESTION.findall(text(document))) == {}


def test_code_uses_common_words() -> None:
    """Read names, and texts such as errors and advice. The term `stand-in` is permitted, and so
    is `nobody`, a user of Linux.
    """
    found: set[str] = set()

    def odd(file: Path) -> list[str]:
        texts = [text for text in _names_and_texts(file) if _odd_words(text)]
        found.update(texts)
        return [text for text in texts if text not in FIXED]

    assert findings([path for path in CODE if path != Path(__file__)], odd) == {}
    assert found == FIXED, "remove the exceptions that are not needed"


def _odd_words(text: str) -> list[str]:
    return [word for word in ODD.findall(re.sub(r"`[^`]*`", "", text)) if word != "is None"]


def _names_and_texts(file: Path) -> Iterator[str]:
    """Yield names as words without `stand_in`, and texts of several words, except patterns."""
    for node in ast.walk(ast.parse(file.read_text())):
        match node:
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name) | ast.arg(arg=name):
                yield _words(name)
            case ast.Name(id=name, ctx=ast.Store()):
                yield _words(name)
            case ast.Constant(value=str(text)) if " " in text and r"\b" not in text:
                yield text


def _words(name: str) -> str:
    return re.sub(r"stand_ins?", "", name, flags=re.IGNORECASE).replace("_", " ")


def test_advice_of_schemas_and_tables_uses_common_words() -> None:
    schemas = [*ROOT.glob("tests/schemas/*.json")]
    table = ROOT / "tests" / "properties" / "left_to_aws.yaml"
    texts = [
        text
        for document in (*map(_json, schemas), yaml.safe_load(table.read_text()))
        for text in _advice(document)
    ]
    assert len(texts) > 100
    assert [text for text in texts if ODD.search(text)] == []


def _json(file: Path) -> object:
    return json.loads(file.read_text())


def _advice(document: object) -> Iterator[str]:
    if isinstance(document, dict):
        yield from (document[key] for key in ("x-advice", "why") if key in document)
    if isinstance(document, (dict, list)):
        for value in document.values() if isinstance(document, dict) else document:
            yield from _advice(value)


def test_docstrings_and_comments_use_common_words() -> None:
    def odd(file: Path) -> list[str]:
        written = file.read_text()
        texts = "\n".join(DOCSTRING.findall(written) + COMMENT.findall(written))
        return _odd_words(texts)

    assert len(CODE) > 600
    assert findings([path for path in CODE if path != Path(__file__)], odd) == {}


def test_docstrings_are_no_questions() -> None:
    """They begin with a noun phrase or an imperative verb."""
    assert findings(CODE, lambda file: _questions(DOCSTRING.findall(file.read_text()))) == {}


def _questions(texts: list[str]) -> list[str]:
    return [text for text in texts if ASKED.match(text)]


def test_scripts_fit_100_columns() -> None:
    """ruff checks Python."""
    assert len(SCRIPTS) > 20
    assert findings(SCRIPTS, lambda file: too_long(file.read_text().splitlines())) == {}


def test_comments_of_configuration_use_common_words() -> None:
    def odd(file: Path) -> list[str]:
        comments = re.findall(r"(?:^|\s)(?:#|{{/\*).*", file.read_text())
        return [
            comment.strip()
            for comment in comments
            if {word.lower() for word in ODD.findall(comment)} - {"whose"}
        ]

    assert len(COMMENTED) > 40
    assert findings(COMMENTED, odd) == {}


def test_alerts_use_common_words() -> None:
    def odd(file: Path) -> list[str]:
        groups = yaml.load(file.read_text(), yaml.CSafeLoader)["groups"]
        rules = (rule for group in groups for rule in group["rules"])
        texts = (text for rule in rules for text in rule.get("annotations", {}).values())
        return [text for text in texts if ODD.search(text)]

    assert RULES
    assert findings(RULES, odd) == {}


def test_dashboards_use_common_words() -> None:
    texts = [
        text
        for board in dashboard_files().values()
        for text in re.findall(r'"(?:title|description)": "([^"]*)"', board)
    ]
    assert len(texts) > 100
    assert [text for text in texts if ODD.search(text)] == []


def test_alarms_and_experiments_use_common_words(
    templates: Callable[[str], dict[str, Template]],
) -> None:
    texts = [
        str(properties[shown])
        for type_, shown in SHOWN.items()
        for _, _, properties in of_type(templates("prod"), type_)
    ]
    assert len(texts) > 100
    assert [text for text in texts if ODD.search(text)] == []
