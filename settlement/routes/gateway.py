"""HTTP: notifications of the payment gateway."""

import time
from typing import Any

from litestar import Controller, Request, post

from foundation.postgres import Pool
from foundation.problems import Problem
from settlement.errors import NOT_GENUINE
from settlement.gateway import NotTheGateway, gateway_of
from settlement.online_top_ups import credit_paid_order


class GatewayController(Controller):
    """Notifications of the payment gateway."""

    tags = ["deposits"]  # noqa: RUF012

    @post("/gateway/notifications", status_code=200, summary="Receive a notification of the payment gateway")
    async def notification(self, request: Request[Any, Any, Any], ledger: Pool) -> dict[str, str]:
        """Signed and encrypted by the gateway, which repeats it until the answer is 200."""
        gateway = gateway_of(request.app.state)
        fields = {name.lower(): value for name, value in request.headers.items()}
        try:
            paid = gateway.read_notification(fields, await request.body(), time.time())
        except NotTheGateway as error:
            raise Problem(NOT_GENUINE, str(error)) from None
        if paid is not None:
            await credit_paid_order(ledger, gateway, paid)
        return {"code": "SUCCESS"}
