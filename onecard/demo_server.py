"""The application beside a demo city, for the workers of a demo: with the simulated gateway and sign-on,
and the hours of played days.

The command line names this module to the server; no module of the application imports it. It imports nothing else of
the demo, whose history of kitchens needs numpy: 25 MB in every worker. The process that starts the workers prepares
the simulations and never makes the application, which takes a worker 0.6 s and 50 MB to import.
"""

import psycopg

from demo.clock import is_in_played_time
from demo.simulated_gateway import (
    APP,
    MERCHANT,
    PATH,
    SimulatedGateway,
    create_missing_gateway_keys,
    create_simulated_gateway,
)
from demo.simulated_sign_on import SimulatedSignOn, create_simulated_sign_on, providers_file
from foundation.request_log import RequestLog
from onecard.settings import Settings
from terminals.verification import is_in_time

SIMULATED_PROVIDERS = "simulated-sign-on.toml"
"""The file, in the data folder, that describes the simulated providers."""


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


def with_simulated_sign_on(settings: Settings) -> Settings:
    """Settings that use the simulated providers of single sign-on, which are described in a file for this start."""
    with psycopg.connect(settings.needed_database_url, connect_timeout=5) as db:
        agencies = [int(agency_id) for (agency_id,) in db.execute("SELECT agency_id FROM agency ORDER BY agency_id")]
    file = settings.data_dir / SIMULATED_PROVIDERS
    file.write_text(providers_file(settings.own_url, agencies), encoding="utf-8")
    return settings.model_copy(update={"sign_on_providers": file})


def create_server() -> RequestLog:
    """The application beside a demo city: what the workers of a demo call."""
    from onecard.app import create_server as create_application

    settings = Settings()
    in_time = is_in_played_time if settings.demo_hours else is_in_time
    simulations = []
    if settings.gateway == "simulated":
        gateway = SimulatedGateway(settings.data_dir, settings.gateway_keys_folder)
        simulations.append(create_simulated_gateway(gateway))
    if settings.sign_on_providers is not None and settings.sign_on_providers.name == SIMULATED_PROVIDERS:
        simulations.append(create_simulated_sign_on(SimulatedSignOn(settings.data_dir, settings.own_url)))
    return create_application(*simulations, in_time=in_time)
