"""What a program logs with the standard library, sent to logserver: ``pip install logister-python``.

Set LOGISTER_BASE_URL to the server, such as http://localhost:8080, and LOGISTER_API_KEY to a project's token.
"""

import atexit
import logging
import sys
import threading
from types import TracebackType

from logister import LogisterClient, LogisterLoggingHandler
from logister.client import deferred_delivery

EXIT_SECONDS = 5.0
"""How long the end of the program may wait for what is still to be sent."""


class BackgroundHandler(LogisterLoggingHandler):
    """Leaves the sending to a thread of the client, so that nothing that is logged waits for the server.

    Up to 1,000 records wait; what comes beyond them is dropped, and so is what could not be sent three times.
    """

    def emit(self, record: logging.LogRecord) -> None:
        """Take a record down as it is now, to be sent by and by."""
        with deferred_delivery():
            super().emit(record)


def send_logs(client: LogisterClient, level: int = logging.INFO) -> None:
    """Send what is logged from here on, and the errors that nobody caught; the console goes on beside it."""
    logging.basicConfig(level=level)
    logging.getLogger("httpx").setLevel(logging.WARNING)  # tells of each request of the client itself
    logging.getLogger().addHandler(BackgroundHandler(client, level=level))

    sys.excepthook = _failed
    threading.excepthook = _thread_failed
    atexit.register(client.close, EXIT_SECONDS)


def _failed(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, Exception):
        logging.getLogger("uncaught").critical("the program failed", exc_info=(kind, error, trace))
    else:  # Ctrl-C is no failure
        sys.__excepthook__(kind, error, trace)


def _thread_failed(failed: threading.ExceptHookArgs) -> None:
    if issubclass(failed.exc_type, Exception):
        logging.getLogger("uncaught").critical("a thread failed", exc_info=failed[:3])
    else:
        threading.__excepthook__(failed)


def main() -> None:
    """Log a few things."""
    send_logs(LogisterClient.from_env())
    log = logging.getLogger("shop")

    # The values of extra are found as log_record.shelf:7; user_id, trace_id, request_id and session_id by their names.
    log.info("%s opened", "shop", extra={"shelf": 7, "user_id": 42})
    log.warning("stock of %s is low", "tea", extra={"left": 3})
    try:
        {"coffee": 12}["tea"]
    except KeyError:
        log.exception("no price")
    raise RuntimeError("the till is empty")


if __name__ == "__main__":
    main()
