"""What a program logs with loguru, sent to logserver: ``pip install loguru logister-python``.

Set LOGISTER_BASE_URL to the server, such as http://localhost:8080, and LOGISTER_API_KEY to a project's token.
"""

import atexit
import sys
import threading
from types import TracebackType
from typing import TYPE_CHECKING

from logister import LogisterClient
from logister.client import deferred_delivery
from loguru import logger

if TYPE_CHECKING:
    from loguru import Message

EXIT_SECONDS = 5.0
"""How long the end of the program may wait for what is still to be sent."""

ITSELF = {"logister": False, "httpx": False, "httpcore": False}
"""What the client logs while it sends, which would be sent as well, and so on for ever."""

LEVELS = ((40, "error"), (30, "warning"), (20, "info"), (0, "debug"))
"""Levels of loguru's own, and those of yours, as the levels of everybody else."""


class Sink:
    """Sends what is logged, in a thread of the client, so that nothing that is logged waits for the server.

    Up to 1,000 records wait; what comes beyond them is dropped, and so is what could not be sent three times.
    """

    def __init__(self, client: LogisterClient) -> None:
        self._client = client
        atexit.register(client.close, EXIT_SECONDS)

    def __call__(self, message: "Message") -> None:
        """Take a record down as it is now, to be sent by and by."""
        record = message.record
        # What was bound, or given to the call, is found by its own name: user_id:42.
        context = {
            **record["extra"],
            "logger": {"name": record["name"], "function": record["function"], "line": record["line"]},
        }
        error = record["exception"]
        with deferred_delivery():
            if error is not None and error.value is not None:
                self._client.capture_exception(
                    error.value, message=record["message"], context=context, occurred_at=record["time"]
                )
            else:
                self._client.capture_message(
                    record["message"], level=_level(record["level"]), context=context, occurred_at=record["time"]
                )


def _level(level: object) -> str:
    if level.name == "CRITICAL":
        return "critical"
    return next(name for number, name in LEVELS if level.no >= number)


def send_logs(client: LogisterClient, level: str = "INFO") -> None:
    """Send what is logged from here on, and the errors that nobody caught; the console goes on beside it."""
    # With diagnose, loguru would show the values of variables, secrets too, in what it prints.
    logger.configure(
        handlers=[
            {"sink": sys.stderr, "level": level, "diagnose": False},
            {"sink": Sink(client), "level": level, "filter": ITSELF},
        ]
    )
    sys.excepthook = _failed
    threading.excepthook = _thread_failed


def _failed(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, Exception):
        logger.opt(exception=(kind, error, trace)).critical("the program failed")
    else:  # Ctrl-C is no failure
        sys.__excepthook__(kind, error, trace)


def _thread_failed(failed: threading.ExceptHookArgs) -> None:
    if issubclass(failed.exc_type, Exception):
        logger.opt(exception=failed[:3]).critical("a thread failed")
    else:
        threading.__excepthook__(failed)


def main() -> None:
    """Log a few things."""
    send_logs(LogisterClient.from_env())
    with logger.contextualize(user_id=42):
        logger.info("{} opened", "shop", shelf=7)
        logger.success("sold")
    logger.warning("stock of {name} is low", name="tea", left=3)
    try:
        {"coffee": 12}["tea"]
    except KeyError:
        logger.exception("no price")
    raise RuntimeError("the till is empty")


if __name__ == "__main__":
    main()
