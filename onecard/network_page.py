"""The network for everybody: canteens with today's hours and prices, whether they are open, and yesterday's covers.

One page in one language, made here and readable without a script; a large network is several pages and a search.
"""

import html
from dataclasses import dataclass
from datetime import UTC, date, datetime
from string import Template
from typing import Annotated, Any
from urllib.parse import urlencode

from litestar import Request, Response, get
from litestar.datastructures import State
from litestar.enums import MediaType
from litestar.params import Parameter

from clearing.closing import open_dates
from clearing.taken_days import days_beside, taken_on
from foundation import catalogue
from foundation.calendar import ZONE, long_date
from foundation.catalogue import Language
from foundation.money import yuan
from foundation.pages import OTHER, language_of_page, page_file, page_response
from foundation.postgres import Pool
from foundation.turns import IN_TURN
from travellers.places import Offer, OfferedMeal

TEMPLATE = Template(page_file("network/index.html"))
SHOWN = 25
"""Canteens of one page: as much as a slow phone loads at once."""


@dataclass(frozen=True, slots=True)
class LastDay:
    """The last business day that is summed up, with the meals that each canteen served."""

    day: date | None
    covers: dict[int, int]


@get("/network", media_type=MediaType.HTML, include_in_schema=False, name="network page", dependencies=IN_TURN)
async def network_page(
    request: Request[Any, Any, State],
    state: State,
    name: Annotated[str, Parameter(max_length=100)] = "",
    page: Annotated[int, Parameter(ge=1, le=10_000)] = 1,
) -> Response[str]:
    """The canteens whose name, agency or address has these words, 25 at a time."""
    language, now = language_of_page(request), datetime.now(ZONE)
    found = await state.places.offers(name.strip(), now)
    last = await _last_day(state.ledger, state.calendar.business_date_at(datetime.now(UTC)))
    return page_response(_page(found, last, language, now, name.strip(), page), language)


async def _last_day(ledger: Pool, today: date) -> LastDay:
    before, _ = await days_beside(ledger, max((await open_dates(ledger)).values(), default=today))
    if before is None:
        return LastDay(None, {})
    return LastDay(before, {row["canteen_id"]: row["payments"] for row in await taken_on(ledger, before)})


def _page(found: list[Offer], last: LastDay, language: Language, now: datetime, name: str, page: int) -> str:
    def say(message: str, **params: object) -> str:
        return html.escape(catalogue.text(message, language, **params))

    shown = found[SHOWN * (page - 1) : SHOWN * page]
    wanted = {"name": name} if name else {}
    other_tag, other_name = OTHER[language]
    report = ""
    if last.day is not None:
        link = f"/public/days/{last.day}?lang={language.value}"
        report = f'<a href="{link}">{say("network.report", day=long_date(last.day, language))}</a>'
    return TEMPLATE.substitute(
        tag=language.tag,
        language=language.value,
        other=html.escape(urlencode(wanted | {"page": page, "lang": other_tag})),
        other_tag=other_tag,
        other_name=other_name,
        name=html.escape(name),
        canteens="\n".join(_canteen(one, last, language, now) for one in shown),
        counted=say("network.counted", count=len(found), day=long_date(now.date(), language)),
        pages=_links(len(found), page, wanted | {"lang": language.value}, language),
        report=report,
        title=say("network.title"),
        what=say("network.what"),
        search=say("network.search"),
        find=say("network.find"),
        payments=say("network.payments"),
        bulletins=say("live.bulletins"),
        receipts=say("check.title"),
        proofs=say("proof.title"),
    )


def _links(count: int, page: int, wanted: dict[str, str], language: Language) -> str:
    links = []
    for number, message, rel in ((page - 1, "network.previous", "prev"), (page + 1, "network.next", "next")):
        if 0 < number <= -(-count // SHOWN):
            query = html.escape(urlencode(wanted | {"page": str(number)}))
            links.append(f'<a rel="{rel}" href="?{query}">{html.escape(catalogue.text(message, language))}</a>')
    return "\n".join(links)


def _canteen(offer: Offer, last: LastDay, language: Language, now: datetime) -> str:
    canteen = offer.canteen
    is_chinese = language is Language.CHINESE
    title = canteen.name_zh if is_chinese else canteen.name_en
    agency = canteen.agency_zh if is_chinese else canteen.agency_en
    # Most canteens' names begin with their agency's.
    named = "" if title.startswith(agency) else agency
    where = " · ".join(html.escape(one) for one in (named, canteen.address) if one)
    parts = [f"<h2>{html.escape(title)}</h2>", f'<p class="why">{where}</p>', _state(offer, language, now)]
    if offer.meals:
        parts.append(_meals(offer.meals, language))
    if last.day is not None:
        served = {"covers": f"{last.covers.get(canteen.canteen_id, 0):,}", "day": long_date(last.day, language)}
        parts.append(f'<p class="why">{html.escape(catalogue.text("network.covers", language, **served))}</p>')
    return f"<article>{''.join(parts)}</article>"


def _state(offer: Offer, language: Language, now: datetime) -> str:
    """Whether it is open now, and until when; else when it opens."""
    running = next((one for one in offer.meals if one.starts <= now < one.ends), None)
    if running is not None:
        meal = catalogue.text(f"meal.{running.meal}", language)
        said = catalogue.text("network.open", language, meal=meal, until=f"{running.ends:%H:%M}")
        return f'<p class="net">{html.escape(said)}</p>'
    if offer.opens_at is None:
        said = catalogue.text("network.closed", language)
    elif offer.opens_at.date() == now.date():
        said = catalogue.text("network.opens", language, at=f"{offer.opens_at:%H:%M}")
    else:
        day = long_date(offer.opens_at.date(), language)
        said = catalogue.text("network.opens_later", language, day=day, at=f"{offer.opens_at:%H:%M}")
    return f'<p class="net away">{html.escape(said)}</p>'


def _meals(meals: list[OfferedMeal], language: Language) -> str:
    def head(message: str, kind: str = "") -> str:
        return f'<th scope="col"{kind}>{html.escape(catalogue.text(message, language))}</th>'

    number = ' class="number"'
    columns = (
        head("network.meal"), head("network.hours"), head("network.own", number), head("network.visitor", number),
    )  # fmt: skip
    rows = (
        f'<tr><th scope="row">{html.escape(catalogue.text(f"meal.{one.meal}", language))}</th>'
        f"<td>{one.starts:%H:%M}–{one.ends:%H:%M}</td>{_prices(one, language)}</tr>"
        for one in meals
    )
    table = f"<table><thead><tr>{''.join(columns)}</tr></thead><tbody>{''.join(rows)}</tbody></table>"
    return f'<div class="wide" tabindex="0">{table}</div>'


def _prices(meal: OfferedMeal, language: Language) -> str:
    if meal.limit_fen is not None:
        said = catalogue.text("network.by_weight", language, limit=yuan(meal.limit_fen))
        return f'<td class="number" colspan="2">{html.escape(said)}</td>'
    prices = (meal.home_fen, meal.visitor_fen)
    return "".join(f'<td class="number">{"–" if fen is None else yuan(fen)}</td>' for fen in prices)
