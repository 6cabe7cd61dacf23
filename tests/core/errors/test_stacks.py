"""Stacks of every language, as their clients send them."""

from typing import Any

import pytest

from logserver.core.errors.frames import Frame
from logserver.core.errors.stacks import MOST_CAUSES, MOST_FRAMES, Stack, stacks_of
from logserver.store.events import Event

PYTHON = """job failed
Traceback (most recent call last):
  File "/srv/app/jobs.py", line 12, in run
    charge(order)
    ^^^^^^^^^^^^^
  File "/usr/lib/python3.11/site-packages/pay/client.py", line 3, in charge
    raise KeyError(1)
KeyError: 1

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "/srv/app/jobs.py", line 9, in <module>
  [Previous line repeated 3 more times]
ValueError: no: really
"""
NODE = """TypeError: bad
    at priceOf (https://shop.example/cart.js:118:31)
    at async Promise.all (index 0)
    at /srv/app/node_modules/express/lib/router.js:46:12
    at Array.map (<anonymous>)
    at node:internal/main:10:5"""
FIREFOX = "total@https://shop.example/app.js:10:5\n@https://shop.example/app.js:1:1"
JAVA = """Exception in thread "main" java.lang.IllegalStateException: Order 17 has no lines
\tat com.acme.shop.Order.total(Order.java:42)
\tat org.springframework.aop.Foo.bar(Foo.java)
\tat java.base/java.lang.Thread.run(Thread.java:840)
Caused by: java.lang.NullPointerException: x is null
\tat com.acme.shop.Line.price(Line.java:9)
\tat sun.reflect.Native.invoke0(Native Method)
\t... 12 more"""
DOTNET = """   at Acme.Shop.OrderService.Total(Int32 id, String name) in C:\\src\\OrderService.cs:line 42
   at Acme.Shop.Cart.get_Lines()
   at System.Threading.Tasks.Task.Execute()"""
DOTNET_NESTED = """System.InvalidOperationException: Could not save
 ---> Shop.DbException: Timed out
 ---> System.Net.SocketException (0x80004005): refused
   at System.Net.Sockets.Socket.Connect()
   --- End of inner exception stack trace ---
   at Shop.Db.Save(Order o) in /src/Db.cs:line 12
   --- End of inner exception stack trace ---
   at Shop.Orders.Place(Order o) in /src/Orders.cs:line 42
--- End of stack trace from previous location ---
   at Shop.Program.Main()
 ---> (Inner Exception #0) Shop.DbException: Timed out
   at Shop.Db.Save(Order o) in /src/Db.cs:line 12<---
"""
RUBY_TEXT = """app/user.rb:10:in `name': undefined method `x' for nil: it (NoMethodError)
\tfrom app/cart.rb:5:in 'Shop::Cart#show'"""
RUBY = [
    "app/models/order.rb:42:in `total'",
    "/usr/lib/ruby/gems/3.2.0/gems/rack-3.0/lib/rack.rb:12:in 'Rack::Foo#call'",
    "<internal:kernel>:187:in `loop'",
]
GO = """panic: boom

goroutine 1 [running]:
main.charge(0x1, 0x2)
\t/srv/app/main.go:12 +0x1d
runtime.main()
\t/usr/local/go/src/runtime/proc.go:250 +0x1"""
PHP = "#0 /var/www/app/index.php(12): App\\Foo->bar('x')\n#1 /var/www/vendor/slim/slim.php(7): run()\n#2 {main}"


def event(message: str = "boom", **context: Any) -> Event:
    return Event(type="error", level="error", message=message, context=context, time=0, received=0)


def told(stacks: list[Stack]) -> list[tuple[str, str, list[tuple[bool, str, int | None, str]]]]:
    return [
        (
            stack.kind,
            stack.message,
            [
                (run.in_app, frame.file.rpartition("/")[2].rpartition("\\")[2], frame.line, frame.function)
                for run in stack.runs()
                for frame in run.frames
            ],
        )
        for stack in stacks
    ]


