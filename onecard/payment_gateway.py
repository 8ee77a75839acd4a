"""The payment gateway of the settings."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx

from onecard.settings import Settings
from settlement.gateway import PaymentGateway
from settlement.wechat_pay import WechatPay, load_merchant


@asynccontextmanager
async def open_gateway(settings: Settings) -> AsyncIterator[PaymentGateway | None]:
    """Open the gateway; None when the centre has none."""
    if settings.gateway not in ("simulated", "wechat_pay"):
        yield None
        return
    merchant = load_merchant(settings.gateway_keys_folder, settings.gateway_merchant, settings.gateway_app)
    # The simulated gateway runs in this application: never through a proxy.
    async with httpx.AsyncClient(trust_env=settings.gateway != "simulated") as http:
        yield WechatPay(merchant, settings.gateway_url, f"{settings.own_url}/gateway/notifications", http)
