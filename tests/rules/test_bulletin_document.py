"""The bulletin as an official document (GB/T 9704-2012), measured on its pages in millimetres from the top left."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from itertools import pairwise
from typing import Any

import pypdfium2 as pdfium
import pytest
from structlog.testing import capture_logs

from foundation.catalogue import Language
from foundation.pdf import render
from tests.rules.test_bulletin_wording import Known, bulletin, issued, line
from waste.bulletins.bulletins import Issue
from waste.bulletins.document import TEMPLATE, data_of
from waste.bulletins.facts import Overdue
from waste.bulletins.models import Bulletin

MM = 72 / 25.4
LEFT, RIGHT, TOP, BOTTOM = 28.0, 184.0, 37.0, 262.0
PITCH = 225 / 22
HALF_EMPTY = "，。；：、）》"
"""Their empty half may stand beyond the end of a line."""
BUREAU = "宁波市机关事务管理局"


class Page:
    """A page's characters with their places, and its lines of text from the top."""

    def __init__(self, page: Any) -> None:
        self.page = page
        self.height = page.get_height() / MM
        text = page.get_textpage()
        self.text = text.get_text_range()
        self.characters = [
            (character, left / MM, self.height - bottom / MM, right / MM)
            for n, character in enumerate(self.text)
            if character.strip()
            for left, bottom, right, _ in [text.get_charbox(n, loose=True)]
        ]

    @property
    def lines(self) -> list[tuple[float, str]]:
        """Where a line's foot is, and what it says."""
        rows: dict[int, list[tuple[float, float, str]]] = defaultdict(list)
        for character, left, foot, _ in self.characters:
            rows[round(foot)].append((left, foot, character))
        said = [(max(f for _, f, _ in row), "".join(c for _, _, c in sorted(row))) for row in rows.values()]
        return sorted(said)

    def left_of(self, words: str) -> float:
        """Where words begin, from the left."""
        joined = "".join(character for character, *_ in self.characters)
        return float(self.characters[joined.index(words)][1])

    def red_rows(self) -> Iterator[float]:
        """The heights at which there is red, two to the millimetre."""
        picture = self.page.render(scale=2 / MM).to_numpy()
        for row, pixels in enumerate(picture):
            if any(int(r) > 150 and int(g) < 90 for _, g, r in pixels[:, :3]):
                yield row / 2


def pages_of(made: Bulletin, language: Language = Language.CHINESE) -> list[Page]:
    with capture_logs() as logs:
        content = render(TEMPLATE, data_of(Issue(made), language, ""))
    assert not logs, "it is PDF/A"
    return [Page(page) for page in pdfium.PdfDocument(content)]


@pytest.fixture(scope="module")
def official() -> list[Page]:
    return pages_of(issued(Known().facts(), BUREAU))


def test_nothing_but_the_page_number_is_outside_of_the_type_area(official: list[Page]) -> None:
    for page in official:
        for character, left, foot, right in page.characters:
            assert left > LEFT - 1.5, character
            assert right < RIGHT + 1.5 or character in HALF_EMPTY, character
            assert foot > TOP, character
            assert foot < BOTTOM + 2 or character in "—0123456789", character


def test_a_page_has_22_lines_of_28_characters() -> None:
    made = issued(Known().facts(), BUREAU)
    made.texts = made.texts | {"foreword": "国" * (28 * 22 * 3)}
    _, page, *_ = pages_of(made)
    lines = [said for foot, said in page.lines if foot < BOTTOM + 2]
    assert lines == ["国" * 28] * 22
    feet = [foot for foot, _ in page.lines][:22]
    assert all(abs(after - before - PITCH) < 0.2 for before, after in pairwise(feet))


def test_the_head_is_red_and_stands_35_mm_below_the_top_of_the_type_area(official: list[Page]) -> None:
    rows = list(official[0].red_rows())
    assert abs(rows[0] - (TOP + 35)) < 1.5
    assert f"{BUREAU}文件" in "".join(character for character, *_ in official[0].characters)
    number, rule = next(foot for foot, said in official[0].lines if "〔2026〕3号" in said), rows[-1]
    assert 2 < rule - number < 7, "the rule is 4 mm below the number"
    assert not any(True for page in official[1:] for _ in page.red_rows()), "no seal is drawn"


def test_page_numbers_stand_outside(official: list[Page]) -> None:
    for number, page in enumerate(official, start=1):
        foot, said = page.lines[-1]
        assert said == f"—{number}—"
        assert foot > BOTTOM + 5
        left = max(left for character, left, at, _ in page.characters if at > BOTTOM + 5)
        assert (left > 150) == (number % 2 == 1)


