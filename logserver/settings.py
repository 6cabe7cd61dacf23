"""Every setting of the server: its default, unit and meaning. The shell fills it from options and environment."""

from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

import platformdirs

SHORTEST_TOKEN = 16
"""Characters of a token that somebody made up: what is shorter could be guessed."""


def _setting(default: Any, meaning: str, *, unit: str = "", also: str | None = None, secret: bool = False) -> Any:
    """A setting with its meaning; ``also`` is another environment variable that is read as well.

    A ``secret`` is shown by nothing, and does not stay in the list of processes (cli/disguise.py).
    """
    metadata = {"meaning": meaning, "unit": unit, "also": also, "secret": secret}
    return field(default=default, repr=not secret, metadata=metadata)


@dataclass(frozen=True)
class Settings:
    """How one server runs. Each field is an option of ``logserver serve`` and a variable ``LOGSERVER_<NAME>``."""

    data: Path = _setting(
        Path(platformdirs.user_data_dir("logserver", appauthor=False)),
        "Folder of the store; made when it is missing, and then readable by its owner only.",
    )
    backup_before_upgrade: str = _setting(
        "", "Folder for a copy of the store, made each time before a newer version changes its schema."
    )
    host: str = _setting("127.0.0.1", "Address to listen on; 0.0.0.0 for every interface.")
    port: int = _setting(8080, "Port to listen on; 0 for any free one.")
    durability: Literal["full", "normal"] = _setting(
        "full",
        "full: what was answered survives a power cut. normal: a power cut may take the last moments, a crash never.",
    )
    environment: str = _setting("production", "Environment of events that name none.")
    public_api_rate_limit_requests: int = _setting(
        1_200,
        "Requests a token may send to an endpoint in a window.",
        unit="requests",
        also="LOGISTER_PUBLIC_API_RATE_LIMIT_REQUESTS",
    )
    public_api_rate_limit_period_seconds: int = _setting(
        60, "Length of a rate-limit window.", unit="seconds", also="LOGISTER_PUBLIC_API_RATE_LIMIT_PERIOD_SECONDS"
    )
    public_api_auth_failure_rate_limit_requests: int = _setting(
        120,
        "Failed authentications a source address may make in a window.",
        unit="requests",
        also="LOGISTER_PUBLIC_API_AUTH_FAILURE_RATE_LIMIT_REQUESTS",
    )
    logs_rate_limit_per_minute: int = _setting(
        600, "Requests to POST /v1/logs a key may send a minute in the long run.", unit="requests"
    )
    logs_rate_limit_burst: int = _setting(600, "How many of them may come at once.", unit="requests")
    public_url: str = _setting(
        "", "Address under which people and agents reach the server, such as https://logs.example.com."
    )
    tls_cert: str = _setting(
        "", "File with the certificate (PEM, with its chain) to speak HTTPS with; a renewed one is taken up by itself."
    )
    tls_key: str = _setting("", "File with the key of that certificate (PEM, without a passphrase).")
    require_https: Literal["auto", "on", "off"] = _setting(
        "auto", "Whether POST /v1/logs refuses plain HTTP. auto: where the public URL begins with https."
    )
    trusted_proxies: str = _setting(
        "", "Networks whose X-Forwarded-For and -Proto are believed, separated by commas, such as 127.0.0.1,10.0.0.0/8."
    )
    open_registration: bool = _setting(
        default=False,
        meaning="Let anybody who reaches the server register; the first user always may, on the server's machine.",
    )
    admin_emails: str = _setting(
        "",
        "E-mail addresses, separated by commas, whose users are admins whatever their role is.",
        also="LOGISTER_ADMIN_EMAILS",
    )
    access_log: Literal["text", "json", "off"] = _setting("text", "One line a request, on standard error.")
    log_level: Literal["debug", "info", "warning", "error"] = _setting("info", "How much the server says.")
    max_connections: int = _setting(
        100_000,
        "Connections that may be open at the same time; fewer where the system lets the server have fewer files.",
        unit="connections",
    )
    body_seconds: float = _setting(30.0, "How long a sender may take for a request.", unit="seconds")
    read_seconds: float = _setting(5.0, "How long a search may take.", unit="seconds")
    readers: int = _setting(3, "Searches that run at the same time.")
    queue_rows: int = _setting(20_000, "Events that may wait to be written before senders are told to wait.")
    queue_megabytes: int = _setting(64, "The same by size.", unit="MB")
    queue_seconds: float = _setting(
        2.0,
        "The same by time: how long one may have to wait to be written, by how fast the last ones were.",
        unit="seconds",
    )
    max_size: int = _setting(
        0,
        "Size of the database from which on the oldest events are deleted, whatever the retention of their project is,"
        " such as 20GB; 0 for any size.",
    )
    min_free_megabytes: int = _setting(128, "Free disk space below which new events are refused with 503.", unit="MB")
    audit_batch_limit: int = _setting(
        100, "Audit events an array may have; 1000 suits a client that sends its whole queue at once.", unit="events"
    )
    stream_requests_per_minute: int = _setting(
        30, "Requests to anonymous streams from one address a minute.", unit="requests"
    )
    stream_events_per_day: int = _setting(100, "Events a stream takes within 24 hours.", unit="events")
    stream_events: int = _setting(500, "Events a stream takes in its lifetime.", unit="events")
    streams_per_day: int = _setting(10, "New streams from one address within 24 hours.", unit="streams")
    stream_days: int = _setting(7, "How long a stream waits to be claimed.", unit="days")
    stream_megabytes: int = _setting(
        256, "What waits to be claimed, all streams together, before more is refused.", unit="MB"
    )
    streams_max: int = _setting(
        100_000, "Streams that wait or are remembered as expired; beyond that no new one is made.", unit="streams"
    )
    live_grace_seconds: float = _setting(
        10.0, "How long the connection of an agent may be lost before its live streams end.", unit="seconds"
    )
    viewer_frame_ancestors: str = _setting(
        "'self'", "Sites that may show /viewer in a frame, separated by spaces, such as https://app.example.com."
    )
    metrics_token: str = _setting(
        "",
        "Token, 16 characters or more, that reads /metrics from elsewhere; on the server's own machine none is needed.",
        secret=True,
    )
    self_observability: bool = _setting(default=True, meaning="Record refused submissions in the server's own project.")
    self_endpoint: str = _setting(
        "", "Ingest address of another server that is told of refused submissions instead.", also="LOGISTER_ENDPOINT"
    )
    self_api_key: str = _setting("", "Token for that server.", also="LOGISTER_API_KEY", secret=True)
    allow_private_webhooks: bool = _setting(
        default=False, meaning="Let webhooks go to private and loopback addresses, as in a home network."
    )
    smtp_host: str = _setting(
        "",
        "Mail server for webhooks that are mailto: addresses and for forgotten passwords; without it no mail is sent.",
    )
    smtp_port: int = _setting(587, "Port of the mail server.")
    smtp_user: str = _setting("", "User name at the mail server; without it there is no login.")
    smtp_password: str = _setting("", "Password at the mail server.", secret=True)
    smtp_from: str = _setting("", "Sender of e-mails; without it, the user name where that is an address.")
    smtp_security: Literal["starttls", "tls", "none"] = _setting(
        "starttls", "How the connection to the mail server is encrypted: starttls is usual at port 587, tls at 465."
    )

    def https_required(self) -> bool:
        """Whether plain HTTP is refused where the setting says so."""
        return self.require_https == "on" or (
            self.require_https == "auto" and self.public_url.strip().lower().startswith("https://")
        )

    def https_only(self) -> bool:
        """Whether browsers are told to ask this host by HTTPS only.

        That holds for every port of a host, so it is said only where HTTPS is at its usual one: elsewhere other
        servers of the same host may speak HTTP.
        """
        reached = urlsplit(self.address())
        return reached.scheme.lower() == "https" and reached.port in {None, 443}

    def scheme(self) -> Literal["http", "https"]:
        """What the server itself speaks."""
        return "https" if self.tls_cert else "http"

    def networks(self) -> list[str]:
        """The trusted proxies, one by one."""
        return [network.strip() for network in self.trusted_proxies.split(",") if network.strip()]

    def admins(self) -> frozenset[str]:
        """The addresses that are admins', in lower case."""
        return frozenset(email.strip().lower() for email in self.admin_emails.split(",") if email.strip())

    def address(self) -> str:
        """Where people reach the server, as far as the settings say."""
        everywhere = {"0.0.0.0", "::", ""}  # noqa: S104 - nothing is bound here
        host = "localhost" if self.host in everywhere else f"[{self.host}]" if ":" in self.host else self.host
        return self.public_url.rstrip("/") or f"{self.scheme()}://{host}:{self.port}"


def meanings() -> list[tuple[str, Any, str, str, str | None]]:
    """Every setting as (name, default, unit, meaning, the other variable), in the order they are shown."""
    return [
        (each.name, each.default, each.metadata["unit"], each.metadata["meaning"], each.metadata["also"])
        for each in fields(Settings)
    ]
