"""The sentences of a bulletin: counts that add up, a date on every count, no grade without its doubt, one language."""

import re
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import to_builtins

from foundation.catalogue import Language
from waste.bulletins.bulletins import Issue
from waste.bulletins.facts import Facts, Group, Line, Overdue, Sound, Totals
from waste.bulletins.models import Bulletin
from waste.bulletins.pages import list_page, page
from waste.bulletins.presentation import present
from waste.bulletins.wording import change_said, draft_texts, grade_of, headed, overview
from waste.evaluation.definitions import definitions

HAN = re.compile("[\u4e00-\u9fff]")
GRADES = [("优秀", 90.0), ("良好", 80.0), ("合格", 70.0), ("不合格", 0.0)]
SEVEN = [
    ("优秀", {}), ("优秀", {}), ("良好", {}), ("良好", {}), ("合格", {}), ("不合格", {"vetoed": True}),
    ("合格", {"to_verify": True}),
]  # fmt: skip


def line(grade: str = "良好", rank: int | None = 1, **changes: object) -> Line:
    made = Line(
        rank=rank, name_zh=f"第{rank}食堂", name_en=f"Canteen {rank}", score=85.0, low=82.0, high=88.0, grade_zh=grade,
        to_verify=False, vetoed=False, before=None,
    )  # fmt: skip
    for name, value in changes.items():
        setattr(made, name, value)
    return made


def totals(grams: float) -> Totals:
    return Totals(125_024, 7_901.4, grams, None, None, 0.961, 23_704.2, 115_694)


@dataclass
class Known:
    lines: list[Line] = field(default_factory=lambda: [line(g, n, **c) for n, (g, c) in enumerate(SEVEN, start=1)])
    serving: str = "buffet"
    open_cases: int = 1
    overdue_cases: int = 1

    def facts(self) -> Facts:
        group = Group(
            "机关食堂反食品浪费工作成效评估（默认方案）", self.serving, GRADES, self.lines, "Default evaluation"
        )
        cases = {"opened": 3, "closed": 2, "open": self.open_cases, "overdue": self.overdue_cases}
        overdue = [Overdue("第一食堂", "Canteen 1", "剩菜未称重", "2026-10-01", 2)]
        sampling = {"canteens": 7, "drawn": 3, "inspected": 3, "in_three_years": 5}
        return Facts("2026-07-01", [group], totals(63.2), totals(68.8), cases, overdue, sampling, "2026-10-15")


def bulletin(facts: Facts) -> Bulletin:
    return Bulletin(
        bulletin_id=7, quarter=date(2026, 7, 1), state="published", texts=draft_texts(facts),
        found=to_builtins(facts), issuers=[], issuer_code="", year=2026, serial=None, addressees="", copy_to="",
        signed_on=date(2026, 10, 20), annexes=None, written_by=["a"], drafted_at=datetime.now(UTC), published_by="b",
        published_at=datetime(2026, 10, 20, 3, tzinfo=UTC),
    )  # fmt: skip


def issued(facts: Facts, *issuers: str) -> Bulletin:
    """A bulletin with the elements of an official document."""
    made = bulletin(facts)
    made.issuers, made.issuer_code, made.serial = list(issuers), "甬机管通", 3
    made.addressees, made.copy_to = "各区（县、市）机关事务管理部门，市级各有关单位", "省机关事务管理局"
    return made


def counts_of(facts: Facts) -> list[int]:
    """The number of canteens evaluated, then the numbers by grade, as the first sentence says them."""
    sentence = overview(facts, Language.CHINESE).partition("。")[0]
    return [int(count) for count in re.findall(r"(\d+)家", sentence)]


def test_the_title_names_the_matter_and_the_kind_of_document() -> None:
    assert draft_texts(Known().facts())["title"] == "关于2026年第三季度机关食堂反食品浪费工作成效评估情况的通报"


def test_the_counts_by_grade_add_up_to_the_canteens_evaluated() -> None:
    said = overview(Known().facts(), Language.CHINESE)
    assert said.startswith("本季度共评估食堂7家，其中优秀2家、良好2家、合格1家、不合格1家、等级待核实1家。")
    assert "平均每人次浪费食品63.2克，较上季度下降8.1%。" in said
    assert sum(counts_of(Known().facts())[1:]) == 7


@given(
    st.lists(
        st.builds(
            dict,
            grade=st.sampled_from(["优秀", "良好", "合格", "不合格", "", "旧等级"]),
            score=st.none() | st.floats(0, 100),
            to_verify=st.booleans(),
            vetoed=st.booleans(),
        ),
        min_size=1, max_size=60,
    )
)  # fmt: skip
def test_the_counts_add_up_whatever_the_canteens_are(canteens: list[dict[str, Any]]) -> None:
    """With grades to be verified, without a score, vetoed, and of grades that no scheme has any more."""
    facts = Known(lines=[line(one.pop("grade"), n, **one) for n, one in enumerate(canteens, start=1)]).facts()
    total, *by_grade = counts_of(facts)
    assert total == sum(by_grade) == len(canteens)
    first = overview(facts, Language.ENGLISH).partition(").")[0]
    assert sum(int(n) for n in re.findall(r"\d+", first)[1:]) == len(canteens)


