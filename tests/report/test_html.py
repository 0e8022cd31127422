"""The report for a browser, as a document: what the file itself must be, before any browser reads it."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from counterseal.audit.result import AuditResult
from counterseal.report import render
from tests.report import factory
from tests.report.test_render import SAMPLES

VOID = {"meta", "link", "input", "br", "img", "wbr", "hr"}


class Document(HTMLParser):
    """Collects tags, text and the raw content of style and script, and checks that tags are closed in order."""

    def __init__(self, source: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.text = ""
        self.raw: dict[str, str] = {}
        self.open: list[str] = []
        self.feed(source)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] in ("style", "script"):
            self.raw[self.open[-1]] = self.raw.get(self.open[-1], "") + data
        else:
            self.text += data

    def all(self, name: str) -> list[dict[str, str]]:
        return [attrs for tag, attrs in self.tags if tag == name]


def page(result: AuditResult) -> Document:
    return Document(render(result, "html", rule_docs=factory.RULE_DOCS))


@pytest.mark.parametrize("sample", [name for name in SAMPLES if name != "large"])
def test_the_document_is_whole_and_well_formed(sample: str) -> None:
    source = render(SAMPLES[sample], "html", rule_docs=factory.RULE_DOCS)
    assert source.startswith("<!doctype html>\n")
    document = Document(source)
    assert document.open == []
    ids = [attrs["id"] for _, attrs in document.tags if "id" in attrs]
    assert len(ids) == len(set(ids))
    for link in document.all("a"):
        assert link["href"].startswith("#")
        assert link["href"][1:] in ids


@pytest.mark.parametrize("sample", [name for name in SAMPLES if name != "large"])
def test_nothing_is_loaded_and_nothing_but_our_script_runs(sample: str) -> None:
    document = page(SAMPLES[sample])
    assert {tag for tag, _ in document.tags}.isdisjoint({"img", "iframe", "link", "object", "embed", "base", "video", "audio"})
    for _, attrs in document.tags:
        assert not [name for name in attrs if name.startswith("on") or name in ("style", "src", "srcset", "action", "ping")]
    assert len(document.all("script")) == len(document.all("style")) == 1
    assert not re.search(r"url\(|@import|https?:", document.raw["style"])
    assert not re.search(
        r"innerHTML|insertAdjacentHTML|document\.write|eval\(|fetch\(|XMLHttp|import\(|https?:", document.raw["script"]
    )


def test_the_content_policy_names_the_hashes_of_what_is_there() -> None:
    document = page(SAMPLES["hostile"])
    (policy,) = [meta["content"] for meta in document.all("meta") if meta.get("http-equiv") == "Content-Security-Policy"]
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))

    def hashed(text: str) -> str:
        return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"

    assert rules == {
        "default-src": "'none'",
        "style-src": hashed(document.raw["style"]),
        "script-src": hashed(document.raw["script"]),
        "base-uri": "'none'",
        "form-action": "'none'",
    }


def test_hostile_text_is_shown_not_run() -> None:
    document = page(SAMPLES["hostile"])
    for text in (
        "<script>window.pwned=1</script>",
        '"><img src=x onerror=window.pwned=1>',
        "</style></title></textarea><!-- -->",
        "{{7*7}}",
    ):
        assert f"/x/{text}" in document.text
        assert f"message {text}" in document.text
    assert r"user\u202etxt.exe" in document.text
    assert r"\x1b[31mred" in document.text


def test_every_cell_is_a_link_to_its_evidence() -> None:
    result = SAMPLES["usual"]
    document = page(result)
    cells = [a for a in document.all("a") if re.fullmatch(r"#e\d+-\d", a["href"])]
    assert len(cells) == len(result.routes) * 8
    assert cells[2]["aria-label"] == "owned: missing"
    assert cells[2]["class"] == "s-missing"
    for route in result.routes:
        for cell in route.guarantees.values():
            for item in cell.evidence:
                assert item.why in document.text
    assert 'row = session.get(Model, body["id"])' in document.text


def test_a_state_is_never_colour_alone() -> None:
    source = render(SAMPLES["usual"], "html")
    seen = set(re.findall(r'<a class="s-[a-z-]+" href="#e\d+-\d" aria-label="\w+: ([a-z ]+)"[^>]*>(.)</a>', source))
    assert len(seen) == 8
    assert len({glyph for _, glyph in seen}) == 8


def test_findings_not_checked_and_rules_are_all_there() -> None:
    result = SAMPLES["usual"]
    document = page(result)
    assert len([d for d in document.all("details") if d.get("class") == "finding"]) == len(result.findings)
    for finding in result.findings:
        assert finding.attack in document.text
        assert f"CWE-{finding.cwe[0]}" in document.text
    assert "This audit is incomplete" in document.text
    assert "Left out" not in document.text
    assert "1 thing left out on purpose" in document.text
    assert {d["id"] for d in document.all("details") if d.get("class") == "rule-doc"} == {
        f"rule-{f.rule}" for f in result.findings
    }


def test_an_empty_audit_looks_bad_and_a_clean_one_good() -> None:
    assert 'class="verdict bad"' in render(SAMPLES["empty"], "html")
    assert "This is not a pass" in render(SAMPLES["empty"], "html")
    assert 'class="verdict good"' in render(SAMPLES["clean"], "html")
    assert "Exit code 1: findings at or above the threshold." in render(SAMPLES["usual"], "html", exit_code=1)


def test_a_fix_of_several_lines_keeps_its_shape() -> None:
    base = SAMPLES["small"]
    fix = "@app.get(`/me`)\ndef me(\n    user: User,\n): ..."
    source = render(replace(base, findings=(replace(base.findings[0], fix=fix),)), "html")
    assert '<dd class="steps">@app.get(<code>/me</code>)\ndef me(\n    user: User,\n): ...</dd>' in source