@pytest.mark.parametrize(
    ("sent", "found"),
    [
        (
            event(PYTHON),
            [
                ("ValueError", "no: really", [(True, "jobs.py", 9, "<module>")]),
                ("KeyError", "1", [(False, "client.py", 3, "charge"), (True, "jobs.py", 12, "run")]),
            ],
        ),
        (
            event(exception={"class": "TypeError", "message": "bad", "stack": NODE}),
            [
                (
                    "TypeError",
                    "bad",
                    [
                        (True, "cart.js", 118, "priceOf"),
                        (False, "index 0", None, "async Promise.all"),
                        (False, "router.js", 46, ""),
                        (False, "<anonymous>", None, "Array.map"),
                        (False, "main", 10, ""),
                    ],
                )
            ],
        ),
        (
            event(exception={"type": "TypeError", "stack": FIREFOX}),
            [("TypeError", "", [(True, "app.js", 10, "total"), (True, "app.js", 1, "")])],
        ),
        (
            event(JAVA),
            [
                (
                    "java.lang.IllegalStateException",
                    "Order 17 has no lines",
                    [
                        (True, "Order.java", 42, "com.acme.shop.Order.total"),
                        (False, "Foo.java", None, "org.springframework.aop.Foo.bar"),
                        (False, "Thread.java", 840, "java.base/java.lang.Thread.run"),
                    ],
                ),
                (
                    "java.lang.NullPointerException",
                    "x is null",
                    [
                        (True, "Line.java", 9, "com.acme.shop.Line.price"),
                        (False, "Native Method", None, "sun.reflect.Native.invoke0"),
                    ],
                ),
            ],
        ),
        (
            event(exception={"class": "E", "message": "m", "stack": DOTNET}),
            [
                (
                    "E",
                    "m",
                    [
                        (True, "OrderService.cs", 42, "Acme.Shop.OrderService.Total(Int32 id, String name)"),
                        (True, "", None, "Acme.Shop.Cart.get_Lines()"),
                        (False, "", None, "System.Threading.Tasks.Task.Execute()"),
                    ],
                )
            ],
        ),
        (
            event(exception={"class": "NoMethodError", "message": "m", "backtrace": RUBY}),
            [
                (
                    "NoMethodError",
                    "m",
                    [
                        (True, "order.rb", 42, "total"),
                        (False, "rack.rb", 12, "Rack::Foo#call"),
                        (False, "<internal:kernel>", 187, "loop"),
                    ],
                )
            ],
        ),
        (
            event(GO),
            [
                (
                    "",
                    "",
                    [(True, "main.go", 12, "main.charge(0x1, 0x2)"), (False, "proc.go", 250, "runtime.main()")],
                )
            ],
        ),
        (
            event(exception={"class": "E", "stack": PHP}),
            [("E", "", [(True, "index.php", 12, "App\\Foo->bar('x')"), (False, "slim.php", 7, "run()")])],
        ),
        (
            event(
                exception={"type": "E", "stacktrace": [{"class": "a.Main", "method": "go", "file": "M.kt", "line": 3}]}
            ),
            [("E", "", [(True, "M.kt", 3, "a.Main.go")])],
        ),
        (
            event(exception={"type": "Expression", "tagContext": [{"template": "/app/cart.cfm", "line": "7"}]}),
            [("Expression", "", [(True, "cart.cfm", 7, "")])],
        ),
        (
            event(exception={"class": "E", "backtrace": ["plain:7", "3: something happened", "/a/b.x:9:2"]}),
            [("E", "", [(True, "plain", 7, ""), (True, "", None, "something happened"), (True, "b.x", 9, "")])],
        ),
        (event(exception={"class": "E", "message": "m"}), [("E", "m", [])]),
        (event(stacktrace=["a.rb:1:in `x'"], exception_class="E"), [("E", "", [(True, "a.rb", 1, "x")])]),
        (event("boom\nat line 1\nat the end of the day\nsee main.py:12"), []),
        (event(""), []),
        (event(exception=["x"], stack=7, frames={"frames": "x"}), []),
    ],
    ids=[
        *("python text", "node", "firefox", "java", ".net", "ruby", "go", "php", "android", "cfml", "plain"),
        *("no frames", "beside", "prose", "nothing", "nonsense"),
    ],
)
def test_every_language_is_read(sent: Event, found: Any) -> None:
    assert told(stacks_of(sent)) == found


def test_frames_of_python_are_turned_around_and_have_their_source() -> None:
    frames = [
        {"filename": "/srv/a.py", "lineno": 1, "name": "outer", "line": "inner()"},
        {"filename": "/srv/b.py", "lineno": 2, "name": "inner", "line": "raise E"},
    ]
    (stack,) = stacks_of(event(exception={"qualified_class": "builtins.ValueError", "class": "x", "frames": frames}))
    assert stack.kind == "ValueError"
    assert stack.frames == [
        Frame("/srv/b.py", 2, function="inner", code="raise E"),
        Frame("/srv/a.py", 1, function="outer", code="inner()"),
    ]