def test_a_canteen_without_a_grade_is_counted_once() -> None:
    facts = Known(lines=[line("", score=None, to_verify=True), line()]).facts()
    assert "共评估食堂2家，其中良好1家、数据不足未评定等级1家。" in overview(facts, Language.CHINESE)


@pytest.mark.parametrize(
    ("now", "said"), [(9.0, "较上季度下降10%"), (11.05, "较上季度上升10.5%"), (10.001, "与上季度持平")]
)
def test_a_change_has_a_direction(now: float, said: str) -> None:
    assert change_said(now, 10.0, Language.CHINESE) == said


def test_a_veto_says_its_grade() -> None:
    assert grade_of(line("不合格", vetoed=True, to_verify=True), Language.CHINESE) == "不合格（一票否决）"
    assert grade_of(line("合格", to_verify=True), Language.ENGLISH) == "qualified (to be verified)"


@pytest.mark.parametrize(
    ("open_cases", "overdue", "said"),
    [
        (1, 1, "截至2026年10月15日，尚有1项问题未完成整改，其中逾期1项。"),
        (2, 0, "截至2026年10月15日，尚有2项问题未完成整改。"),
        (0, 0, "截至2026年10月15日，没有未完成整改的问题。"),
    ],
)
def test_open_cases_have_a_date(open_cases: int, overdue: int, said: str) -> None:
    assert said in draft_texts(Known(open_cases=open_cases, overdue_cases=overdue).facts())["warnings"]


def test_a_draft_has_no_placeholder_and_a_section_without_text_is_left_out() -> None:
    """What canteens did well is for people to write; until they do, the numbering closes up."""
    texts = draft_texts(Known().facts())
    assert texts["good"] == ""
    assert not any("补充" in text or "待定" in text for text in texts.values())
    headings = [heading for heading, _ in headed(texts, Language.CHINESE)]
    assert headings == ["一、总体情况", "二、存在问题", "三、下一步工作要求"]
    headings = [heading for heading, _ in headed(texts | {"good": "推行小份半份。"}, Language.CHINESE)]
    assert headings == ["一、总体情况", "二、主要做法", "三、存在问题", "四、下一步工作要求"]


def test_points_of_a_section_are_numbered() -> None:
    (_, problems), (_, steps) = headed(draft_texts(Known().facts()), Language.CHINESE)[1:]
    assert [problem[:3] for problem in problems] == ["（一）", "（二）"]
    assert problems[0] == "（一）第6食堂评估不合格，须限期整改并接受复查。"
    assert [step[:3] for step in steps] == ["（一）", "（二）", "（三）"]


def test_every_figure_that_changes_has_its_date() -> None:
    texts = draft_texts(Known().facts())
    assert (
        "据截至2026年10月15日的数据，就餐125,024人次；称重齐全的餐次就餐115,694人次，浪费食品7,901千克。"
        in texts["foreword"]
    )
    assert "截至2026年10月15日，年度抽查食堂3家，占7家的42.9%。" in texts["foreword"]
    assert "截至2026年10月15日，尚有1项问题未完成整改" in texts["warnings"]


@pytest.mark.parametrize(("serial", "number"), [(3, "甬机管通〔2026〕3号"), (None, "甬机管通〔2026〕\u3000号")])
def test_a_document_number_has_room_until_it_is_registered(serial: int | None, number: str) -> None:
    made = issued(Known().facts(), "宁波市机关事务管理局")
    made.serial = serial
    assert present(Issue(made), Language.CHINESE).document_number == number
    assert number in page(Issue(made), Language.CHINESE)
    assert present(Issue(made), Language.ENGLISH).document_number == ""


def test_annexes_are_numbered_and_empty_ones_are_left_out() -> None:
    made = bulletin(Known().facts())
    labels = [(one.label, one.title) for one in present(Issue(made), Language.CHINESE).annexes]
    assert labels == [("附件1", "评估结果一览表"), ("附件2", "逾期未整改问题清单"), ("附件3", "评估方法说明")]
    made.found["overdue"], made.annexes = [], ["ranking", "overdue"]
    assert [one.label for one in present(Issue(made), Language.CHINESE).annexes] == ["附件"]


def test_the_ranking_says_what_is_to_be_known_of_the_data() -> None:
    facts = Known(lines=[line(flags=2, corrected_weeks=1)]).facts()
    assert "2处数据待核查；1周数据有更正" in page(Issue(bulletin(facts)), Language.CHINESE)


DOUBTED = line(name_zh="第二食堂", name_en="Second Canteen", rank=2, flags=34, upheld=1, doubted=True)


