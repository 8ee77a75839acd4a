"""docs/terminal-protocol.zh.md is docs/terminal-protocol.md in Chinese: the same headings, tables, code and links."""

import re
import tomllib
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
ENGLISH, CHINESE = ((DOCS / f"terminal-protocol{suffix}.md").read_text(encoding="utf-8") for suffix in ("", ".zh"))
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
HEADING = re.compile(r"^(#+) (.+)$", re.MULTILINE)


def without_blocks(text: str) -> str:
    return FENCE.sub("", text)


def headings(text: str) -> list[tuple[int, str]]:
    """Level and title of each heading."""
    return [(len(marks), title) for marks, title in HEADING.findall(without_blocks(text))]


def number_of(title: str) -> str:
    found = re.match(r"\d+(\.\d+)*", title)
    return found[0] if found else ""


def anchor_of(title: str) -> str:
    """The anchor of a heading, as GitHub makes it: lower case, no punctuation, hyphens for spaces."""
    return re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")


def sections(text: str) -> list[str]:
    """The text under each heading, without those below it."""
    places = [match.start() for match in HEADING.finditer(text) if match[0] in _heading_lines(text)]
    return [text[start:end] for start, end in zip(places, [*places[1:], len(text)], strict=True)]


def _heading_lines(text: str) -> set[str]:
    return {match[0] for match in HEADING.finditer(without_blocks(text))}


def spans(text: str) -> list[str]:
    """Code spans outside blocks."""
    return re.findall(r"`([^`\n]+)`", without_blocks(text))


def tables(text: str) -> list[list[list[str]]]:
    found: list[list[list[str]]] = []
    is_inside = False
    for line in without_blocks(text).splitlines():
        if not line.startswith("|"):
            is_inside = False
            continue
        if not is_inside:
            found.append([])
        is_inside = True
        found[-1].append([cell.strip() for cell in line.strip()[1:-1].split("|")])
    return found


def links(text: str) -> list[str]:
    return re.findall(r"\]\(([^)\s]+)\)", without_blocks(text))


PAIRS = list(zip(sections(ENGLISH), sections(CHINESE), strict=False))
IDS = [number_of(one.lstrip("# ")) or "-" for one, _ in PAIRS]
each_section = pytest.mark.parametrize(("english", "chinese"), PAIRS, ids=IDS)


def test_the_headings_are_the_same() -> None:
    assert [(level, number_of(title)) for level, title in headings(CHINESE)] == [
        (level, number_of(title)) for level, title in headings(ENGLISH)
    ]
    assert len(sections(CHINESE)) == len(sections(ENGLISH)) == len(headings(ENGLISH))


def test_the_chinese_headings_are_chinese() -> None:
    assert [title for _, title in headings(CHINESE) if not re.search(r"[\u4e00-\u9fff]", title)] == []


@each_section
def test_the_tables_have_the_same_rows_columns_and_code_words(english: str, chinese: str) -> None:
    ours, theirs = tables(english), tables(chinese)
    assert [[len(row) for row in table] for table in theirs] == [[len(row) for row in table] for table in ours]
    for rows, translated in zip(ours, theirs, strict=True):
        for row, line in zip(rows, translated, strict=True):
            assert [sorted(spans(cell)) for cell in line] == [sorted(spans(cell)) for cell in row]
            assert [numbers(cell) for cell in line] == [numbers(cell) for cell in row], line


def numbers(cell: str) -> list[str]:
    """The numbers of a cell that stand alone: a limit, a status, a time."""
    return re.findall(r"\d[\d,.]*", cell) if re.fullmatch(r"[\d,.⁰¹²³⁴⁵⁶⁷⁸⁹−]+", cell) else []


@each_section
def test_the_code_words_are_the_same(english: str, chinese: str) -> None:
    assert set(spans(chinese)) == set(spans(english))


@each_section
def test_the_code_blocks_are_the_same(english: str, chinese: str) -> None:
    """But for the vectors, which stand on the English page alone."""
    assert FENCE.findall(chinese) == [block for block in FENCE.findall(english) if block[0] != "json"]
    ours, theirs = (re.findall(r"^    .+$", without_blocks(text), re.MULTILINE) for text in (english, chinese))
    assert theirs == ours


@each_section
def test_the_links_lead_to_the_same_places(english: str, chinese: str) -> None:
    def places(text: str) -> list[str]:
        found = []
        for link in links(text):
            place = re.match(r"#(\d*)", link)
            found.append(f"#{place[1]}" if place else link)
        return sorted(found)

    own = {"terminal-protocol.md", "terminal-protocol.zh.md", "terminal-protocol.md#test-vectors", "#"}
    assert [one for one in places(chinese) if one not in own] == [one for one in places(english) if one not in own]


@pytest.mark.parametrize("text", [ENGLISH, CHINESE], ids=["en", "zh"])
def test_links_within_a_page_have_a_heading(text: str) -> None:
    anchors = {anchor_of(title) for _, title in headings(text)}
    assert [link for link in links(text) if link.startswith("#") and link[1:] not in anchors] == []


def test_the_chinese_page_points_at_the_vectors() -> None:
    assert "](terminal-protocol.md#test-vectors)" in CHINESE
    assert "```json" not in CHINESE
    assert ("](terminal-protocol.zh.md)" in ENGLISH, "](terminal-protocol.md)" in CHINESE) == (True, True)


def test_chinese_has_chinese_punctuation() -> None:
    text = re.sub(r"`[^`\n]*`|\]\([^)]*\)", "", without_blocks(CHINESE))
    text = re.sub(r"^    .+$", "", text, flags=re.MULTILINE)
    wrong = re.findall(r"[\u4e00-\u9fff][,;:?!()][^\n]{0,10}|[,;:?!][\u4e00-\u9fff][^\n]{0,10}", text)
    assert wrong == []


def test_chinese_uses_the_terms() -> None:
    terms = tomllib.loads((DOCS.parent / "foundation" / "locales" / "terms.toml").read_text(encoding="utf-8"))["term"]
    wrong = []
    for term in terms:
        rest = CHINESE
        for longer in term.get("unless", []):
            rest = rest.replace(longer, "")
        wrong += [f"{word}; the term is {term['zh']}" for word in term.get("not_zh", []) if word in rest]
    assert wrong == []


def test_chinese_is_not_left_in_english() -> None:
    """Sentences of three and more English words stand on the other page, but for titles that a cashier sees."""
    text = re.sub(r"`[^`\n]*`|\]\([^)]*\)| · [^|]*", "", without_blocks(CHINESE))
    text = re.sub(r"^    .+$", "", text, flags=re.MULTILINE)
    assert re.findall(r"(?:\b[a-z]{2,}\b[ ,]+){2,}[a-z]{2,}", text) == []
