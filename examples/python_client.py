"""Sends to logserver with the published client: ``pip install logister-python``.

Set LOGISTER_BASE_URL to the server, such as http://localhost:8080, and LOGISTER_API_KEY to a project's token.
LOGISTER_ENVIRONMENT and LOGISTER_RELEASE, if set, are sent with every event.
"""

import logging
import time

from logister import LogisterClient
from logister.logging import instrument_logging


def charge(order: int) -> None:
    """Fail, so that there is something to report."""
    raise ValueError(f"order {order} has no amount")


def main() -> None:
    """Send one of each."""
    with LogisterClient.from_env() as client:
        client.capture_message("shop opened", context={"shelves": 12})
        client.capture_metric("orders.open", 3, unit="orders")

        begun = time.perf_counter()
        try:
            charge(4711)
        except ValueError as error:
            client.capture_exception(error, context={"order": 4711})
        client.capture_transaction("POST /orders", (time.perf_counter() - begun) * 1000, context={"status_code": 500})

        client.check_in("daily-report", "ok", expected_interval_seconds=86_400)

        # Everything the application logs, from here on.
        instrument_logging(client, logger=logging.getLogger())
        logging.getLogger("shop").warning("stock of %s is low", "tea", extra={"user_id": 42})
        client.flush(10)


if __name__ == "__main__":
    main()
