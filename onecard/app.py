"""The composition root: the packages' routes and the settings become one application."""

import gc
from importlib.metadata import version
from typing import Any

from litestar import Litestar, Router
from litestar.datastructures import State
from litestar.di import Provide
from litestar.openapi import OpenAPIConfig
from litestar.openapi.spec import Contact, License, Tag
from litestar.routes import HTTPRoute
from litestar.types import ControllerRouterHandler
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from clearing.dispute_routes import DisputeController
from clearing.ending_routes import end_agency_of_network
from clearing.reception_routes import ReceptionController
from clearing.routes import ClearingController, public_day
from dining.routes import BookingController, MenuController, PublicMenuController
from foundation.api_description import DeviceMessageSchemas
from foundation.aside import Aside
from foundation.calendar import Calendar
from foundation.keys import KeyRing
from foundation.logs import configure_logs
from foundation.pages import page_language
from foundation.postgres import Pool
from foundation.problem_responses import DEVICE_PATHS, HANDLERS
from foundation.rates import RateOfEach
from foundation.request_log import RequestLog
from foundation.strict_json import StrictRequest
from onecard.api_contract import ContractJson, ContractYaml, operation_id
from onecard.api_viewer import API_ROUTES
from onecard.console_acts import describe_acts
from onecard.console_home import about, count_tasks, describe_lists
from onecard.console_search import search
from onecard.counter_display import display_events, open_display
from onecard.device_problems import DeviceProblems
from onecard.listings import LISTS
from onecard.live_page import live_page
from onecard.network_page import network_page
from onecard.pages import PAGES, STATIC_FILES, approvals_page, page
from onecard.query_parameters import refuse_unknown_parameters
from onecard.resources import resources
from onecard.settings import Settings
from onecard.sheet_address import open_sheet
from onecard.system_routes import health, live, live_stream, prometheus
from onecard.web_apps import APPS, WebApp, app_routes
from registry.approval_routes import ApprovalController
from registry.approvals import Approvals
from registry.audit_routes import check_chain
from registry.cashier_routes import CashierController, require_cashiers
from registry.console_routes import PasskeyController, SecondFactorController, SessionController
from registry.lists.routes import routes_of
from registry.machine_routes import MachineController, give_token
from registry.models import Database
from registry.routes import RegistryController
from registry.sessions import SessionRules
from registry.sign_on.providers import Providers
from registry.sign_on.routes import IdentityController, SignOnController
from registry.user_routes import UserController, accept_invitation, list_roles
from settlement.charging import Charger
from settlement.limits import AloneLimits
from settlement.routes.deposits import DepositController
from settlement.routes.gateway import GatewayController
from settlement.routes.network import STEP_ROUTES, NetworkController
from settlement.routes.regions import RegionController
from settlement.routes.rules import RuleController
from settlement.routes.supervision import SupervisionController
from terminals.blocking import BlockListVersion
from terminals.charge_connection import Arrivals
from terminals.charges import ChargeProcessor
from terminals.connection_limits import ConnectionLimits
from terminals.messages import SignedMessages
from terminals.routes.console import CredentialConsoleController
from terminals.routes.opening import OpeningController
from terminals.routes.payments import ChargeController, PaymentController
from terminals.routes.people import PeopleController, end_identity
from terminals.routes.receipts import ReceiptController
from terminals.routes.rosters import RosterController
from terminals.routes.sheets import (
    DisplayController,
    SheetConsoleController,
    SheetDocumentController,
    SheetVoidController,
)
from terminals.sessions import SessionStore
from terminals.verification import InTime, is_in_time
from travellers import booking_routes
from travellers.places import Places
from travellers.results import ResultsOfCodes
from travellers.routes import AccountController, ConsentController, EatingController
from travellers.sheet_payments import SheetPayments
from travellers.sheet_routes import SheetController
from travellers.sign_on_routes import OfficialSignOnController, end_session, log_out, my_sessions, who_am_i
from waste.bulletins.routes import BulletinController, BulletinWriterController
from waste.charts.charts import Charts
from waste.charts.routes import ChartController
from waste.evaluation.routes import EvaluationController
from waste.flags.routes import FlagController
from waste.forecast.routes import ForecastController
from waste.materials.routes import MaterialController
from waste.measures.routes import MeasuresController
from waste.supervision.integrity_routes import IntegrityController
from waste.supervision.routes import CaseController
from waste.weighing.routes import WeighingController
from waste.weighing.scale_routes import ScaleController

