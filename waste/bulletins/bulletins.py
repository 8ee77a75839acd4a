"""Bulletins (通报): drafted from a frozen quarter's results, edited by people, published by another person.

What was found is computed once, when the bulletin is drafted, and stays with it; what people write are its texts. A
published bulletin never changes, and needs no log-in.
"""

import html
from datetime import UTC, date, datetime
from pathlib import Path
from string import Template
from typing import Any

from msgspec import Struct, convert, to_builtins
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

import web
from foundation.calendar import ZONE
from foundation.pdf import render_pdf_once
from foundation.postgres import Pool
from foundation.problems import CONFLICT, NOT_FOUND, SECOND_PERSON, Problem
from registry import audit
from registry.access import Person
from registry.models import Database, next_numbers
from waste.bulletins.models import Bulletin
from waste.evaluation.quarters import QUERIES as EVALUATION
from waste.evaluation.quarters import Standing, quarter_of, schemes, standings
from waste.measures.over_time import measures_over
from waste.measures.schemas import GroupBy, Period, PeriodMeasures
from waste.supervision.cases import QUERIES as CASES
from waste.supervision.cases import case_figures
from waste.supervision.sampling import QUERIES as SAMPLING

FOLDER = Path(web.__file__).parent / "bulletin"
PAGE = Template((FOLDER / "page.html").read_text(encoding="utf-8"))
LIST_PAGE = Template((FOLDER / "list.html").read_text(encoding="utf-8"))

SERVING = {"buffet": "自助 buffet", "set_meal": "套餐 set meal", "a_la_carte": "点餐 à la carte"}
SECTIONS = {
    "foreword": "引言 Foreword",
    "good": "典型做法 Good examples",
    "warnings": "问题与警示 Warnings",
    "closing": "下一步要求 What comes next",
}
"""The texts that people write."""


class Line(Struct):
    """A canteen in a ranking."""

    rank: int | None
    name_zh: str
    name_en: str
    score: float | None
    low: float | None
    high: float | None
    grade_zh: str
    to_verify: bool
    vetoed: bool
    before: float | None


class Group(Struct):
    """Canteens that are compared with each other: the same scheme, the same way of serving; grade lines, best first."""

    scheme_zh: str
    serving: str
    grades: list[tuple[str, float]]
    lines: list[Line]


class Overdue(Struct):
    """A case that was not closed when it was due."""

    name_zh: str
    name_en: str
    what: str
    due_on: str
    level: int


class Totals(Struct):
    """What the network's quarter came to; None where nothing can be said."""

    covers: int
    waste_kg: float
    grams_per_cover: float | None
    low: float | None
    high: float | None
    completeness: float | None
    co2e_kg: float


class Found(Struct):
    """All that a bulletin reports as fact."""

    quarter: str
    groups: list[Group]
    totals: Totals | None
    before: Totals | None
    cases: dict[str, int]
    overdue: list[Overdue]
    sampling: dict[str, int]


async def draft(database: Database, ledger: Pool, person: Person, quarter: date) -> int:
    """Draft a bulletin from a quarter's results; returns its number. Raises Problem INVALID, NOT_FOUND, CONFLICT."""
    state = await ledger.fetchrow(EVALUATION["quarter"], quarter)
    if state is None or state["frozen_at"] is None:
        raise Problem(CONFLICT, f"the results of the quarter from {quarter} are not final: freeze them first")
    found = await find(ledger, quarter)
    async with database.begin() as db:
        [number] = await next_numbers(db, 1)
        db.add(
            Bulletin(
                bulletin_id=number, quarter=quarter, state="draft", texts=_first_texts(found),
                found=to_builtins(found), written_by=[person.login], drafted_at=datetime.now(UTC),
            )
        )  # fmt: skip
        await audit.record(
            db, audit.Note(person.login, "draft_bulletin", f"bulletin/{number}", {"quarter": str(quarter)})
        )
    return number


