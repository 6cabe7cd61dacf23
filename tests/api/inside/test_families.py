"""Figures as a scraper reads them."""

from prometheus_client.parser import text_string_to_metric_families

from logserver.api.inside.families import counter, gauge, histogram, text
from logserver.store.spread import Spread


def samples(*families: object) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text(families).decode())  # type: ignore[arg-type] # as they come
        for sample in family.samples
    }


def test_each_kind() -> None:
    spread = Spread((0.5, 2.0))
    for value in (0.25, 1.0, 9.0):
        spread.add(value)
    assert samples(
        counter("sent", "What.", {("a", "b"): 3}, ("x", "y")),
        counter("lost", "What.", 2),
        gauge("held", "What.", {("q",): 1.5}, ("x",)),
        gauge("unknown", "What.", None),
        histogram("took_seconds", "What.", {("r",): spread.taken()}, ("route",)),
    ) == {
        ("sent_total", (("x", "a"), ("y", "b"))): 3,
        ("lost_total", ()): 2,
        ("held", (("x", "q"),)): 1.5,
        ("took_seconds_bucket", (("le", "0.5"), ("route", "r"))): 1,
        ("took_seconds_bucket", (("le", "2.0"), ("route", "r"))): 2,
        ("took_seconds_bucket", (("le", "+Inf"), ("route", "r"))): 3,
        ("took_seconds_count", (("route", "r"),)): 3,
        ("took_seconds_sum", (("route", "r"),)): 10.25,
    }


def test_a_label_may_hold_anything() -> None:
    odd = 'a"b\\c\nd'
    assert samples(gauge("held", "What.", {(odd,): 1}, ("x",))) == {("held", (("x", odd),)): 1}
