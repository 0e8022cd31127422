"""The report for a pull request."""

from __future__ import annotations

import re
from dataclasses import replace
from html import unescape

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token

from counterseal.audit.result import AuditResult, NotChecked
from counterseal.report import render
from counterseal.report.markdown import LIMIT
from tests.report import factory
from tests.report.test_render import SAMPLES

PARSER = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
OURS = {"code", "b", "details", "summary"}


def markdown(result: AuditResult) -> str:
    return render(result, "markdown")


def tokens(source: str) -> list[Token]:
    return [token for top in PARSER.parse(source) for token in (top, *(top.children or ()))]


@pytest.mark.parametrize("sample", SAMPLES)
def test_nothing_from_the_code_becomes_markup(sample: str) -> None:
    made = markdown(SAMPLES[sample])
    parsed = tokens(made)
    assert {"link_open", "image", "code_inline", "em_open", "s_open", "hr", "blockquote_open"}.isdisjoint(t.type for t in parsed)
    html = "".join(t.content for t in parsed if t.type in ("html_block", "html_inline"))
    assert set(re.findall(r"</?([a-z]+)", html)) <= OURS
    assert re.findall(r"<(?:code|b|details|summary)[^>]+>", html) == []
    assert html.count("<details>") == html.count("</details>") == html.count("<summary>")


def test_nobody_is_mentioned_and_nothing_is_referred_to() -> None:
    for token in tokens(markdown(SAMPLES["hostile"])):
        if token.type in ("text", "html_inline", "html_block"):
            seen = unescape(token.content)
            assert not re.search(r"@\w|#\d|https?://|www\.\w|:\w+:", seen), seen


def test_a_fence_cannot_be_closed_from_inside() -> None:
    base = factory.result(3, 1)
    place = base.findings[0].place
    hostile = {place.file: {place.line: "````", place.line + 1: "# heading", place.line + 2: "`````` <b>"}}
    fences = [t for t in PARSER.parse(markdown(replace(base, snippets=hostile))) if t.type == "fence"]
    assert len(fences) == 1
    assert "# heading" in fences[0].content


def test_tables_keep_their_shape() -> None:
    html = PARSER.render(markdown(SAMPLES["hostile"]))
    rows = re.findall(r"<tr>(.*?)</tr>", html, re.DOTALL)
    assert {len(re.findall(r"<t[hd]", row)) for row in rows} == {2, 9}


def test_texts_that_look_like_lists_or_rules_stay_text() -> None:
    base = factory.result(3, 1)
    for text in ("- item", "1. item", "12) item", "---", "===", "+ item", "* * *", "# head", "> quote", "    code", "~~~", "|a|"):
        odd = replace(base.findings[0], message=text, attack=text, fix=text)
        kinds = {t.type for t in PARSER.parse(markdown(replace(base, findings=(odd,), not_checked=())))}
        assert {"list_item_open", "hr", "blockquote_open", "code_block"}.isdisjoint(kinds - {"list_item_open"}), text
        assert f"<p>{unescape(text).strip()}" in unescape(PARSER.render(markdown(replace(base, findings=(odd,))))).replace(
            "\u200b", ""
        )


def test_code_in_backticks_is_code() -> None:
    assert "Add <code>user: User = Depends(current&#95;user)</code> to the parameters" in markdown(factory.result(3, 1))


@pytest.mark.parametrize(("routes", "findings"), [(300, 200), (500, 1000), (2000, 5000)])
def test_length_is_capped_and_what_was_cut_is_counted(routes: int, findings: int) -> None:
    result = factory.result(routes, findings)
    made = markdown(result)
    assert len(made) <= LIMIT
    cut = {noun: int(number.replace(",", "")) for number, noun in re.findall(r"\*\*([\d,]+) more (\w+?)s? not shown", made)}
    assert made.count("<details><summary><b>") + cut["finding"] == findings
    bad = sum(any(c.state.refused for c in route.guarantees.values()) for route in result.routes)
    assert made.count("\n| <code>") - 0 + cut["route"] == bad
    assert "cut off in the middle" in made


def test_very_long_texts_are_cut_one_by_one() -> None:
    base = factory.result(3, 1)
    place = base.findings[0].place
    huge = replace(base.findings[0], message="m" * 70_000, fix="`" + "f" * 70_000, route="GET /" + "r" * 70_000)
    many = tuple(NotChecked("w" * 5000, "y" * 5000, incomplete=number % 2 == 0) for number in range(500))
    made = markdown(replace(base, findings=(huge,), not_checked=many, snippets={place.file: {place.line: "s" * 70_000}}))
    assert len(made) <= LIMIT
    assert "1 more finding" not in made
    assert re.search(r"\*\*\d+ more things not shown", made)


def test_not_checked_comes_before_the_findings_and_the_matrix_has_problems_only() -> None:
    result = factory.result()
    made = markdown(result)
    assert made.index("### Not checked: this audit is incomplete") < made.index("### Findings") < made.index("### Routes with")
    table = made.partition("### Routes with")[2]
    assert "<code>GET /api/users</code>" in table
    assert "<code>GET /docs</code>" not in table
    assert "exit code 3" in made.lower()


def test_summary_table() -> None:
    made = markdown(factory.result())
    assert "| Findings | 14 (3 critical, 6 high, 5 medium) |" in made
    assert "| Not checked | **2** |" in made
    clean = markdown(factory.clean_result())
    assert "| Guarantees | none missing, broken or unknown |" in clean
    empty = markdown(factory.empty_result())
    assert "| Not checked | **everything** |" in empty
    assert "This is not a pass" in empty


def test_a_fix_of_several_lines_is_a_block() -> None:
    base = factory.result(3, 1)
    fix = "@app.get('/me')\ndef me(\n    user: User,\n): ..."
    assert f"**Fix:**\n\n```\n{fix}\n```" in markdown(replace(base, findings=(replace(base.findings[0], fix=fix),)))