async def find(ledger: Pool, quarter: date) -> Found:
    """The facts of a quarter."""
    first, last = quarter_of(quarter)
    before = date(first.year - (first.month == 1), (first.month - 4) % 12 + 1, 1)
    today = datetime.now(ZONE).date()
    try:
        scores = {one.canteen_id: one.score for one in await standings(ledger, before)}
    except Problem:
        scores = {}
    overdue = await ledger.fetch(CASES["overdue"], today)
    sampling = await ledger.fetchrow(SAMPLING["coverage"], first.year)
    assert sampling is not None
    return Found(
        str(quarter), _groups(await standings(ledger, quarter), scores),
        _totals(await measures_over(ledger, first, last, by=GroupBy.NETWORK, per=Period.QUARTER)),
        _totals(await measures_over(ledger, before, quarter_of(before)[1], by=GroupBy.NETWORK, per=Period.QUARTER)),
        await case_figures(ledger, first, last, today),
        [Overdue(o["name_zh"], o["name_en"], o["what"], str(o["due_on"]), o["level"]) for o in overdue],
        {name: int(value) for name, value in sampling.items()},
    )  # fmt: skip


def _groups(found: list[Standing], before: dict[int, float | None]) -> list[Group]:
    groups: dict[tuple[str, str], Group] = {}
    known = {scheme.id: scheme for scheme in schemes().known}
    for s in found:
        scheme = known[s.scheme]
        key = (scheme.name_zh, s.serving)
        if key not in groups:
            lines = [(grade.name_zh, grade.begins) for grade in scheme.grade]
            groups[key] = Group(scheme.name_zh, SERVING[s.serving], lines, [])
        groups[key].lines.append(
            Line(
                s.rank, s.name_zh, s.name_en, s.score, s.low, s.high, s.grade_zh or "", s.to_verify, s.vetoed,
                before.get(s.canteen_id),
            )
        )  # fmt: skip
    return list(groups.values())


def _totals(measured: list[PeriodMeasures]) -> Totals | None:
    if not measured:
        return None
    [m] = measured
    waste_kg, co2e_kg = round(m.waste_g / 1000, 1), round(m.co2e_g / 1000, 1)
    return Totals(m.covers, waste_kg, m.grams_per_cover, m.low, m.high, m.completeness, co2e_kg)


def _first_texts(found: Found) -> dict[str, str]:
    """What the facts suggest: praise first, then warnings; people put it into words of their own."""
    first = date.fromisoformat(found.quarter)
    title = f"{first.year}年第{(first.month + 2) // 3}季度机关食堂反食品浪费工作成效评估通报"
    best = [
        line
        for g in found.groups
        for line in g.lines
        if line.rank == 1 and not line.to_verify and (line.score or 0) >= g.grades[min(1, len(g.grades) - 1)][1]
    ]
    failed = [line for g in found.groups for line in g.lines if line.vetoed or line.grade_zh == g.grades[-1][0]]
    worst = [line for line in failed if line.vetoed or not line.to_verify]
    doubtful = [line for line in failed if line not in worst]
    foreword = f"本季度共评估{sum(len(g.lines) for g in found.groups)}个食堂。"
    if found.totals is not None and found.totals.grams_per_cover is not None:
        foreword += f"人均浪费{found.totals.grams_per_cover:g}克。"
    return {
        "title": title,
        "foreword": foreword,
        "good": "、".join(line.name_zh for line in best) + ("在同类食堂中成效最好。" if best else "待核。"),
        "warnings": _said(worst, "须限期整改并接受复查。") + _said(doubtful, "得分低于合格线,尚待核实。") or "无。",
        "closing": f"尚未办结问题{found.cases['open']}项,其中逾期{found.cases['overdue']}项,请有关单位按期整改。",
    }


def _said(lines: list[Line], what: str) -> str:
    return "、".join(line.name_zh for line in lines) + what if lines else ""


