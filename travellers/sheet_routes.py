"""HTTP: an official pays with his phone, by the code that hangs in a canteen."""

from typing import Annotated, Any

from litestar import Controller, Request, get, post
from litestar.params import Parameter

from foundation.messages import as_parameter, form
from foundation.request_log import found_good
from terminals.routes.opening import OPENING_BYTES_MAX
from terminals.signatures import CERTIFICATE_FIELD
from travellers.callers import ByOfficial, check_again, is_official, signed_by_phone
from travellers.results import WAIT_MAX_S, ResultsOfCodes
from travellers.schemas import Results, SheetAnswer, SheetForMe, SheetMessage
from travellers.sheet_payments import SheetPayments

_CODE = "[A-Za-z0-9_-]{1,200}"
SheetCode = Annotated[str, form("sheet_code", _CODE), as_parameter(_CODE)]


class SheetController(Controller):
    """What a canteen's sheet sells, and paying by it."""

    tags = ["me"]  # noqa: RUF012

    @get("/me/sheets/{code:str}", guards=[is_official], summary="Ask what a canteen's sheet sells")
    async def ask(self, request: ByOfficial, code: SheetCode, sheet_payments: SheetPayments) -> SheetForMe:
        """The canteen, the meal that is sold now, its price for me, whether I may eat it, whether a place is asked."""
        return await sheet_payments.ask(request.user, code)

    @post(
        "/phone/payments", status_code=200, request_max_body_size=OPENING_BYTES_MAX, summary="Pay by a canteen's sheet"
    )
    async def pay(
        self, request: Request[Any, Any, Any], data: SheetMessage, sheet_payments: SheetPayments
    ) -> SheetAnswer:
        """Pay what the phone has shown and its holder confirmed; signed with the phone's key.

        A repeat under the same number gets the same answer and posts nothing more, whatever became of the phone since.
        """
        holder, _ = await signed_by_phone(request)
        answer = await sheet_payments.pay(holder, data)
        found_good(request.scope, request.headers[CERTIFICATE_FIELD])
        return answer

    @get("/me/results", guards=[is_official], summary="Wait for what becomes of a code")
    async def results(
        self,
        request: ByOfficial,
        results_of_codes: ResultsOfCodes,
        after: Annotated[str, Parameter(max_length=30, description="Seconds since 1970, or `mark` of an answer.")],
        wait: Annotated[int, Parameter(ge=0, le=WAIT_MAX_S, description="Seconds to wait for one.")] = 0,
    ) -> Results:
        """My payments, and what was given back, after a mark, whichever till made them: as soon as there are some.

        To the phone whose code a till refused it says that, too, for a minute.

        Without any the answer comes after `wait` seconds. 503 where too many wait: ask again without waiting.
        """
        return await results_of_codes.after(request.user, after, wait, lambda: check_again(request))
