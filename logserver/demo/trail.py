"""Who did what there: audit events as LogStitch's clients send them."""

import random
from collections.abc import Iterator
from typing import Any

from logserver.core.times import iso_text
from logserver.demo.calendar import Calendar
from logserver.demo.company import CUSTOMERS, HOUR_MS, PEOPLE, TENANTS

_DEEDS = (
    ("session.started", "auth", 9, "session"),
    ("ride.started", "mutation", 8, "ride"),
    ("bike.reported", "mutation", 2, "bike"),
    ("refund.issued", "mutation", 1.2, "charge"),
    ("invoice.sent", "mutation", 1.5, "invoice"),
    ("customer.exported", "access", 0.3, "customer"),
    ("user.role.updated", "admin", 0.2, "user"),
    ("api_key.revoked", "security", 0.1, "api_key"),
)


class Deeds:
    """Makes up audit events; the same ``dice`` make the same ones."""

    def __init__(self, calendar: Calendar, dice: random.Random) -> None:
        self._calendar = calendar
        self._dice = dice

    def of_hour(self, hour_ms: int) -> Iterator[dict[str, Any]]:
        """The audit events of the hour from a time, in their order; all of them are of the storefront."""
        number = int(3 * self._calendar.busy(hour_ms) + self._dice.random())
        until = min(hour_ms + HOUR_MS, self._calendar.now_ms)
        moments = sorted(self._dice.randrange(hour_ms, until) for _ in range(number)) if until > hour_ms else []
        for at_ms in moments:
            yield self._deed(at_ms)
        attack_ms = self._calendar.incident_ms - 29 * HOUR_MS
        if hour_ms <= attack_ms < hour_ms + HOUR_MS:
            for n in range(14):
                yield self._failed_sign_in(attack_ms + n * 9_000)

    def _deed(self, at_ms: int) -> dict[str, Any]:
        action, category, _, target = self._dice.choices(_DEEDS, [deed[2] for deed in _DEEDS])[0]
        staff = category in {"admin", "security", "access"}
        name = self._dice.choice(PEOPLE).name if staff else self._dice.choice(CUSTOMERS)
        made: dict[str, Any] = {
            "action": action,
            "category": category,
            "actor": {
                "id": f"{'usr' if staff else 'cus'}_{sum(map(ord, name)) % 900 + 100}",
                "type": "user",
                "name": name,
                "email": f"{name.split()[0].lower()}@{'harbourbikes' if staff else 'mail'}.example",
            },
            "tenant_id": TENANTS[-1] if staff else self._dice.choice(TENANTS),
            "occurred_at": iso_text(at_ms * 1000),
            "target": {"id": f"{target}_{self._dice.randrange(1_000, 9_999)}", "type": target},
            "context": {"ip_address": f"198.51.100.{self._dice.randrange(2, 250)}", "user_agent": "Firefox/144"},
        }
        if action == "user.role.updated":
            made["changes"] = [{"field": "role", "before": "member", "after": "owner"}]
        if action == "refund.issued":
            made["metadata"] = {"amount": round(self._dice.uniform(3, 60), 2), "currency": "EUR"}
        return made

    @staticmethod
    def _failed_sign_in(at_ms: int) -> dict[str, Any]:
        return {
            "action": "auth.failed_sign_in",
            "category": "auth",
            "actor": {"id": "usr_417", "type": "user", "name": "Dev Patel", "email": "dev@harbourbikes.example"},
            "tenant_id": TENANTS[-1],
            "occurred_at": iso_text(at_ms * 1000),
            "context": {"ip_address": "203.0.113.77", "user_agent": "curl/8.5"},
        }
