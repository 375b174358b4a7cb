"""Environment variables of services in docs/services.md."""

import dataclasses
from collections.abc import Callable

import pytest

from spotmusic_cdk.connections.brokers import Events, Tasks
from spotmusic_cdk.connections.connection import Facts
from tests.templates import all_of
from tools.checkout import settings_of
from tools.documents.contract_document import DOCUMENT, ENVIRONMENTS, EVERY, Given, document, given
from tools.documents.contract_words import FACTS, FORMS
from tools.model.templates import Template


@pytest.fixture(scope="module")
def words() -> dict[str, Given]:
    return given(settings_of(name) for name in ENVIRONMENTS)


@pytest.fixture(scope="module")
def text(words: dict[str, Given]) -> str:
    return document(words, settings_of(ENVIRONMENTS[0]))


def test_contract_page_is_current(text: str) -> None:
    assert DOCUMENT.read_text() == text, "run `make contract`"


def test_contract_prints_no_section_twice(text: str) -> None:
    (section,) = (
        section for section in text.split("\n## ") if section.startswith("`catalogue: write`")
    )
    assert "As `catalogue: read`, except:" in section
    assert [row.split(" | ")[0] for row in section.splitlines() if row.startswith("| ")] == [
        "| subject",
        "| rights there",
    ]


def test_contract_names_every_variable_of_containers(
    text: str, templates: Callable[[str], dict[str, Template]]
) -> None:
    containers = [
        container
        for name in ENVIRONMENTS
        for task in all_of(templates(name)["ecs-services"]["Resources"], "AWS::ECS::TaskDefinition")
        for container in task["ContainerDefinitions"]
    ]
    named = {
        entry["Name"]
        for container in containers
        for entry in (*container["Environment"], *container["Secrets"])
    }
    assert {name for name in named if f"| `{name}` |" not in text} == set()
    # No shipped service has a private database or sends mail.
    assert {
        name for name in FORMS.keys() - named if not name.startswith(("DATABASE_", "MAIL_"))
    } == set()


@pytest.mark.parametrize("fact", [field.name for field in dataclasses.fields(Facts)])
def test_contract_states_every_fact_of_words(fact: str) -> None:
    assert [word for word, facts in FACTS.items() if len(getattr(facts, fact)) < 10] == [
        "uploads"
    ] * (fact == "names")


def test_contract_refuses_variables_without_a_form(
    words: dict[str, Given], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(FORMS, "ROUTE")
    with pytest.raises(ValueError, match="variables without a form: ROUTE"):
        document(words, settings_of("dev"))


def test_contract_lists_rights_of_the_task_role(words: dict[str, Given]) -> None:
    assert words["cache"].rights == {"secretsmanager:GetSecretValue"}
    assert words[EVERY].rights == set()


def test_contract_asks_for_confirmed_messages() -> None:
    """Defaults of clients differ: without these, the loss of a broker loses what it confirmed."""
    for connection, confirmed in ((Events, "`acks=all`"), (Tasks, "publish with confirms")):
        assert confirmed in connection.facts.timeouts
