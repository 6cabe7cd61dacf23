"""What goes wrong there: errors in five languages, each with its stack trace as its client sends it."""

from typing import Any, NamedTuple


class Failure(NamedTuple):
    """An error: in which service, how often an hour when busy, and what its client sends of it."""

    service: str
    hourly: float
    kind: str
    message: str
    frames: tuple[str, ...]
    level: str = "error"
    route: str = ""
    since_days: float = 99.0
    """How many days ago it first happened."""
    until_days: float = 0.0
    """How many days ago it stopped."""

    def exception(self) -> dict[str, Any]:
        """The ``exception`` of its context."""
        return {"class": self.kind, "message": self.message, "backtrace": list(self.frames)}


POOL = Failure(
    "web",
    0.0,
    "sqlalchemy.exc.TimeoutError",
    "QueuePool limit of size 5 overflow 10 reached, connection timed out, timeout 30.00",
    (
        'File "/srv/storefront/shop/views/rentals.py", line 88, in create_rental',
        'File "/srv/storefront/shop/rentals/booking.py", line 41, in book',
        'File "/srv/storefront/.venv/lib/python3.12/site-packages/sqlalchemy/orm/session.py", line 2308, in execute',
        'File "/srv/storefront/.venv/lib/python3.12/site-packages/sqlalchemy/engine/base.py", line 145, in __init__',
        'File "/srv/storefront/.venv/lib/python3.12/site-packages/sqlalchemy/pool/impl.py", line 166, in _do_get',
    ),
    route="POST /rentals",
)
"""The error of the incident."""

