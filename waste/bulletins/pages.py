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
    """The ranking of a group: names and scores as text, which wraps on a narrow screen, and a bar below each."""
    lines = "".join(_line(line, group.begins) for line in group.lines)
    return (
        f"<figure><figcaption>{html.escape(group.title)} <small>{html.escape(group.grades)}</small></figcaption>"
        f"<ol>{lines}</ol>{_axis(group.begins)}</figure>"
    )


def _line(line: ShownLine, begins: list[float]) -> str:
    """A bar from 0 to 100 with its interval and the lines of the grades; coordinates are percent of any width."""
    score, low, high = line.score or 0.0, line.low or 0.0, line.high or 0.0
    grades = "".join(f'<line x1="{x:g}%" x2="{x:g}%" y1="0" y2="100%" class="g"/>' for x in begins)
    return (
        f"<li><span>{f'{line.rank}.' if line.rank else '—'} {html.escape(line.name)}</span>"
        f' <span class="said">{html.escape(line.said)}</span>'
        f'<svg aria-hidden="true">{grades}'
        f'<rect width="{score:.1f}%" height="100%" class="{"v" if line.vetoed else "b"}"/>'
        f'<line x1="{low:.1f}%" x2="{high:.1f}%" y1="50%" y2="50%" class="i"/></svg></li>'
    )


def _axis(begins: list[float]) -> str:
    """Where the grades begin, below the bars."""
    texts = "".join(f'<text x="{x:g}%" y="13" class="g">{x:g}</text>' for x in begins)
    return f'<svg aria-hidden="true">{texts}</svg>'


def _overdue(labels: dict[str, str], cases: list[list[str]]) -> str:
    if not cases:
        return ""
    heads = "".join(f"<th>{html.escape(labels[name])}" for name in ("canteen", "finding", "due", "level"))
    rows = "".join("<tr>" + "".join(f"<td>{html.escape(cell)}" for cell in case) for case in cases)
    return f"<h2>{html.escape(labels['overdue'])}</h2><table><tr>{heads}{rows}</table>"
