"""Bulletins as web pages: one with its charts, and the list of those published."""

import html
from pathlib import Path
from string import Template

import web
from foundation.catalogue import Language
from waste.bulletins.models import Bulletin
from waste.bulletins.presentation import ShownGroup, ShownLine, label, present, published_on, title_of

FOLDER = Path(web.__file__).parent / "bulletin"
PAGE = Template((FOLDER / "page.html").read_text(encoding="utf-8"))
LIST_PAGE = Template((FOLDER / "list.html").read_text(encoding="utf-8"))
OTHER = {Language.CHINESE: Language.ENGLISH, Language.ENGLISH: Language.CHINESE}

WIDTH, ROW, RIGHT = 760, 46, 235
SCALE = (WIDTH - RIGHT) / 100
"""Pixels of a point of the score."""


def page(bulletin: Bulletin, language: Language) -> str:
    """A bulletin as a page with charts."""
    shown = present(bulletin, language)
    return PAGE.substitute(
        _languages(language),
        **{f"label_{name}": html.escape(said) for name, said in shown.labels.items()},
        title=html.escape(shown.title),
        number=shown.number,
        published=html.escape(shown.published),
        figures="".join(f"<div><strong>{html.escape(v)}</strong>{html.escape(n)}</div>" for n, v in shown.figures),
        sections="".join(_section(heading, lines) for heading, lines in shown.sections),
        groups="".join(_group(group) for group in shown.groups),
        overdue=_overdue(shown.labels, shown.overdue),
    )


def list_page(published: list[Bulletin], language: Language) -> str:
    """The published bulletins as a page."""
    lines = [
        f'<li><a href="/bulletins/{bulletin.bulletin_id}?lang={language}">'
        f"{html.escape(title_of(bulletin, language))}</a>"
        f" <small>{html.escape(published_on(bulletin, language))}</small>"
        for bulletin in published
    ]
    names = ("list_title", "product", "other_language")
    return LIST_PAGE.substitute(
        _languages(language),
        **{f"label_{name}": html.escape(label(name, language)) for name in names},
        bulletins="\n".join(lines) or f'<li class="none">{html.escape(label("none_published", language))}',
    )


def _languages(language: Language) -> dict[str, str]:
    other = OTHER[language]
    return {"language": language.value, "tag": language.tag, "other": other.value, "other_tag": other.tag}


def _section(heading: str, lines: list[str]) -> str:
    return f"<h2>{html.escape(heading)}</h2>" + "".join(f"<p>{html.escape(line)}</p>" for line in lines)


def _group(group: ShownGroup) -> str:
    """The ranking of a group: bars from 0 to 100 with their intervals, and the grades' lines."""
    height = ROW * len(group.lines) + 24
    drawn = [_grade_svg(begins, height) for begins in group.begins]
    drawn += [_line_svg(line, row * ROW + 4) for row, line in enumerate(group.lines)]
    return (
        f"<figure><figcaption>{html.escape(group.title)} <small>{html.escape(group.grades)}</small></figcaption>"
        f'<svg viewBox="0 0 {WIDTH} {height}" role="img">{"".join(drawn)}</svg></figure>'
    )


def _grade_svg(begins: float, height: int) -> str:
    x = f"{SCALE * begins:.1f}"
    return (
        f'<line x1="{x}" x2="{x}" y1="0" y2="{height - 20}" class="g"/>'
        f'<text x="{x}" y="{height - 6}" class="g">{begins:g}</text>'
    )


def _line_svg(line: ShownLine, y: int) -> str:
    score, low, high = line.score or 0.0, line.low or 0.0, line.high or 0.0
    return (
        f'<text x="0" y="{y + 12}">{f"{line.rank}." if line.rank else "—"} {html.escape(line.name)}</text>'
        f'<rect x="0" y="{y + 18}" width="{SCALE * score:.1f}" height="18" class="{"v" if line.vetoed else "b"}"/>'
        f'<path d="M{SCALE * low:.1f} {y + 27}H{SCALE * high:.1f}" class="i"/>'
        f'<text x="{WIDTH - RIGHT + 8}" y="{y + 32}">{html.escape(line.said)}</text>'
    )


def _overdue(labels: dict[str, str], cases: list[list[str]]) -> str:
    if not cases:
        return ""
    heads = "".join(f"<th>{html.escape(labels[name])}" for name in ("canteen", "finding", "due", "level"))
    rows = "".join("<tr>" + "".join(f"<td>{html.escape(cell)}" for cell in case) for case in cases)
    return f"<h2>{html.escape(labels['overdue'])}</h2><table><tr>{heads}{rows}</table>"
