"""The report in a real browser: keyboard, filters, dark mode, contrast, hostile code, no scripts, no network."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from counterseal.report import render, write
from tests.report import factory
from tests.report.browser import FLAGS, Browser, chromium, executable
from tests.report.test_render import SAMPLES

pytestmark = pytest.mark.skipif(
    executable() is None and not os.environ.get("COUNTERSEAL_REQUIRE_BROWSER"), reason="chromium is not installed"
)

FOCUS = "document.activeElement.getAttribute('href') || document.activeElement.id"
CONTRAST = """
(() => {
  const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  const rgb = (color) => {
    canvas.fillStyle = color;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3);
  };
  const linear = (v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
  const light = (color) => {
    const [r, g, b] = rgb(color).map((v) => linear(v / 255));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const back = (node) => {
    const own = getComputedStyle(node).backgroundColor;
    return own !== 'rgba(0, 0, 0, 0)' || !node.parentElement ? own : back(node.parentElement);
  };
  const found = {};
  document.querySelectorAll('details').forEach((d) => { d.open = true; });
  document.querySelectorAll('body *').forEach((node) => {
    const text = [...node.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
    if (!text || node.closest('[hidden], script, style, option') || !node.checkVisibility()) return;
    const [one, two] = [light(getComputedStyle(node).color), light(back(node))].sort((a, b) => b - a);
    const name = `${node.tagName}.${node.className} in ${node.parentElement.className}`;
    found[name] = Math.min(found[name] || 99, (one + 0.05) / (two + 0.05));
  });
  return found;
})()
"""


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with chromium(tmp_path_factory.mktemp("profile")) as started:
        yield started


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("pages")
    results = {name: SAMPLES[name] for name in ("small", "usual", "hostile")} | {
        "varied": factory.result(30, 60),
        "huge": factory.result(500, 1000),
    }
    for name, result in results.items():
        write(folder / f"{name}.html", render(result, "html", rule_docs=factory.RULE_DOCS))
    return {name: folder / f"{name}.html" for name in results}


@pytest.fixture
def usual(browser: Browser, pages: dict[str, Path]) -> Iterator[Browser]:
    browser.open(pages["usual"])
    yield browser
    assert browser.complaints() == []
    assert browser.requests() == [pages["usual"].as_uri()]


def to_grid(browser: Browser) -> None:
    """Tab from the last filter into the matrix."""
    browser.run("document.querySelector('#filters button').focus()")
    browser.press("Tab")


def choose(browser: Browser, name: str, value: str) -> None:
    browser.run(f"document.querySelector('#f-{name}').value = '{value}'")
    browser.run(f"document.querySelector('#f-{name}').dispatchEvent(new Event('input', {{ bubbles: true }}))")


def box(browser: Browser, selector: str) -> tuple[float, float, float, float]:
    """Left, top, right and bottom of an element."""
    made = browser.run(f"(r => [r.left, r.top, r.right, r.bottom])(document.querySelector('{selector}').getBoundingClientRect())")
    left, top, right, bottom = made
    return left, top, right, bottom


def rows(browser: Browser) -> list[str]:
    found: list[str] = browser.run(
        "[...document.querySelectorAll('tr.route:not([hidden]) th')].map(th => th.innerText.trim().replace(/\\s+/g, ' '))"
    )
    return found


def count(browser: Browser) -> str:
    return str(browser.run("document.querySelector('#f-count').textContent"))


def test_the_grid_is_one_tab_stop_and_arrows_move_in_it(usual: Browser) -> None:
    to_grid(usual)
    assert usual.run(FOCUS) == "#e0"
    usual.press("ArrowRight", "ArrowRight", "ArrowDown")
    assert usual.run(FOCUS) == "#e1-1"
    usual.press("ArrowUp", "ArrowUp", "ArrowLeft")
    assert usual.run(FOCUS) == "#e0-0"
    usual.press("End")
    assert usual.run("document.activeElement.closest('td').className") == "count"
    usual.press("Home", "PageDown")
    assert usual.run(FOCUS) == "#e10"
    usual.press("End", ctrl=True)
    assert usual.run(FOCUS) == "#e29-7"
    usual.press("Home", ctrl=True)
    assert usual.run(FOCUS) == "#e0"
    assert usual.run("document.querySelectorAll('#matrix a[tabindex=\"0\"]').length") == 1
    usual.press("Tab")
    assert usual.run("document.activeElement.closest('#matrix')") is None


def test_the_focus_is_visible_and_not_under_the_heads(usual: Browser) -> None:
    to_grid(usual)
    usual.press("PageDown", "PageDown", "PageUp", "PageUp", "ArrowDown", "ArrowRight")
    assert usual.run("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    assert usual.run("parseFloat(getComputedStyle(document.activeElement).outlineWidth)") >= 2
    usual.run("document.documentElement.style.scrollBehavior = 'auto'")
    usual.press("ArrowDown", "ArrowUp", "ArrowUp")
    usual.run("document.activeElement.id = 'here'")
    assert box(usual, "#here")[1] >= box(usual, "thead th")[3] - 1


def test_enter_opens_the_evidence_and_escape_comes_back(usual: Browser) -> None:
    to_grid(usual)
    usual.press("ArrowRight", "ArrowRight", "ArrowRight")
    assert usual.run("document.querySelector('#panel').hidden")
    usual.press("Enter")
    assert not usual.run("document.querySelector('#panel').hidden")
    assert usual.run(FOCUS) == "panel-title"
    shown = usual.run("document.querySelector('#panel').innerText")
    for part in (
        "GET /api/users",
        "owned",
        "missing",
        "the caller may touch this very object",
        "app/routes/users.py:21",
        "async def get_users",
    ):
        assert part in shown
    assert usual.run("document.querySelectorAll('#panel .line.marked').length") == 1
    assert usual.run("document.querySelectorAll('#panel-body [id]').length") == 0
    usual.press("Escape")
    assert usual.run("document.querySelector('#panel').hidden")
    assert usual.run(FOCUS) == "#e0-2"


def test_the_panel_follows_the_grid_and_leads_to_the_findings(usual: Browser) -> None:
    to_grid(usual)
    usual.press("Enter")
    assert usual.run("document.querySelector('#panel-title').textContent") == "GET /api/users"
    assert usual.run("document.querySelectorAll('#panel h4').length") == 8
    usual.run("document.querySelector('[href=\"#e0\"]').focus()")
    usual.press("ArrowRight", "ArrowDown")
    assert usual.run("document.querySelector('#panel-title').textContent") == "authenticated"
    assert usual.run("document.querySelector('#panel-route').textContent") == "POST /api/users"
    usual.run("document.querySelector('[href=\"#e0\"]').click()")
    usual.run("document.querySelector('#panel li a').click()")
    assert usual.run("document.querySelector('#panel').hidden")
    assert (
        usual.run("document.activeElement.closest('details').open && document.activeElement.closest('details').dataset.route")
        == "GET /api/users"
    )


def test_slash_finds_and_escape_forgets(usual: Browser) -> None:
    usual.press("/")
    assert usual.run(FOCUS) == "f-text"
    usual.type("patch INVOICES")
    assert rows(usual) == ["PATCH /api/invoices/{invoice_id}"]
    assert count(usual) == "1 of 30 routes, 0 of 14 findings"
    assert not usual.run("document.querySelector('#no-findings').hidden")
    usual.press("Escape")
    assert len(rows(usual)) == 30
    usual.type("nowhere")
    assert rows(usual) == []
    assert usual.run("document.querySelector('#no-routes').innerText").startswith("No route fits the filter.")
    usual.run("document.querySelector('#no-routes button').click()")
    assert len(rows(usual)) == 30


def test_filters_by_guarantee_state_severity_and_exposure(usual: Browser) -> None:
    result = SAMPLES["usual"]
    choose(usual, "state", "missing")
    missing = [r for r in result.routes if any(c.state == "missing" for c in r.guarantees.values())]
    assert rows(usual) == [r.name + (" websocket" if r.kind == "websocket" else "") for r in missing]
    choose(usual, "guarantee", "validated")
    narrowed = [r.name for r in result.routes if {g.value: c.state for g, c in r.guarantees.items()}["validated"] == "missing"]
    assert rows(usual) == narrowed
    kept = sum(f.route in narrowed for f in result.findings)
    assert count(usual) == f"{len(narrowed)} of 30 routes, {kept} of 14 findings"
    choose(usual, "state", "problem")
    choose(usual, "guarantee", "")
    assert len(rows(usual)) == sum(any(c.state.refused for c in r.guarantees.values()) for r in result.routes)
    usual.run("document.querySelector('#filters button').click()")
    usual.run("new Promise(r => setTimeout(r))")
    assert len(rows(usual)) == 30
    choose(usual, "severity", "critical")
    critical = {f.route for f in result.findings if f.severity.label == "critical"}
    assert set(rows(usual)) == critical
    choose(usual, "exposure", "anyone")
    open_to_all = {f.route for f in result.findings if f.severity.label == "critical" and f.exposure == "anyone"}
    assert set(rows(usual)) == open_to_all
    assert usual.run("document.querySelectorAll('details.finding:not([hidden])').length") == 1


def test_a_link_to_a_hidden_finding_shows_it(usual: Browser) -> None:
    choose(usual, "severity", "low")
    usual.run("location.hash = '#f3'")
    usual.run("1")
    assert usual.run("document.querySelector('#f3').open && !document.querySelector('#f3').hidden")


def test_assistive_roles(usual: Browser) -> None:
    assert usual.run("document.querySelector('#matrix').getAttribute('role')") == "grid"
    assert usual.run("document.querySelectorAll('#matrix td[role=gridcell]').length") == 30 * 9
    nodes = usual.call("Accessibility.getFullAXTree")["nodes"]
    roles = [node.get("role", {}).get("value") for node in nodes]
    assert "grid" in roles
    assert roles.count("gridcell") == 30 * 9
    assert "columnheader" in roles
    assert "rowheader" in roles
    named = {node["name"]["value"] for node in nodes if node.get("role", {}).get("value") == "link" and node.get("name")}
    assert "owned: missing" in named


@pytest.mark.parametrize("dark", [False, True])
def test_contrast_is_at_least_4_5_everywhere(browser: Browser, pages: dict[str, Path], dark: bool) -> None:
    browser.open(pages["varied"], dark=dark)
    browser.run("document.querySelector('[href=\"#e6-2\"]').click()")
    ratios: dict[str, float] = browser.run(CONTRAST)
    seen = " ".join(ratios)
    for part in ("s-proved", "s-enforced", "s-found", "s-waived", "s-not-required", "s-unknown", "s-missing", "s-broken"):
        assert part in seen
    for part in ("v-critical", "v-high", "v-medium", "v-low", "sentence", "muted", "facts", "marked", "n v-"):
        assert part in seen
    assert {name: round(ratio, 2) for name, ratio in ratios.items() if ratio < 4.5} == {}


def test_dark_mode_is_dark(browser: Browser, pages: dict[str, Path]) -> None:
    browser.open(pages["usual"])
    light = browser.run("getComputedStyle(document.body).backgroundColor")
    browser.scheme(dark=True)
    assert browser.run("getComputedStyle(document.body).backgroundColor") != light


def test_hostile_code_stays_text(browser: Browser, pages: dict[str, Path]) -> None:
    browser.open(pages["hostile"])
    assert len(rows(browser)) == len(factory.HOSTILE)
    for number in range(len(factory.HOSTILE)):
        browser.run(f"document.querySelector('[href=\"#e{number}-2\"]').click()")
        browser.run(f"document.querySelector('[href=\"#e{number}\"]').click()")
    assert browser.run("typeof window.pwned") == "undefined"
    assert browser.run("document.querySelectorAll('img, iframe, script').length") == 1
    assert browser.complaints() == []
    assert browser.requests() == [pages["hostile"].as_uri()]


def test_the_content_policy_holds_should_markup_ever_get_in(browser: Browser, pages: dict[str, Path]) -> None:
    browser.open(pages["usual"])
    evil = '<img src="x.png" onerror="window.pwned=1"><a id="evil" style="color:red" onclick="window.pwned=1">x</a>'
    browser.run(f"document.body.insertAdjacentHTML('beforeend', '{evil}')")
    browser.run("document.querySelector('#evil').click()")
    browser.run("const s = document.createElement('script'); s.textContent = 'window.pwned=1'; document.body.append(s)")
    browser.run("new Promise(r => setTimeout(r, 50))")
    assert browser.run("typeof window.pwned") == "undefined"
    complaints = " ".join(browser.complaints())
    assert "img-src" in complaints or "default-src" in complaints
    assert "script-src" in complaints
    assert not [url for url in browser.requests() if url.endswith("x.png") and not url.startswith("file:")]


def test_without_scripts_the_evidence_is_readable(browser: Browser, pages: dict[str, Path]) -> None:
    browser.open(pages["usual"], scripts=False)
    assert browser.run("document.documentElement.className") == ""
    assert browser.run("getComputedStyle(document.querySelector('#filters')).display") == "none"
    assert browser.run("document.querySelector('#panel').checkVisibility()") is False
    assert browser.run("[...document.querySelectorAll('details.route-evidence')].every(d => d.open)")
    assert browser.run("document.querySelector('#e6-2 .line.marked').checkVisibility()")
    assert browser.run("document.querySelectorAll('#matrix a:not([tabindex])').length") > 30 * 9
    browser.run("document.querySelector('[href=\"#e6-2\"]').click()")
    assert browser.run("location.hash") == "#e6-2"
    assert "asked for invoice 17" in browser.run("document.querySelector('#e6-2').textContent")
    assert browser.run("document.querySelector('#e6-2').checkVisibility()")


def test_print_shows_everything_and_no_tools(browser: Browser, pages: dict[str, Path]) -> None:
    browser.open(pages["usual"])
    browser.call("Emulation.setEmulatedMedia", media="print")
    for hidden in ("#filters", ".keys", "nav", "#panel"):
        assert browser.run(f"getComputedStyle(document.querySelector('{hidden}')).display") == "none"
    assert browser.run("document.querySelector('#e6-2 .line.marked').checkVisibility({contentVisibilityAuto: true})")
    assert browser.run("document.querySelector('#f9 dl').checkVisibility({contentVisibilityAuto: true})")


@pytest.mark.parametrize("width", [700, 1280, 1700])
def test_nothing_runs_over_the_edge(browser: Browser, pages: dict[str, Path], width: int) -> None:
    for name in ("usual", "hostile"):
        browser.open(pages[name], width=width)
        assert browser.run("document.documentElement.scrollWidth") <= width
        browser.run("document.querySelector('[href=\"#e5-2\"]').click()")
        assert browser.run("document.documentElement.scrollWidth") <= width
        panel, cell = box(browser, "#panel"), box(browser, '[href="#e5-2"]')
        assert cell[2] <= panel[0] or cell[3] <= panel[1], "the panel covers the cell that it explains"


def test_500_routes_and_1000_findings_stay_quick(browser: Browser, pages: dict[str, Path]) -> None:
    browser.open(pages["huge"])
    assert count(browser) == "500 of 500 routes, 1000 of 1000 findings"
    start = time.monotonic()
    choose(browser, "text", "payments")
    assert browser.run("document.body.offsetHeight") > 0  # has laid the page out anew
    assert time.monotonic() - start < 3
    assert 0 < len(rows(browser)) < 500
    assert browser.complaints() == []


def test_chromium_dumps_the_page_after_the_script_ran(pages: dict[str, Path], tmp_path: Path) -> None:
    program = executable()
    assert program
    done = subprocess.run(
        [program, *FLAGS, f"--user-data-dir={tmp_path}", "--dump-dom", pages["small"].as_uri()],
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    assert 'role="grid"' in done.stdout
    assert "3 of 3 routes, 2 of 2 findings" in done.stdout
