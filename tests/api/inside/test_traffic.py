"""What is counted of requests is bounded, whatever is sent."""

from logserver.api.inside.traffic import MOST_ROUTES, OTHER_ROUTE, Traffic


def test_answers_are_counted_by_method_route_and_status() -> None:
    traffic = Traffic()
    traffic.count("GET", "/things/{id}", 200, 0.1)
    traffic.count("GET", "/things/{id}", 200, 0.3)
    traffic.count("GET", "/things/{id}", 404, None)
    assert traffic.answered() == {("GET", "/things/{id}", 200): 2, ("GET", "/things/{id}", 404): 1}
    below, total = traffic.seconds()["/things/{id}"]
    assert (below[-1][1], total) == (2, 0.4)


def test_a_method_that_somebody_made_up_is_another() -> None:
    traffic = Traffic()
    for method in ("PROPFIND", "M-SEARCH", "BREW"):
        traffic.count(method, "/", 405, 0.0)
    assert traffic.answered() == {("other", "/", 405): 3}


def test_there_are_only_so_many_routes() -> None:
    traffic = Traffic()
    for number in range(MOST_ROUTES + 5):
        traffic.count("GET", f"/{number}", 200, 0.0)
    assert len(traffic.seconds()) == MOST_ROUTES + 1
    assert traffic.answered()["GET", OTHER_ROUTE, 200] == 5
    traffic.count("GET", "/3", 200, 0.0)
    assert traffic.answered()["GET", "/3", 200] == 2