async def edit(database: Database, person: Person, bulletin_id: int, texts: dict[str, str]) -> None:
    """Replace texts of a draft; who edits does not publish. Raises Problem NOT_FOUND, CONFLICT."""
    async with database.begin() as db:
        bulletin = await _take(db, bulletin_id)
        bulletin.texts = bulletin.texts | texts
        bulletin.written_by = sorted({*bulletin.written_by, person.login})
        await audit.record(db, audit.Note(person.login, "edit_bulletin", f"bulletin/{bulletin_id}", texts))


async def publish(database: Database, person: Person, bulletin_id: int) -> None:
    """Publish a draft, by somebody who wrote nothing of it. Raises Problem NOT_FOUND, CONFLICT, SECOND_PERSON."""
    async with database.begin() as db:
        bulletin = await _take(db, bulletin_id)
        if person.login in bulletin.written_by:
            raise Problem(SECOND_PERSON, "who wrote it does not publish it")
        bulletin.state, bulletin.published_by, bulletin.published_at = "published", person.login, datetime.now(UTC)
        await audit.record(db, audit.Note(person.login, "publish_bulletin", f"bulletin/{bulletin_id}"))


async def _take(db: AsyncSession, bulletin_id: int) -> Bulletin:
    bulletin = await db.get(Bulletin, bulletin_id, with_for_update=True)
    if bulletin is None:
        raise Problem(NOT_FOUND, f"no bulletin {bulletin_id}")
    if bulletin.state != "draft":
        raise Problem(CONFLICT, f"bulletin {bulletin_id} is published: it stays as it is")
    return bulletin


async def bulletins(db: AsyncSession, *, drafts: bool) -> list[Bulletin]:
    """All bulletins, the newest first; with or without drafts."""
    query = select(Bulletin).order_by(Bulletin.bulletin_id.desc()).limit(200)
    if not drafts:
        query = query.where(Bulletin.state == "published")
    return list(await db.scalars(query))


async def read(db: AsyncSession, bulletin_id: int, *, drafts: bool) -> Bulletin:
    """One bulletin; raises Problem(NOT_FOUND), also for a draft that may not be seen."""
    bulletin = await db.get(Bulletin, bulletin_id)
    if bulletin is None or (bulletin.state == "draft" and not drafts):
        raise Problem(NOT_FOUND, f"no bulletin {bulletin_id}")
    return bulletin


def page(bulletin: Bulletin) -> str:
    """A bulletin as a page with charts."""
    found = convert(bulletin.found, Found)
    shown = _published_on(bulletin)
    texts = {
        name: f"<h2>{title}</h2>" + "".join(f"<p>{html.escape(t)}</p>" for t in bulletin.texts[name].splitlines())
        for name, title in SECTIONS.items()
    }
    return PAGE.substitute(
        texts, title=html.escape(bulletin.texts["title"]), number=bulletin.bulletin_id, published=shown,
        figures="".join(f"<div><strong>{html.escape(v)}</strong>{html.escape(n)}</div>" for n, v in _figures(found)),
        groups="".join(_group_html(group) for group in found.groups), overdue=_overdue_html(found.overdue),
    )  # fmt: skip


def list_page(published: list[Bulletin]) -> str:
    """The published bulletins as a page."""
    lines = [
        f'<li><a href="/bulletins/{b.bulletin_id}">{html.escape(b.texts["title"])}</a>'
        f" <small>{_published_on(b)}</small>"
        for b in published
    ]
    return LIST_PAGE.substitute(bulletins="\n".join(lines) or "<li>尚未发布 None is published yet")


async def document(bulletin: Bulletin) -> bytes:
    """A bulletin as a PDF of A4 with charts. Raises Problem(NO_FONT)."""
    found = convert(bulletin.found, Found)
    sections = [(title, bulletin.texts[name].splitlines()) for name, title in SECTIONS.items()]
    data: dict[str, Any] = {
        "title": bulletin.texts["title"], "number": bulletin.bulletin_id, "published": _published_on(bulletin),
        "sections": sections, "figures": _figures(found), "groups": to_builtins(found.groups),
        "overdue": to_builtins(found.overdue),
    }  # fmt: skip
    return await render_pdf_once(FOLDER / "page.typ", data)