def test_the_average_leaves_out_weights_that_do_not_hold_and_says_so() -> None:
    """The whole network wastes 14.6 % less; without the canteen whose weights do not hold, as much as before."""
    facts = Known(lines=[line(), DOUBTED]).facts()
    facts.totals, facts.before, facts.sound = totals(68.3), totals(80.0), Sound(80.4, 80.4)
    texts = draft_texts(facts)
    assert "平均每人次浪费食品80.4克，与上季度持平。" in texts["foreword"]
    assert "以上平均值未计入称重数据存疑的食堂1家，计入后为68.3克。" in texts["foreword"]
    assert "第二食堂（1处数据经核查不实；34处数据待核查）的称重数据存疑" in texts["warnings"]
    assert "核实数据。" in texts["closing"]
    figures = dict(present(Issue(bulletin(facts)), Language.CHINESE).figures)
    assert figures["每人次浪费量（不含数据存疑的食堂1家）"] == "80.4克（与上季度持平）"
    assert "Second Canteen (figures found wrong: 1; figures to be checked: 34)" in page(
        Issue(bulletin(facts)), Language.ENGLISH
    )


def test_no_success_is_claimed_if_no_weights_hold() -> None:
    facts = Known(lines=[DOUBTED]).facts()
    facts.sound = Sound(None, None)
    texts = draft_texts(facts)
    assert "平均每人次浪费食品63.2克。各食堂称重数据均存疑" in texts["foreword"]
    assert "推广典型" not in texts["closing"]
    assert dict(present(Issue(bulletin(facts)), Language.CHINESE).figures)["每人次浪费量"] == "63.2克"


def test_the_legend_explains_only_what_is_shown() -> None:
    def legend(**changes: Any) -> str:
        return present(Issue(bulletin(Known(lines=[line(**changes)]).facts())), Language.CHINESE).legend

    assert "括号" not in legend()
    assert "得分后括号内为较上季度变化" in legend(before=80.0)
    assert "名次后括号内为其95%区间" in legend(rank_low=1, rank_high=2)
    assert "括号" not in legend(rank_low=1, rank_high=1)


def test_an_english_reader_learns_of_problems_and_finds_the_chinese_text() -> None:
    said = page(Issue(bulletin(Known().facts())), Language.ENGLISH)
    assert "<h2>Problems</h2>" in said
    assert "Canteen 6: failed" in said
    assert '<a href="?lang=zh-Hans" hreflang="zh-Hans-CN">The text of the bulletin is in Chinese' in said


def test_the_method_prints_the_definitions() -> None:
    said = draft_texts(Known().facts())["method"]
    for term in definitions(date(2026, 7, 1), Language.CHINESE):
        assert f"{term.name}：{term.text}" in said
    assert len(said) < 6_000, "it can be edited"


def test_figures_have_their_units_and_what_is_required() -> None:
    figures = dict(present(Issue(bulletin(Known().facts())), Language.CHINESE).figures)
    assert figures["每人次浪费量"] == "63.2克（较上季度下降8.1%）"
    assert figures["年度抽查"] == "3/7家，42.9%（要求不低于35%）"
    assert present(Issue(bulletin(Known().facts())), Language.CHINESE).overdue[0][3] == "机关事务管理部门"


def test_an_english_page_has_the_facts_and_no_chinese_but_a_finding() -> None:
    shown = bulletin(Known().facts())
    assert not HAN.search(page(Issue(shown), Language.ENGLISH).replace("剩菜未称重", "").replace(">中文<", ""))
    assert not HAN.search(list_page([shown], Language.ENGLISH).replace(">中文<", ""))
    assert 'lang="zh-Hans-CN"' in page(Issue(shown), Language.CHINESE)
    assert not re.search("[,;:?!()][\u4e00-\u9fff]", re.sub("<[^>]*>", " ", page(Issue(shown), Language.CHINESE)))


def test_what_earlier_releases_published_is_still_shown() -> None:
    """Its facts name the way of serving in two languages, and have no day and no English name of the scheme."""
    facts = Known(serving="自助 buffet").facts()
    old = bulletin(facts)
    old.found = {name: value for name, value in to_builtins(facts).items() if name != "as_of"}
    del old.found["groups"][0]["scheme_en"]
    old.texts = old.texts | {"foreword": "本季度共评估7个食堂。"}
    assert "（默认方案）：自助餐" in page(Issue(old), Language.CHINESE)
    assert "本季度共评估7个食堂。" in page(Issue(old), Language.CHINESE)
    old.texts = {name: old.texts[name] for name in ("title", "foreword", "good", "warnings", "closing")}
    old.year = old.signed_on = None
    assert "三、下一步工作要求" in page(Issue(old), Language.CHINESE)
    assert "评估方法说明" not in page(Issue(old), Language.CHINESE)
    assert "Method of evaluation" in page(Issue(old), Language.ENGLISH)
