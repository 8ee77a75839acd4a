"""Bulletins as web pages: one with its charts, and the list of those published."""

import html
from collections.abc import Sequence
from datetime import date
from operator import attrgetter
from string import Template

from foundation.catalogue import Language
from foundation.pages import OTHER, page_file
from waste.bulletins.bulletins import Annex, Issue
from waste.bulletins.models import Bulletin
from waste.bulletins.presentation import (
    Presentation,
    ShownAnnex,
    ShownGroup,
    ShownLine,
    label,
    number_of,
    present,
    published_on,
    replaced_said,
    title_of,
)

PAGE = Template(page_file("bulletin/page.html"))
LIST_PAGE = Template(page_file("bulletin/list.html"))


def page(issue: Issue, language: Language) -> str:
    """A bulletin as a page with charts."""
    shown = present(issue, language)
    return PAGE.substitute(
        _languages(language),
        **{f"label_{name}": html.escape(said) for name, said in shown.labels.items()},
        title=html.escape(shown.title),
        number=shown.number,
        # A document that has a number of its own needs no other.
        reference="" if shown.document_number else html.escape(f"{shown.labels['number']}{shown.number}"),
        published=html.escape(shown.published),
        figures="".join(f"<div><strong>{html.escape(v)}</strong>{html.escape(n)}</div>" for n, v in shown.figures),
        issuers="".join(f"<p>{html.escape(name)}</p>" for name in shown.issuers),
        document_number=html.escape(shown.document_number),
        addressees=f'<p class="to">{html.escape(shown.addressees)}</p>' if shown.addressees else "",
        notices="".join(_notice(said, number, language) for said, number in shown.notices),
        original=f'<p><a href="?lang=zh-Hans" hreflang="zh-Hans-CN">{html.escape(shown.original)}</a></p>'
        if shown.original
        else "",
        basis="".join(f"<p>{html.escape(line)}</p>" for line in shown.basis),
        sections="".join(_section(heading, lines) for heading, lines in shown.sections),
        signature=_signature(shown),
        annexes="".join(_annex(annex, shown) for annex in shown.annexes),
    )


def list_page(published: list[Bulletin], language: Language) -> str:
    """The published bulletins as a page."""
    latest: dict[date, Bulletin] = {}
    for bulletin in sorted(published, key=attrgetter("published_at")):
        latest[bulletin.quarter] = bulletin
    lines = [
        f'<li><a href="/bulletins/{bulletin.bulletin_id}?lang={language}">'
        f"{html.escape(title_of(bulletin, language))}</a>"
        f" <small>{html.escape(number_of(bulletin, language))} {html.escape(published_on(bulletin, language))}"
        f"{_replaced(bulletin, latest[bulletin.quarter], language)}</small>"
        for bulletin in published
    ]
    names = ("list_title", "product")
    return LIST_PAGE.substitute(
        _languages(language),
        **{f"label_{name}": html.escape(label(name, language)) for name in names},
        bulletins="\n".join(lines) or f'<li class="none">{html.escape(label("none_published", language))}',
    )


def _languages(language: Language) -> dict[str, str]:
    other_tag, other_name = OTHER[language]
    return {"language": language.value, "tag": language.tag, "other_tag": other_tag, "other_name": other_name}


def _notice(said: str, number: int | None, language: Language) -> str:
    """A sentence about the bulletin, with a link to the other one of which it speaks."""
    text = html.escape(said)
    linked = text if number is None else f'<a href="/bulletins/{number}?lang={language}">{text}</a>'
    return f'<p class="notice danger">{linked}</p>'


def _replaced(bulletin: Bulletin, latest: Bulletin, language: Language) -> str:
    if bulletin is latest:
        return ""
    return f" · {html.escape(replaced_said(latest, language))}"


def _section(heading: str, lines: list[str]) -> str:
    return f"<h2>{html.escape(heading)}</h2>" + "".join(f"<p>{html.escape(line)}</p>" for line in lines)


def _signature(shown: Presentation) -> str:
    lines = [*shown.issuers, shown.signed_on] if shown.issuers else []
    return "".join(f'<p class="signature">{html.escape(line)}</p>' for line in lines if line)


def _annex(annex: ShownAnnex, shown: Presentation) -> str:
    labels = shown.labels
    head = f"<h2>{html.escape(annex.label)}{html.escape(labels['colon'])}{html.escape(annex.title)}</h2>"
    match annex.kind:
        case Annex.RANKING:
            legend = f"<small>{html.escape(shown.legend)}</small>"
            return head + legend + "".join(_group(group) for group in shown.groups)
        case Annex.OVERDUE:
            return head + _table(labels, ("canteen", "finding", "due", "level"), shown.overdue)
        case Annex.METHOD:
            heads = ("indicator", "points", "full_points_at", "no_points_at", "formula")
            said = "".join(f"<p>{html.escape(line)}</p>" for line in shown.method)
            return (
                head
                + said
                + "".join(
                    f"<h3>{html.escape(scheme.title)}</h3>{_table(labels, heads, scheme.indicators)}"
                    for scheme in shown.schemes
                )
            )


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
        f"<li><span>{html.escape(line.rank_said)} {html.escape(line.name)}"
        f"{f' <small>{html.escape(line.note)}</small>' if line.note else ''}</span>"
        f' <span class="said">{html.escape(line.said)}</span>'
        f'<svg aria-hidden="true">{grades}'
        f'<rect width="{score:.1f}%" height="100%" class="{"v" if line.vetoed else "b"}"/>'
        f'<line x1="{low:.1f}%" x2="{high:.1f}%" y1="50%" y2="50%" class="i"/></svg></li>'
    )


def _axis(begins: list[float]) -> str:
    """Where the grades begin, below the bars."""
    texts = "".join(f'<text x="{x:g}%" y="13" class="g">{x:g}</text>' for x in begins)
    return f'<svg aria-hidden="true">{texts}</svg>'


def _table(labels: dict[str, str], columns: Sequence[str], lines: list[list[str]]) -> str:
    """A table; on a narrow screen each row is a list whose cells say their columns."""
    names = [html.escape(labels[name]) for name in columns]
    rows = "".join(
        "<tr>" + "".join(f'<td data-column="{n}">{html.escape(cell)}' for n, cell in zip(names, line, strict=True))
        for line in lines
    )
    return f'<table class="rows"><tr>{"".join(f"<th>{name}" for name in names)}{rows}</table>'