def test_the_elements_follow_each_other(official: list[Page]) -> None:
    """Title, addressees flush left, sections, list of annexes, issuer, date, annexes, copies."""
    text = "".join(character for page in official for character, *_ in page.characters)
    order = [
        "关于2026年第三季度", "各区（县、市）机关事务管理部门，市级各有关单位：", "为贯彻落实", "一、总体情况",
        "二、存在问题", "（一）", "三、下一步工作要求", "附件：1.评估结果一览表", "2.逾期未整改问题清单",
        "3.评估方法说明", BUREAU, "2026年10月20日", "附件1", "评估结果一览表", "85.0（82.0至88.0）", "附件2",
        "剩菜未称重", "附件3", "不确定性：", "抄送：省机关事务管理局。", BUREAU, "2026年10月20日印发",
    ]  # fmt: skip
    at = 0
    for words in order:
        at = text.index(words, at) + 1
    assert abs(official[0].left_of("各区（县") - LEFT) < 1
    assert abs(official[0].left_of("为贯彻") - LEFT - 2 * 156 / 28) < 1


def test_annexes_have_pages_of_their_own(official: list[Page]) -> None:
    first = [page.lines[0][1] for page in official]
    assert [said for said in first if said.startswith("附件")] == ["附件1", "附件2", "附件3"]


def test_copies_and_printing_stand_at_the_bottom_of_the_last_page(official: list[Page]) -> None:
    foot, said = official[-1].lines[-2]
    assert said == f"{BUREAU}2026年10月20日印发"
    assert BOTTOM - 8 < foot < BOTTOM


def test_the_date_is_four_characters_from_the_right_with_text_on_its_page(official: list[Page]) -> None:
    page = next(page for page in official if any(said == "2026年10月20日" for _, said in page.lines))
    right = max(right for character, left, foot, right in page.characters if character == "日" and left > 120)
    assert abs(RIGHT - right - 4 * 156 / 28) < 2.5
    assert page.lines[0][1] != BUREAU, "the signature is never alone on a page"
    name = next(foot for foot, said in page.lines if said == BUREAU)
    before = max(foot for foot, _ in page.lines if foot < name - 1)
    assert name - before > 3 * PITCH, "there is room for the seal"


def test_several_issuers_sign_with_room_for_each_seal() -> None:
    names = [BUREAU, "宁波市发展和改革委员会", "宁波市商务局", "宁波市市场监督管理局"]
    text = "".join(c for page in pages_of(issued(Known().facts(), *names)) for c, *_ in page.characters)
    assert all(text.count(name) >= 2 for name in names)
    assert "〔2026〕3号" in text


def test_without_issuers_it_is_a_notice_to_the_public() -> None:
    first, *rest = pages_of(bulletin(Known().facts()))
    assert not list(first.red_rows())
    said = "".join(character for page in [first, *rest] for character, *_ in page.characters)
    assert "发布日期：2026年10月20日" in said
    assert "文件" not in said
    assert "〔" not in said
    assert "印发" not in said


def test_a_draft_says_so_on_every_page(official: list[Page]) -> None:
    """It looks like the document otherwise, and nobody has answered for it yet."""
    made = issued(Known().facts(), BUREAU)
    made.published_at = made.signed_on = None
    pages = pages_of(made)
    assert all(said == "草稿" and foot < TOP for foot, said in (page.lines[0] for page in pages))
    assert any(said == "年月日" for page in pages for _, said in page.lines), "the date stays open"
    assert not any("草稿" in page.text for page in official)


def test_sixty_canteens_with_long_names_fill_pages_without_breaking_a_line_of_the_table() -> None:
    lines = [
        line(n, rank, name_zh=f"某某市某某区人民政府机关事务服务中心综合办公楼第{rank}职工食堂（北区一楼）")
        for rank, n in enumerate(["优秀", "良好", "合格", "不合格"] * 15, start=1)
    ]
    facts = Known(lines=lines).facts()
    facts.overdue = [Overdue("第一食堂", "Canteen 1", "备餐台账缺失，未对备餐剩余称重；" * 12, "2026-10-01", 2)] * 12
    pages = pages_of(issued(facts, BUREAU))
    ranking = [page for page in pages if "95%区间" in page.text]
    assert len(ranking) > 3
    assert all("名次" in page.lines[0][1] for page in ranking[1:]), "the head of the table is repeated"
    text = "".join(c for page in pages for c, *_ in page.characters)
    assert all(f"第{rank}职工食堂" in text for rank in range(1, 61))


def test_a_name_that_no_font_has_breaks_nothing() -> None:
    """Names of canteens come from the register: what cannot be printed has a mark in its place."""
    lines = [line("良好", 1, name_zh="李喆\U0001f468\u200d\U0001f469食堂"), line("良好", 2, name_zh="\U00020000村食堂")]
    text = "".join(page.text for page in pages_of(issued(Known(lines=lines).facts(), "镕\U0002cb7c局")))
    assert "李喆" in text
    assert "〓村食堂" in text
    assert "镕\U0002cb7c局" in text


def test_the_english_document_has_the_facts() -> None:
    made = issued(Known().facts(), BUREAU)
    made.signed_on = date(2026, 10, 20)
    text = "".join(page.text for page in pages_of(made, Language.ENGLISH))
    assert "20 October 2026" in text
    assert "Annex 3" in text
    assert "Uncertainty: " in text
    assert BUREAU not in text
