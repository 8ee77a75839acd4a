"""Which payment gateway this centre has."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx

from onecard.settings import Settings
from settlement.gateway import PaymentGateway
from settlement.wechat_pay import WechatPay, load_merchant


@asynccontextmanager
async def open_gateway(settings: Settings) -> AsyncIterator[PaymentGateway | None]:
    """The gateway of the settings, for as long as it is needed; none if there is none."""
    if settings.gateway not in ("simulated", "wechat_pay"):
        yield None
        return
    merchant = load_merchant(settings.gateway_keys_folder, settings.gateway_merchant, settings.gateway_app)
    # The simulated gateway is ourselves: no proxy stands between.
    async with httpx.AsyncClient(trust_env=settings.gateway != "simulated") as http:
        yield WechatPay(merchant, settings.gateway_url, f"{settings.own_url}/gateway/notifications", http)