ROUTES: tuple[ControllerRouterHandler, ...] = (
    # registry
    SessionController,
    SecondFactorController,
    PasskeyController,
    SignOnController,
    IdentityController,
    MachineController,
    give_token,
    UserController,
    accept_invitation,
    list_roles,
    CashierController,
    require_cashiers,
    RegistryController,
    RosterController,
    PeopleController,
    end_identity,
    ApprovalController,
    check_chain,
    # settlement
    DepositController,
    GatewayController,
    RegionController,
    NetworkController,
    *STEP_ROUTES,
    RuleController,
    SupervisionController,
    # dining
    MenuController,
    BookingController,
    PublicMenuController,
    # terminals
    OpeningController,
    ChargeController,
    PaymentController,
    CredentialConsoleController,
    ReceiptController,
    SheetConsoleController,
    SheetDocumentController,
    SheetVoidController,
    DisplayController,
    # clearing
    ClearingController,
    end_agency_of_network,
    DisputeController,
    ReceptionController,
    public_day,
    # waste
    WeighingController,
    MaterialController,
    MeasuresController,
    FlagController,
    ForecastController,
    EvaluationController,
    CaseController,
    IntegrityController,
    ChartController,
    BulletinWriterController,
    BulletinController,
    Router("/", route_handlers=[ScaleController], middleware=[SignedMessages]),
    # travellers
    OfficialSignOnController,
    AccountController,
    EatingController,
    ConsentController,
    SheetController,
    who_am_i,
    end_session,
    log_out,
    my_sessions,
    booking_routes.BookingController,
    # lists, after the controllers that share their paths
    *(route for path, listing in LISTS.items() for route in routes_of(listing, path)),
    about,
    describe_acts,
    describe_lists,
    count_tasks,
    search,
    # the system itself
    live_page,
    network_page,
    live_stream,
    open_display,
    display_events,
    open_sheet,
    health,
    live,
    prometheus,
)

TAGS = {
    "terminal": "Terminals and phones: docs/terminal-protocol.md",
    "console": "People at the console",
    "registry": "Regions, agencies, canteens, officials",
    "deposits": "Top-ups, grants, refunds",
    "settlement": "Payments, purses, tariffs, shifts",
    "supervision": "Cases that payments raise",
    "rules": "Prices and rules by date",
    "dining": "Menus, and bookings of meals",
    "receipts": "Receipts, by receipt number",
    "clearing": "End of day, netting, statements, disputes",
    "waste": "Weighing, measures, evaluation, bulletins",
    "me": "Officials, for themselves: docs/traveller.md",
    "system": "Health and metrics",
}

PROVIDED = {
    "database": "database",
    "ledger": "ledger",
    "keys": "key_ring",
    "passwords": "passwords",
    "documents": "documents",
    "charger": "charger",
    "charge_processor": "charge_processor",
    "terminal_sessions": "terminal_sessions",
    "block_list": "block_list",
    "charts": "charts",
    "statement_folder": "statement_folder",
    "calendar": "calendar",
    "clearing_fee_fen": "clearing_fee_fen",
    "approvals": "approvals",
    "alone_limits": "alone_limits",
    "account_cooling_h": "account_cooling_h",
    "bulletin_font": "bulletin_font",
    "session_rules": "session_rules",
    "sign_on": "sign_on",
    "places": "places",
    "sheet_payments": "sheet_payments",
    "results_of_codes": "results_of_codes",
}
"""Parameter of a handler -> attribute of the application's state."""

SIGNATURE_TYPES = [
    AloneLimits,
    Approvals,
    Aside,
    Calendar,
    ChargeProcessor,
    Charger,
    Charts,
    KeyRing,
    Places,
    Pool,
    Database,
    Providers,
    SessionRules,
    SessionStore,
    ResultsOfCodes,
    SheetPayments,
    BlockListVersion,
]
"""Types that annotations of handlers name."""


