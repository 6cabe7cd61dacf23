"""Which frames of a stack are the sender's own code, and which are of libraries and of the language itself."""

import re

from logserver.core.errors.frames import Frame

_FOREIGN_PLACES = re.compile(
    r"(?:^|[/\\])(?:site-packages|dist-packages|node_modules|bower_components|gems|vendor|jspm_packages)[/\\]"
    r"|[/\\]lib(?:64)?[/\\](?:python[0-9.]*|ruby)[/\\]"
    r"|[/\\]go[/\\](?:pkg[/\\]mod|src)[/\\]"
    r"|^(?:node:|internal/|native|ext:|chrome-extension:|moz-extension:|webpack/|<(?:frozen|internal|anonymous|string))"
    r"|^\[native code\]|^(?:Native Method|Unknown Source|index [0-9]+)$"
    r"|/rustc/|[/\\]\.cargo[/\\]",
)
_FOREIGN_CALLS = re.compile(
    r"(?:java|javax|jakarta|jdk|sun|com\.sun|kotlin|kotlinx|scala|groovy|org\.(?:springframework|apache|hibernate|junit"
    r"|eclipse\.jetty|slf4j)|io\.(?:netty|undertow)|com\.zaxxer|android|androidx|com\.android|dalvik|System|Microsoft"
    r"|Newtonsoft|Npgsql|runtime|net/http|node:internal)[./]"
)


def is_in_app(frame: Frame) -> bool:
    """Whether a frame is of the sender's own code, by what the sender says of it, else by its place and name."""
    if frame.told is not None:
        return frame.told
    if _FOREIGN_PLACES.search(frame.file):
        return False
    # Java spells the module before the class: java.base/java.lang.Thread.run
    called = frame.function.removeprefix("async ").removeprefix("new ")
    if _FOREIGN_CALLS.match(called) or _FOREIGN_CALLS.match(called.partition("/")[2]):
        return False
    return bool(frame.file or frame.function)
