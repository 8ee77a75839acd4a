"""The application beside a demo city, for the workers of a demo: with the simulated gateway,
and the hours of played days.

The command line names this module to the server; no module of the application imports it. It imports nothing else of
the demo, whose history of kitchens needs numpy: 25 MB in every worker.
"""

from demo.clock import is_in_played_time
from demo.simulated_gateway import (
    APP,
    MERCHANT,
    PATH,
    SimulatedGateway,
    create_missing_gateway_keys,
    create_simulated_gateway,
)
from foundation.request_log import RequestLog
from onecard.app import create_server as create_application
from onecard.settings import Settings
from terminals.verification import is_in_time


def with_simulated_gateway(settings: Settings) -> Settings:
    """Settings that use the simulated gateway; its keys are made when they are missing."""
    create_missing_gateway_keys(settings.gateway_keys_folder)
    return settings.model_copy(
        update={
            "gateway": "simulated",
            "gateway_url": settings.own_url + PATH,
            "gateway_merchant": MERCHANT,
            "gateway_app": APP,
        }
    )


def create_server() -> RequestLog:
    """The application beside a demo city: what the workers of a demo call."""
    settings = Settings()
    in_time = is_in_played_time if settings.demo_hours else is_in_time
    if settings.gateway != "simulated":
        return create_application(in_time=in_time)
    gateway = SimulatedGateway(settings.data_dir, settings.gateway_keys_folder)
    return create_application(create_simulated_gateway(gateway), in_time=in_time)