def test_what_the_sender_says_is_its_own_code_is() -> None:
    frames = [{"filename": "/x/site-packages/a.js", "in_app": True}, {"filename": "mine.js", "in_app": False}]
    (stack,) = stacks_of(event(exception={"class": "E", "frames": frames}))
    assert [run.in_app for run in stack.runs()] == [True, False]


def test_causes_follow_up_to_a_bound() -> None:
    exception: dict[str, Any] = {"class": "E0"}
    for n in range(1, 30):
        exception = {"class": f"E{n}", ("cause" if n % 2 else "inner_exception"): exception}
    assert [stack.kind for stack in stacks_of(event(exception=exception))] == [f"E{29 - n}" for n in range(MOST_CAUSES)]


def test_of_very_many_frames_the_ends_are_kept() -> None:
    frames = [{"filename": "a.js", "lineno": n + 1, "name": f"f{n}"} for n in range(MOST_FRAMES + 50)]
    (stack,) = stacks_of(event(exception={"class": "E", "frames": frames}))
    assert (len(stack.frames), stack.left_out) == (MOST_FRAMES, 50)
    assert (stack.frames[0].function, stack.frames[-1].function) == ("f0", f"f{MOST_FRAMES + 49}")


@pytest.mark.parametrize(
    "frame",
    [
        {},
        {"filename": 7, "lineno": "x", "name": None},
        {"lineno": -1},
        {"lineno": 10**30},
        {"line": True},
        7,
        None,
        [],
        "",
    ],
)
def test_frames_that_say_nothing_do_no_harm(frame: Any) -> None:
    (stack,) = stacks_of(event(exception={"class": "E", "frames": [frame]}))
    assert all(each.line is None for each in stack.frames)
    assert "E" in stack.text()


def test_a_stack_is_told_as_text() -> None:
    frames = [{"filename": "/srv/a.py", "lineno": 1, "name": "f", "line": "  go()"}]
    (stack,) = stacks_of(event(exception={"class": "E", "message": "m", "frames": frames}))
    assert stack.text() == "E: m\n    at f (/srv/a.py:1)\n        go()"


@pytest.mark.parametrize("part", ['File "', "at (", "at a:", "(", ":1", "@", "#1 (", "in `", "at  in ", "<"])
def test_a_hostile_text_ends(part: str) -> None:
    assert len(stacks_of(event("\n".join([part * 2_000] * 200)))) <= MOST_CAUSES


def calls(sent: Event) -> list[tuple[str, str, list[str]]]:
    return [
        (stack.kind, stack.message, [frame.function or frame.file for frame in stack.frames])
        for stack in stacks_of(sent)
    ]


NESTED = [
    ("System.InvalidOperationException", "Could not save", ["Shop.Orders.Place(Order o)", "Shop.Program.Main()"]),
    ("Shop.DbException", "Timed out", ["Shop.Db.Save(Order o)"]),
    ("System.Net.SocketException", "refused", ["System.Net.Sockets.Socket.Connect()"]),
]


def test_dotnet_tells_of_causes_before_the_frames_of_what_they_caused() -> None:
    assert calls(event(DOTNET_NESTED)) == NESTED
    said = {"class": "Mine", "message": "M", "stack": DOTNET_NESTED}
    assert calls(event(exception=said)) == [("Mine", "M", NESTED[0][2]), *NESTED[1:]]
    assert calls(event(exception={**said, "stack": None, "backtrace": DOTNET_NESTED.splitlines()})) == calls(
        event(exception=said)
    )


@pytest.mark.parametrize("said", [PYTHON, PYTHON.splitlines()])
def test_causes_are_found_in_a_stack_that_is_one_text_or_its_lines(said: Any) -> None:
    found = calls(event(exception={"type": "ValueError", "value": "no: really", "stacktrace": said}))
    assert [(kind, frames) for kind, _, frames in found] == [
        ("ValueError", ["<module>"]),
        ("KeyError", ["charge", "run"]),
    ]
    assert calls(event(exception_class="ValueError", stack_trace=said))[1:] == found[1:]


def test_what_stands_between_the_frames_of_a_list_is_no_frame() -> None:
    lines = ["   at Shop.A()", "--- End of stack trace from previous location ---", "   at Shop.B()", "... 2 more"]
    assert calls(event(exception={"class": "X", "backtrace": lines})) == [("X", "", ["Shop.A()", "Shop.B()"])]


def test_ruby_names_the_newest_frame_and_the_error_in_one_line() -> None:
    assert calls(event(RUBY_TEXT)) == [
        ("NoMethodError", "undefined method `x' for nil: it", ["name", "Shop::Cart#show"])
    ]
