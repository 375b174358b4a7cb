"""Page in Chromium. Skipped without `make browser`."""

import os
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tools.checkout import ROOT
from tools.page.model import KINDS, Page

FOLDER = ROOT / ".tools" / "browser"
CHROMIUM = shutil.which("chromium") or str(
    FOLDER / "chromium" / "usr" / "lib" / "chromium" / "chromium"
)
PACKAGES = sorted((FOLDER / "venv" / "lib").glob("python*/site-packages"))
WIDTHS = (360, 900, 1600)
COLORS = {"dark": "rgb(16, 21, 28)", "light": "rgb(245, 246, 248)"}
"""Background by color scheme; the last one is that of the other tests."""

pytestmark = pytest.mark.skipif(
    not (PACKAGES and Path(CHROMIUM).exists()), reason="no Chromium here: make browser"
)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """Chromium without a window."""
    sys.path += [str(path) for path in PACKAGES]
    from playwright.sync_api import sync_playwright

    libraries = os.pathsep.join(
        folder
        for folder, _, _ in os.walk(
            FOLDER / "chromium" / "usr" / "lib" / f"{os.uname().machine}-linux-gnu"
        )
    )
    with sync_playwright() as playwright:
        # A sandbox requires rights that a container lacks. The page is the project's.
        arguments, variables = (
            ["--no-sandbox", "--disable-gpu"],
            {**os.environ, "LD_LIBRARY_PATH": libraries},
        )
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=arguments, env=variables
        )
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def address(text: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    file = tmp_path_factory.mktemp("page") / "page.html"
    file.write_text(text, encoding="utf-8")
    return file.as_uri()


class Tab:
    """Page in a tab, with all messages and requests since it was opened."""

    def __init__(self, chromium: Any, address: str) -> None:
        self.page = chromium.new_page(
            viewport={"width": WIDTHS[-1], "height": 1000}, reduced_motion="reduce"
        )
        self.heard: list[str] = []
        self.page.on("console", lambda message: self.heard.append(message.text))
        self.page.on("pageerror", lambda error: self.heard.append(str(error)))
        self.page.on(
            "request", lambda request: self.heard.append(request.url.replace(address, "data:"))
        )

    def count(self, selector: str) -> int:
        number: int = self.page.locator(selector).count()
        return number

    def filled(self) -> None:
        """Wait for the resources of opened stacks. A browser reports an opened box later."""
        self.page.locator(
            "#resource-list > details[open]:not(:has(> :nth-child(2)))"
        ).first.wait_for(state="detached")

    def focused(self) -> str:
        found: str = self.page.evaluate(
            "document.activeElement.dataset.party ?? document.activeElement.id"
        )
        return found


@pytest.fixture(scope="module")
def window(chromium: Any, address: str) -> Tab:
    """Tab for all tests, because a new one takes longer than most of them."""
    return Tab(chromium, address)


@pytest.fixture
def tab(window: Tab, address: str) -> Iterator[Tab]:
    """Page, opened again, without the choices of earlier tests."""
    window.heard.clear()
    window.page.goto(address)
    yield window
    window.page.evaluate("localStorage.clear()")
    assert [message for message in window.heard if not message.startswith("data:")] == []


def test_page_fits_its_window(tab: Tab) -> None:
    tab.page.evaluate("document.querySelectorAll('details').forEach((box) => (box.open = true))")
    tab.filled()
    for width in WIDTHS:
        tab.page.set_viewport_size({"width": width, "height": 1000})
        for scheme, color in COLORS.items():
            tab.page.emulate_media(color_scheme=scheme)
            tab.page.locator(f":root[data-theme={scheme}]").wait_for()  # the event arrives later
            assert tab.page.evaluate("document.documentElement.scrollWidth") == width
            assert tab.page.evaluate("getComputedStyle(document.body).backgroundColor") == color
        assert [
            tab.page.is_visible(shown) for shown in ("#steps", "figure.narrow", "figure.wide")
        ] == [width == shown for shown in WIDTHS]


def test_sections_show_all_of_the_page(tab: Tab, page: Page) -> None:
    assert tab.count("main > section") == tab.count("nav a") == 11
    assert (
        tab.count("#stack-cards .card") == tab.count("#resource-list > details") == len(page.stacks)
    )
    assert tab.count("#promise-list .promise") == sum(
        len(domain.promises) for domain in page.promises
    )
    assert tab.count("#alarm-list .alarm") == len(page.alarms)
    assert tab.count("#fault-cards .card") == len(page.faults)
    assert tab.count("#board-chips .chip") == len(page.dashboards)
    assert tab.count("#cost-content tr.sub") > 50
    assert tab.count("#plan-content tbody tr") == len(page.plan)
    assert tab.count("#release-content tbody tr") == len(page.support) + len(page.charts)
    for stack in page.stacks:
        tab.page.locator(f"#stack-{stack.id} > summary").click()
        tab.filled()
        assert tab.page.locator(f"#stack-{stack.id} table").last.locator("tbody tr").count() == len(
            stack.resources
        )


def test_capacity_has_the_numbers_of_the_plan(tab: Tab, page: Page) -> None:
    for column, key in ((3, "needed"), (4, "room")):
        cells = tab.page.locator(f"#plan-content tbody td:nth-child({column})").all_inner_texts()
        shown = [float(cell.replace(",", "")) for cell in cells]
        values = [part[key] for part in page.plan]
        assert shown == pytest.approx(values, rel=0.005)
        large = [round(value) for value in values if value >= 100]
        assert [value for value in shown if value >= 100] == large


def test_tile_of_promises_counts_every_state(tab: Tab) -> None:
    total, *states = (
        int(number)
        for number in re.findall(r"\d+", tab.page.inner_text("#tiles a[href='#promises']"))
    )
    assert sum(states) == total


def test_toggles_add_flows_to_picture_and_table(tab: Tab, page: Page) -> None:
    def shown(*kinds: str) -> None:
        flows = [flow for flow in page.flows if flow.kind in kinds]
        assert tab.count("#flows .picture:visible") == 1
        assert tab.count("#flows .picture:visible .edge") == len(
            {(flow.source, flow.target) for flow in flows}
        )
        assert tab.count("#flow-table tbody tr") == len(flows)

    request, scrape, operation = KINDS
    shown(request)
    tab.page.click("#layers [data-choice=scrape]")
    shown(request, scrape)
    tab.page.click("#layers [data-choice=operation]")
    shown(*KINDS)
    tab.page.click("#layers [data-choice=scrape]")
    shown(request, operation)
    assert tab.page.is_disabled("#layers [data-choice=request]")


def test_search_finds_and_opens(tab: Tab) -> None:
    for words, shown in {
        "kong": "#detail h3 >> text=Kong",
        "P-037": "#promise-37",
        "KongErrors": "#alarm-KongErrors",
        "CatalogueInstance rds": "#stack-data td:text-is('CatalogueInstance')",
        "lost node": "#runbook-lost-node",
    }.items():
        tab.page.keyboard.press("/")
        assert tab.focused() == "search"
        tab.page.keyboard.insert_text(words)
        tab.page.keyboard.press("Enter")
        tab.page.locator(shown).first.wait_for(state="visible", timeout=2000)
        assert tab.page.is_hidden("#results")
    tab.page.keyboard.press("/")
    tab.page.keyboard.type("no such thing")
    assert tab.page.inner_text("#results") == "Nothing found."
    tab.page.keyboard.press("Escape")
    assert tab.page.is_hidden("#results")


def test_keyboard_chooses_and_closes(tab: Tab) -> None:
    tab.page.locator(".wide [data-party=kong]").focus()
    tab.page.keyboard.press("Enter")
    assert tab.page.inner_text("#detail h3") == "Kong"
    assert {"Services ALB", "Keycloak", "Cache"} <= set(
        tab.page.locator("#detail button.link").all_inner_texts()
    )
    assert tab.count(".wide .edge.on") == 4
    tab.page.keyboard.press("Tab")
    assert tab.focused() != "kong"
    tab.page.locator("#detail button.quiet").focus()
    tab.page.keyboard.press("Escape")
    assert tab.page.is_hidden("#detail")
    assert tab.focused() == "kong"
    assert tab.count(".picture.chosen") == 0


def test_focus_begins_at_the_head(tab: Tab) -> None:
    order = []
    for _ in range(16):
        tab.page.keyboard.press("Tab")
        order.append(
            tab.page.evaluate(
                "document.activeElement.className || document.activeElement.id || "
                "document.activeElement.hash"
            )
        )
    assert order[:3] == ["skip", "brand", "#path"]
    assert order[12:15] == ["#releases", "search", "quiet"]


def test_theme_button_changes_the_theme(tab: Tab) -> None:
    tab.page.click("#theme")
    assert tab.page.evaluate("document.documentElement.dataset.theme") == "dark"
    tab.page.reload()
    assert tab.page.evaluate("document.documentElement.dataset.theme") == "dark"


def test_dashboards_are_previews_of_sample_data(tab: Tab, page: Page) -> None:
    for index, board in enumerate(page.dashboards):
        tab.page.click(f"#board-chips [data-choice='{index}']")
        assert tab.count("#board .panel") == sum(panel.kind != "row" for panel in board.panels)
    assert "Sample data" in tab.page.inner_text("#dashboards .sample")


def test_filters_and_rows_open(tab: Tab, page: Page) -> None:
    tab.page.click("#alarm-chips [data-choice=critical]")
    assert tab.count("#alarm-list .alarm") == sum(
        alarm.severity == "critical" for alarm in page.alarms
    )
    tab.page.click("#promise-chips [data-choice='make test']")
    assert tab.count("#promise-list .promise:visible") == sum(
        of.state == "make test" for domain in page.promises for of in domain.promises
    )
    before = tab.count("#cost-content tr.sub:visible")
    tab.page.click("#cost-edge button")
    assert tab.count("#cost-content tr.sub:visible") > before