def _published_on(bulletin: Bulletin) -> str:
    if bulletin.published_at is None:
        return "草稿 DRAFT"
    return bulletin.published_at.astimezone(ZONE).date().isoformat()


def _figures(found: Found) -> list[tuple[str, str]]:
    """Name and value of the figures at the top, with what they were the quarter before."""
    figures = []
    now, before = found.totals, found.before
    if now is not None:
        figures.append(("就餐人次 covers", f"{now.covers:,}"))
        figures.append(("浪费 waste", f"{now.waste_kg:,.0f} kg"))
        if now.grams_per_cover is not None:
            change = ""
            if before is not None and before.grams_per_cover:
                change = f" ({100 * (now.grams_per_cover / before.grams_per_cover - 1):+.1f} % 环比)"
            figures.append(("人均浪费 per cover", f"{now.grams_per_cover:g} g{change}"))
        if now.completeness is not None:
            figures.append(("称重完整率 weighed", f"{100 * now.completeness:.1f} %"))
        figures.append(("碳排放 CO₂e", f"{now.co2e_kg:,.0f} kg"))
    cases, sampling = found.cases, found.sampling
    figures.append(("问题 cases", f"新增 {cases['opened']} 办结 {cases['closed']} 逾期 {cases['overdue']}"))
    figures.append(("抽查 inspected", f"{sampling['inspected']} / {sampling['canteens']}"))
    return figures


WIDTH, ROW, LEFT, RIGHT = 760, 30, 240, 175


def _group_html(group: Group) -> str:
    """The ranking of a group: bars from 0 to 100 with their intervals, and the grades' lines."""
    scale = (WIDTH - LEFT - RIGHT) / 100
    height = ROW * len(group.lines) + 24
    parts = [
        f'<line x1="{LEFT + scale * begins:.1f}" x2="{LEFT + scale * begins:.1f}" y1="0" y2="{height - 20}" class="g"/>'
        f'<text x="{LEFT + scale * begins:.1f}" y="{height - 6}" class="g">{begins:g}</text>'
        for _, begins in group.grades
        if begins
    ]
    for row, line in enumerate(group.lines):
        y, score = row * ROW + 4, line.score or 0.0
        low, high = line.low or 0.0, line.high or 0.0
        grade = "一票否决" if line.vetoed else line.grade_zh + (" 待核" if line.to_verify else "")
        before = "" if line.before is None or line.score is None else f" {line.score - line.before:+.1f}"
        parts.append(
            f'<text x="{LEFT - 8}" y="{y + 15}" class="n"><title>{html.escape(line.name_en)}</title>'
            f"{line.rank or '—'}. {html.escape(line.name_zh)}</text>"
            f'<rect x="{LEFT}" y="{y}" width="{scale * score:.1f}" height="20" class="{"v" if line.vetoed else "b"}"/>'
            f'<path d="M{LEFT + scale * low:.1f} {y + 10}H{LEFT + scale * high:.1f}" class="i"/>'
            f'<text x="{WIDTH - RIGHT + 8}" y="{y + 15}">{score:g}{before} {html.escape(grade)}</text>'
        )
    grades = " ".join(f"{html.escape(name)} ≥ {begins:g}" for name, begins in group.grades if begins)
    return (
        f"<figure><figcaption>{html.escape(group.scheme_zh)} · {html.escape(group.serving)} <small>{grades}</small>"
        "</figcaption>"
        f'<svg viewBox="0 0 {WIDTH} {height}" role="img">{"".join(parts)}</svg></figure>'
    )


def _overdue_html(overdue: list[Overdue]) -> str:
    if not overdue:
        return ""
    rows = "".join(
        f"<tr><td>{html.escape(o.name_zh)}<td>{html.escape(o.what)}<td>{o.due_on}<td>{o.level}" for o in overdue
    )
    return (
        "<h2>逾期未整改 Overdue</h2><table><tr><th>食堂 canteen<th>问题 finding<th>期限 due<th>升级 level"
        f"{rows}</table>"
    )