def create_server(*more: Router, in_time: InTime = is_in_time) -> RequestLog:
    """The application inside its request log, for the server's workers. ``more``: further routes."""
    settings = Settings()
    app = create_app(settings, *more, in_time=in_time)
    # What exists now lives as long as the worker: keep it out of every collection.
    gc.freeze()
    return RequestLog(
        app,
        log_requests=settings.log_requests,
        trusted_proxies=settings.trusted_proxies,
        hsts_max_age_s=settings.hsts_max_age_s,
    )


def create_app(settings: Settings, *more: Router, in_time: InTime = is_in_time) -> Litestar:
    """Build the application. ``in_time``: which times of purchase it takes."""
    configure_logs(json=settings.log_json)
    pages = [*(page(path, folder) for path, folder in PAGES.items()), approvals_page]
    apps = [handler for name in APPS for handler in app_routes(WebApp(name))]
    app = Litestar(
        route_handlers=[*pages, *apps, STATIC_FILES, *ROUTES, *more],
        state=_state(settings, in_time),
        lifespan=[resources],
        exception_handlers=HANDLERS,
        before_request=refuse_unknown_parameters,
        request_class=StrictRequest,
        request_max_body_size=settings.body_max_bytes,
        signature_types=SIGNATURE_TYPES,
        dependencies={
            **{name: _provide(attribute) for name, attribute in PROVIDED.items()},
            "language": Provide(page_language, sync_to_thread=False),
        },
        openapi_config=_openapi(),
        plugins=[DeviceMessageSchemas(), DeviceProblems()],
        # The framework's would put lines of another form between ours.
        logging_config=None,
    )
    app.state.device_posts = _device_posts(app)
    return app


def _device_posts(app: Litestar) -> frozenset[bytes]:
    """The paths to which devices post, as they are sent: requests there have a budget of their own."""
    routes = (route for route in app.routes if isinstance(route, HTTPRoute) and "POST" in route.methods)
    return frozenset(route.path.encode() for route in routes if route.path.startswith(DEVICE_PATHS))


def _state(settings: Settings, in_time: InTime) -> State:
    """What is known before the worker starts; ``resources`` adds the rest."""
    return State(
        {
            "settings": settings,
            "in_time": in_time,
            "redis": _redis(settings),
            "statement_folder": settings.statement_folder,
            "calendar": settings.calendar,
            "clearing_fee_fen": settings.clearing_fee_fen,
            "alone_limits": settings.alone_limits,
            "account_cooling_h": settings.account_cooling_h,
            "bulletin_font": settings.bulletin_font,
            "session_rules": settings.session_rules,
            "hosts": settings.hosts,
            "connection_limits": ConnectionLimits(
                strangers_max=settings.connections_max,
                each_max=settings.connections_per_address_max,
                requests_a_second=settings.requests_per_address_per_s,
            ),
            "requests_of_officials": RateOfEach(settings.requests_per_official_per_s),
            "arrivals": Arrivals(body_max_bytes=settings.body_max_bytes, body_within_s=settings.body_within_s),
        }
    )


REDIS_WITHIN_S = 0.5
"""A person at the sign-in waits for Redis at most this long."""

REDIS_HEALTH_EVERY_S = 10


def _redis(settings: Settings) -> Redis:
    """A client that never keeps anybody waiting: no repeats, and a short time limit."""
    return Redis.from_url(
        settings.needed_redis_url,
        socket_timeout=REDIS_WITHIN_S,
        socket_connect_timeout=REDIS_WITHIN_S,
        health_check_interval=REDIS_HEALTH_EVERY_S,
        retry=Retry(NoBackoff(), 0),
    )


def _provide(attribute: str) -> Provide:
    def from_state(state: State) -> Any:
        return getattr(state, attribute)

    return Provide(from_state, sync_to_thread=False)


def _openapi() -> OpenAPIConfig:
    return OpenAPIConfig(
        title="onecard",
        version=version("onecard"),
        summary="Cross-agency canteen payment network",
        contact=Contact(name="The clearing centre"),
        license=License(name="Apache-2.0", identifier="Apache-2.0"),
        tags=[Tag(name, description) for name, description in TAGS.items()],
        openapi_router=API_ROUTES,
        render_plugins=[ContractJson(), ContractYaml()],
        use_handler_docstrings=True,
        operation_id_creator=operation_id,
    )
