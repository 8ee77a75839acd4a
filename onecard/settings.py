"""All settings and limits of the system, from the environment (``ONECARD_...``) or secret files."""

from datetime import time, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import Field, FilePath, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from foundation.addresses import TrustedProxies
from foundation.calendar import Calendar
from registry.roles import Role

if TYPE_CHECKING:
    # Every command reads the settings; few need what comes with these, a web framework and its database.
    from registry.sessions import SessionRules
    from settlement.limits import AloneLimits

SECRETS = Path("/run/secrets")


def _roles(given: str) -> frozenset[Role]:
    """The roles in a list with commas; raises ValueError for another word."""
    return frozenset(Role(word.strip()) for word in given.split(",") if word.strip())


class Settings(BaseSettings):
    """Read once at start. A secret may come as a file of the setting's name in ``/run/secrets``."""

    model_config = SettingsConfigDict(
        env_prefix="ONECARD_", secrets_dir=SECRETS if SECRETS.is_dir() else None, extra="ignore"
    )

    data_dir: Path = Field(Path(".data"), description="Where the embedded servers, keys and statements live.")
    host: str = Field("127.0.0.1", description="Address to serve on.")
    port: int = Field(8000, ge=1, le=65535, description="Port to serve on.")
    workers: int = Field(2, ge=1, le=64, description="API worker processes.")
    database_url: str | None = Field(
        None, pattern=r"^postgresql://", description="External PostgreSQL 15-18; none: the embedded one."
    )
    database_owner_url: str | None = Field(
        None,
        pattern=r"^postgresql://",
        description="The database for the role that owns the tables and migrates them; none: DATABASE_URL.",
    )
    redis_url: str | None = Field(
        None, pattern=r"^(rediss?|unix)://", description="External Redis or Valkey; none: the embedded one."
    )
    keys_dir: Path | None = Field(None, description="Folder of the key files; none: DATA_DIR/keys.")
    statement_dir: Path | None = Field(None, description="Folder of the statements; none: DATA_DIR/statements.")
    metrics_dir: Path | None = Field(None, description="Scratch folder of the metrics; none: DATA_DIR/metrics.")
    public_url: str | None = Field(
        None,
        pattern=r"^https?://[^\s/]\S*$",
        description="URL of this centre for phones and the gateway; none: http://HOST:PORT.",
    )
    other_hosts: str = Field(
        "",
        description="Beside the host of PUBLIC_URL, those by which tills and phones reach this centre, in lower case "
        "and with a port that is no default, separated by commas; messages that are signed for another are refused.",
    )
    hsts_max_age_s: int = Field(
        0,
        ge=0,
        description="Seconds for which browsers insist on HTTPS (Strict-Transport-Security); 0: no such header.",
    )
    monitoring_token: str | None = Field(
        None,
        min_length=32,
        description="Bearer token of /metrics and /schema; none: open on this machine's own address, else closed.",
    )
    live_amounts: bool | None = Field(
        None, description="Show money on the live page; none: on this machine's own address only."
    )
    gateway: Literal["none", "simulated", "wechat_pay"] | None = Field(
        None, description="Gateway for top-ups on phones; by default none, and the simulated one with the demo city."
    )
    gateway_url: str = Field(
        "https://api.mch.weixin.qq.com", pattern=r"^https?://[^\s/]\S*$", description="The payment gateway's address."
    )
    gateway_merchant: str = Field("", description="Our merchant number at the gateway.")
    gateway_app: str = Field("", description="Our application's number at the gateway.")
    cut_off: time = Field(time(22, 0), description="When a business day ends, in Asia/Shanghai.")
    cut_off_on_holidays: time | None = Field(None, description="When it ends on holidays; none: as on other days.")
    clearing_fee_fen: int = Field(0, ge=0, le=1_000, description="Fee of the issuer for each visitor's meal.")
    alone_item_max_fen: int = Field(
        100_000, ge=0, description="Deposit, refund or pay-out that one person makes alone; above, a second approves."
    )
    alone_batch_max_fen: int = Field(2_000_000, ge=0, description="The same for all deposits of one request.")
    alone_holder_day_max_fen: int = Field(200_000, ge=0, description="The same for one official and day.")
    alone_maker_day_max_fen: int = Field(5_000_000, ge=0, description="The same for one console user and day.")
    account_cooling_h: int = Field(
        24, ge=0, le=720, description="Hours from the approval of a bank account until it is used."
    )
    session_idle_min: int = Field(
        30, ge=1, le=720, description="Minutes without a request after which a browser's session at the console ends."
    )
    session_life_h: int = Field(12, ge=1, le=24, description="Hours after which every session at the console ends.")
    strict_bearer_sessions: bool = Field(
        False, description="Treat bearer tokens of people like cookies: they end when idle, and need a fresh password."
    )
    second_factor_roles: str = Field(
        "", description="Roles that may do nothing without a second factor, separated by commas."
    )
    breached_passwords: FilePath | None = Field(
        None, description="File of breached passwords: a line each of SHA-1 in hexadecimal, sorted, as HIBP gives it."
    )
    sign_on_providers: FilePath | None = Field(
        None, description="File (TOML) that describes the providers of single sign-on; none: passwords and passkeys."
    )
    directory_leavers_max_percent: int = Field(
        10,
        ge=0,
        le=100,
        description="Of the people bound to a directory, how many may leave it at once before a person confirms it.",
    )
    roster_leavers_max_percent: float = Field(
        5.0, ge=0, le=100, description="Share of an agency's people who may leave by a roster unconfirmed."
    )
    demo_city: bool | None = Field(
        None,
        description="Load the demo city, whose users have a published password, into an empty database; none: into the "
        "embedded one only, and only when serving on a loopback address.",
    )
    demo_hours: bool = Field(
        True, description="Beside the demo city: take payments at the hours of a played day, which the clock is not at."
    )
    bulletin_font: str = Field(
        "",
        max_length=100,
        description="Font family of the body of bulletins, such as FangSong_GB2312 where it is licensed and installed; "
        "none: Noto Serif CJK SC, which also has the characters that the font lacks.",
    )
    audit_syslog: str | None = Field(
        None,
        pattern=r"^(udp|tcp|unix)://\S+$",
        description="System log that gets every audit entry: udp://HOST:PORT, tcp://HOST:PORT or unix://PATH.",
    )
    log_requests: bool = Field(False, description="Log every request, not only the refused and broken ones.")
    log_json: bool = Field(False, description="Log JSON lines instead of text for people.")

    ledger_connections: int = Field(20, ge=2, le=100, description="Ledger connections per worker.")
    registry_connections: int = Field(8, ge=2, le=100, description="Registry connections per worker.")
    charge_queue_max: int = Field(1_000, ge=1, description="Charges waiting per worker; past it, 503.")
    charge_batch_max: int = Field(128, ge=1, le=1_000, description="Charges in one statement.")
    charge_lanes: int = Field(1, ge=1, le=64, description="Statements of a book at a time, per worker.")
    body_max_bytes: int = Field(
        262_144, ge=4_096, description="Largest request body; a bulk of 1,000 items is about 100 KiB."
    )
    body_within_s: float = Field(10.0, gt=0, description="Time limit for a body to arrive.")
    trusted_proxies: str = Field(
        "", description="Addresses or networks of proxies whose X-Forwarded-For is believed, separated by commas."
    )
    connections_max: int = Field(
        2_000, ge=10, description="Connections per worker that have not carried an authenticated request."
    )
    connections_per_address_max: int = Field(500, ge=10, description="Of these, those of one address.")
    requests_per_address_per_s: float = Field(
        25.0, gt=0, description="Requests a second and worker of one address that are not authenticated."
    )
    requests_per_official_per_s: float = Field(
        5.0, gt=0, description="Requests a second and worker of one phone, or of one official's sessions, for himself."
    )
    live_viewers_max: int = Field(200, ge=1, description="Open live streams per worker.")
    live_viewers_per_address_max: int = Field(20, ge=1, description="Of these, those of one address.")

    @property
    def calendar(self) -> Calendar:
        """When business days end."""
        return Calendar(self.cut_off, self.cut_off_on_holidays or self.cut_off)

    @property
    def alone_limits(self) -> "AloneLimits":
        """What one person may move alone."""
        from settlement.limits import AloneLimits

        return AloneLimits(
            self.alone_item_max_fen,
            self.alone_batch_max_fen,
            self.alone_holder_day_max_fen,
            self.alone_maker_day_max_fen,
        )

    @property
    def session_rules(self) -> "SessionRules":
        """How long sessions at the console live."""
        from registry.sessions import SessionRules

        return SessionRules(
            timedelta(minutes=self.session_idle_min),
            timedelta(hours=self.session_life_h),
            self.strict_bearer_sessions,
            _roles(self.second_factor_roles),
        )

    @field_validator("trusted_proxies")
    @classmethod
    def _are_networks(cls, given: str) -> str:
        TrustedProxies(given)
        return given

    @field_validator("second_factor_roles")
    @classmethod
    def _are_roles(cls, given: str) -> str:
        _roles(given)
        return given

    @property
    def on_loopback(self) -> bool:
        """Whether nobody but this machine reaches the address that we serve on."""
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"

    @property
    def may_load_demo_city(self) -> bool:
        """Whether an empty database gets the demo city. Asked before the embedded servers' URLs are filled in."""
        return (self.on_loopback and self.database_url is None) if self.demo_city is None else self.demo_city

    @property
    def keys_folder(self) -> Path:
        """Where the key files are."""
        return self.keys_dir or self.data_dir / "keys"

    @property
    def gateway_keys_folder(self) -> Path:
        """Where the gateway's key files are (see ``settlement.wechat_pay.load_merchant``)."""
        return self.keys_folder / "gateway"

    @property
    def own_url(self) -> str:
        """The URL of this centre for phones and the gateway."""
        return (self.public_url or f"http://{self.host}:{self.port}").rstrip("/")

    @property
    def hosts(self) -> frozenset[str]:
        """For which hosts tills and phones may sign their messages; none: for any, since ours is not known."""
        from terminals.client_messages import authority_of
        from terminals.signatures import ANY_HOST

        if self.public_url is None:
            return ANY_HOST
        others = (host.strip() for host in self.other_hosts.split(","))
        return frozenset({authority_of(self.public_url), *filter(None, others)})

    @property
    def is_local(self) -> bool:
        """Whether nobody on another machine reaches this centre, as far as the settings say."""
        return self.public_url is None and self.host in ("localhost", "127.0.0.1", "::1")

    @property
    def shows_live_amounts(self) -> bool:
        """Whether the live page shows money to everybody."""
        return self.is_local if self.live_amounts is None else self.live_amounts

    @property
    def statement_folder(self) -> Path:
        """Where statements are published."""
        return self.statement_dir or self.data_dir / "statements"

    @property
    def metrics_folder(self) -> Path:
        """Folder of the metrics that the workers share."""
        return self.metrics_dir or self.data_dir / "metrics"

    @property
    def sqlalchemy_url(self) -> str:
        """The database for SQLAlchemy's asyncpg dialect."""
        return self.needed_database_url.replace("postgresql://", "postgresql+asyncpg://", 1)

    @property
    def needed_database_url(self) -> str:
        """The database's URL; ``onecard.embedded_servers`` sets that of the embedded one first."""
        assert self.database_url is not None, "the services are started first"
        return self.database_url

    @property
    def needed_owner_url(self) -> str:
        """The database's URL for migrations."""
        return self.database_owner_url or self.needed_database_url

    @property
    def needed_redis_url(self) -> str:
        """The URL of Redis; set in the same way."""
        assert self.redis_url is not None, "the services are started first"
        return self.redis_url
