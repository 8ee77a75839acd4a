"""The first page: the open business day as it happens, or a past day.

Without ``?day=`` it shows the open day once that has payments, until then the last day that had some.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from litestar import Request, Response, get
from litestar.datastructures import State
from litestar.enums import MediaType

from clearing.closing import open_dates
from clearing.taken_days import days_beside, taken_on
from foundation import catalogue
from foundation.calendar import long_date
from foundation.catalogue import Language
from foundation.pages import language_of_page, page_file, page_response, render
from foundation.postgres import LOST_CONNECTION, Pool, as_struct
from onecard import live_totals
from onecard.live_totals import CanteenTotals
from settlement.ledger import has_open_payments

TEMPLATE = page_file("live/index.html")


@dataclass(frozen=True, slots=True)
class ShownDay:
    """A day with the days beside it; ``totals`` None: the open day, which comes as events."""

    day: date
    totals: list[CanteenTotals] | None = None
    before: date | None = None
    after: date | None = None


@get("/", media_type=MediaType.HTML, include_in_schema=False, name="live page")
async def live_page(request: Request[Any, Any, State], state: State, day: date | None = None) -> Response[str]:
    """The payments of a day by canteen."""
    language = language_of_page(request)
    today = state.calendar.business_date_at(datetime.now(UTC))
    try:
        shown = await _shown(state.ledger, day, today)
    except (*LOST_CONNECTION, TimeoutError):
        # Without the database the page waits for the events, as every page that is open does.
        shown = ShownDay(today)
    with_amounts = state.settings.shows_live_amounts
    return page_response(_page(shown, language, today, chosen=day is not None, with_amounts=with_amounts), language)


async def _shown(ledger: Pool, chosen: date | None, today: date) -> ShownDay:
    open_day = max((await open_dates(ledger)).values(), default=today)
    if chosen is None:
        last, _ = await days_beside(ledger, open_day)
        chosen = open_day if last is None or await has_open_payments(ledger) else last
    before, after = await days_beside(ledger, chosen)
    if chosen == open_day:
        return ShownDay(chosen, before=before)
    totals = [as_struct(row, CanteenTotals) for row in await taken_on(ledger, chosen)]
    after = after or (open_day if chosen < open_day else None)
    return ShownDay(chosen, totals, before, after)


def _page(shown: ShownDay, language: Language, today: date, *, chosen: bool, with_amounts: bool) -> str:
    """``chosen``: the reader asked for this day; else the page looks for a newer one from time to time."""

    def link(day: date | None, words: str) -> dict[str, str]:
        name = catalogue.text(f"live.{words}", language, day=long_date(day, language)) if day else ""
        return {f"{words}_link": f"?day={day}&lang={language.value}" if day else "", f"{words}_name": name}

    totals = shown.totals
    title = "live.title" if shown.day == today else "live.title_of_day"
    return render(
        TEMPLATE,
        language,
        title=catalogue.text(title, language, today=long_date(shown.day, language)),
        day=shown.day.isoformat(),
        totals="" if totals is None else live_totals.shown(totals, with_amounts=with_amounts).decode(),
        look_again="" if chosen or shown.totals is None else "yes",
        parameter=language.value,
        query=f"day={shown.day}&" if chosen else "",
        **link(shown.before, "before"),
        **link(shown.after, "after"),
    )