FAILURES = (
    Failure(
        "web",
        0.5,
        "KeyError",
        "'pickup_station'",
        (
            'File "/srv/storefront/shop/views/rentals.py", line 52, in create_rental',
            'File "/srv/storefront/shop/forms.py", line 117, in clean',
            'File "/srv/storefront/.venv/lib/python3.12/site-packages/django/forms/forms.py", line 362, in _clean_form',
        ),
        route="POST /rentals",
    ),
    Failure(
        "web",
        0.22,
        "UnicodeDecodeError",
        "'utf-8' codec can't decode byte 0xe9 in position 14: invalid continuation byte",
        (
            'File "/srv/storefront/shop/imports/stations.py", line 29, in read_rows',
            'File "/usr/lib/python3.12/codecs.py", line 322, in decode',
        ),
        level="warning",
        since_days=12,
    ),
    Failure(
        "web",
        0.3,
        "TypeError",
        "Cannot read properties of undefined (reading 'map')",
        (
            "at StationList (https://harbourbikes.example/assets/app.3f9c1.js:214:38)",
            "at renderWithHooks (https://harbourbikes.example/assets/vendor.88ad2.js:11121:18)",
            "at mountIndeterminateComponent (https://harbourbikes.example/assets/vendor.88ad2.js:14811:13)",
            "at beginWork (https://harbourbikes.example/assets/vendor.88ad2.js:16321:16)",
        ),
        route="GET /search",
        since_days=3,
    ),
    Failure(
        "payments",
        0.35,
        "Stripe::CardError",
        "Your card was declined.",
        (
            "app/services/charge_card.rb:34:in `call'",
            "app/controllers/charges_controller.rb:12:in `create'",
            "/usr/local/bundle/gems/stripe-12.6.0/lib/stripe/stripe_client.rb:889:in `handle_error_response'",
            "/usr/local/bundle/gems/actionpack-7.2.1/lib/action_controller/metal.rb:227:in `send_action'",
        ),
        level="warning",
        route="POST /charges",
    ),
    Failure(
        "payments",
        0.12,
        "NoMethodError",
        "undefined method `amount' for nil",
        (
            "app/jobs/receipt_job.rb:21:in `perform'",
            "app/models/charge.rb:77:in `total'",
            "/usr/local/bundle/gems/activejob-7.2.1/lib/active_job/execution.rb:67:in `block in _perform_job'",
        ),
        route="ReceiptJob",
        since_days=20,
        until_days=9,
    ),
    Failure(
        "docks",
        0.6,
        "Error",
        "connect ECONNREFUSED 10.20.0.14:1883",
        (
            "at TCPConnectWrap.afterConnect [as oncomplete] (node:net:1611:16)",
            "at MqttLink.open (/srv/dock-api/src/mqtt/link.ts:63:11)",
            "at DockService.unlock (/srv/dock-api/src/docks/service.ts:128:20)",
            "at process.processTicksAndRejections (node:internal/process/task_queues:105:5)",
            "at Layer.handle (/srv/dock-api/node_modules/express/lib/router/layer.js:95:5)",
        ),
        route="POST /docks/{id}/unlock",
    ),
    Failure(
        "docks",
        0.08,
        "RangeError",
        "Battery level out of range: 254",
        (
            "at parseFrame (/srv/dock-api/src/docks/frames.ts:41:13)",
            "at DockService.heartbeat (/srv/dock-api/src/docks/service.ts:57:19)",
        ),
        route="POST /docks/{id}/heartbeat",
        since_days=0.8,
    ),
    Failure(
        "invoicing",
        0.18,
        "System.Net.Mail.SmtpException",
        "Mailbox unavailable. The server response was: 5.1.1 Recipient address rejected",
        (
            "at HarbourBikes.Invoicing.Mailer.SendAsync(Invoice invoice) in /src/Invoicing/Mailer.cs:line 58",
            "at HarbourBikes.Invoicing.InvoiceController.Send(Guid id) in /src/Invoicing/InvoiceController.cs:line 91",
            "at System.Net.Mail.SmtpClient.SendAsync(MailMessage message, Object userToken)",
            "at Microsoft.AspNetCore.Mvc.Infrastructure.ActionMethodExecutor.Execute(ActionContext context)",
        ),
        route="POST /invoices/{id}/send",
    ),
    Failure(
        "planner",
        0.1,
        "java.util.ConcurrentModificationException",
        "null",
        (
            "at example.harbourbikes.planner.Fleet.rebalance(Fleet.java:204)",
            "at example.harbourbikes.planner.PlanResource.create(PlanResource.java:73)",
            "at java.base/java.util.ArrayList$Itr.checkForComodification(ArrayList.java:1095)",
            "at java.base/java.util.ArrayList$Itr.next(ArrayList.java:1049)",
            "at org.glassfish.jersey.server.ServerRuntime$1.run(ServerRuntime.java:255)",
        ),
        level="fatal",
        route="POST /plans",
        since_days=16,
    ),
    Failure(
        "web",
        0.15,
        "django.db.utils.OperationalError",
        "canceling statement due to statement timeout",
        (
            'File "/srv/storefront/shop/views/search.py", line 73, in search',
            'File "/srv/storefront/shop/search/query.py", line 154, in run',
            'File "/srv/storefront/.venv/lib/python3.12/site-packages/django/db/utils.py", line 91, in __exit__',
        ),
        route="GET /search",
    ),
    Failure(
        "web",
        0.2,
        "ChunkLoadError",
        "Loading chunk 41 failed. (missing: https://harbourbikes.example/assets/map.9be02.js)",
        (
            "a.e@https://harbourbikes.example/assets/app.3f9c1.js:1:2917",
            "openMap@https://harbourbikes.example/assets/app.3f9c1.js:388:22",
            "onClick@https://harbourbikes.example/assets/app.3f9c1.js:401:9",
        ),
        level="warning",
        since_days=8,
    ),
    Failure(
        "docks",
        0.25,
        "PayloadError",
        "Unexpected token in frame from dock 0871 at position 3",
        (
            "at decode (/srv/dock-api/src/docks/frames.ts:22:9)",
            "at Readable.onData (/srv/dock-api/src/mqtt/link.ts:91:7)",
            "at Readable.emit (node:events:530:35)",
        ),
        level="warning",
    ),
    Failure(
        "invoicing",
        0.07,
        "System.InvalidOperationException",
        "Sequence contains no elements",
        (
            "at System.Linq.ThrowHelper.ThrowNoElementsException()",
            "at System.Linq.Enumerable.First[TSource](IEnumerable`1 source)",
            "at HarbourBikes.Invoicing.MonthReport.Build(DateOnly month) in /src/Invoicing/MonthReport.cs:line 37",
            "at HarbourBikes.Invoicing.ReportController.Month() in /src/Invoicing/ReportController.cs:line 24",
        ),
        route="GET /reports/month",
        since_days=5,
    ),
)
