"""Which payment gateway this centre has."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx

from onecard.settings import Settings
from onecard.simulated_gateway import APP, MERCHANT, PATH
from settlement.gateway import PaymentGateway
from settlement.wechat_pay import WechatPay, load_merchant


@asynccontextmanager
async def open_gateway(settings: Settings) -> AsyncIterator[PaymentGateway | None]:
    """The gateway of the settings, for as long as it is needed; none if there is none."""
    if settings.gateway not in ("simulated", "wechat_pay"):
        yield None
        return
    simulated = settings.gateway == "simulated"
    numbers = (MERCHANT, APP) if simulated else (settings.gateway_merchant, settings.gateway_app)
    merchant = load_merchant(settings.gateway_keys_folder, *numbers)
    base_url = settings.own_url + PATH if simulated else settings.gateway_url
    async with httpx.AsyncClient(trust_env=not simulated) as http:
        yield WechatPay(merchant, base_url, f"{settings.own_url}/gateway/notifications", http)
