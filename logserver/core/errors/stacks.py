"""The stacks of an error, to be read by people: newest call first, with what caused it behind it.

Clients send them as objects, as lists of lines or as one text, whatever the language; where an event has no
``exception``, the lines of its message are looked through.
"""

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from logserver.core.errors.frames import LONGEST_LINE, Frame, of_object, plain_frame, read_line
from logserver.core.errors.in_app import is_in_app
from logserver.store.events import Event

MOST_FRAMES = 100
"""Of a stack; where there are more, those in the middle are left out."""

MOST_CAUSES = 10
_LONGEST_MESSAGE = 10_000
_MOST_LINES = 2_000
_LISTS = (
    "frames",
    "stacktrace",
    "stack_trace",
    "tagContext",
    "tag_context",
    "backtrace",
    "stack",
    "trace",
    "traceback",
)
_CAUSES = ("cause", "inner_exception", "innerException", "inner", "parent")
_BETWEEN = ("Caused by: ", "The above exception was", "During handling of the above")
_NESTED = _INNER, _END_OF_INNER = "---> ", "--- End of inner exception"
_TEXTUAL = (*_BETWEEN, _INNER, "Traceback (most recent call last)")
"""How lines begin that tell a list of lines is a whole text."""
_APART = ("--- End of", "... ", "Traceback (most recent call last)")
"""How lines begin that stand among frames and are none."""
_RUBY_HEAD = re.compile(r"([^\s:]+:[0-9]{1,9}:in [`'][^']*'): (.*) \(([\w:]+)\)")
_THREAD = re.compile(r'^Exception in thread "[^"]*" ')


class Run(NamedTuple):
    """Frames that follow one another and are all of the sender's own code, or none of them."""

    in_app: bool
    frames: list[Frame]


class Stack(NamedTuple):
    """An exception and the calls that led to it."""

    kind: str
    """Its class; empty where nobody says."""
    message: str
    frames: list[Frame]
    """Newest call first."""
    left_out: int
    """How many frames in the middle are not shown."""

    def runs(self) -> list[Run]:
        """The frames in their order, so that those of libraries can be folded."""
        found: list[Run] = []
        for frame in self.frames:
            own = is_in_app(frame)
            if not found or found[-1].in_app != own:
                found.append(Run(own, []))
            found[-1].frames.append(frame)
        return found

    def text(self) -> str:
        """The stack as plain text."""
        lines = [": ".join(part for part in (self.kind, self.message) if part) or "(no message)"]
        for frame in self.frames:
            place = ":".join(str(part) for part in (frame.file, frame.line, frame.column) if part not in {"", None})
            lines.append(
                f"    at {frame.function} ({place})"
                if frame.function and place
                else f"    at {frame.function or place}"
            )
            if frame.code:
                lines.append(f"        {frame.code.strip()}")
        return "\n".join(lines)


def stacks_of(event: Event) -> list[Stack]:
    """The exception of an event and its causes, the one that was raised last first; empty where there is none."""
    said = event.context.get("exception")
    if isinstance(said, dict):
        return list(_chain(said))
    for name in _LISTS:
        if found := _stacks(event.context.get(name)):
            kind, message = (_text(event.context.get(f"exception_{part}")) for part in ("class", "message"))
            return [found[0]._replace(kind=kind, message=message), *found[1:]]
    if isinstance(said, str) and (found := _of_text(said)):
        return found
    return _of_text(event.message)


def _chain(said: dict[str, Any]) -> Iterator[Stack]:
    for _ in range(MOST_CAUSES):
        kind = next(
            (text for name in ("qualified_class", "class", "type", "name") if (text := _text(said.get(name)))), ""
        )
        found = next((found for name in _LISTS if (found := _stacks(said.get(name)))), [_stack("", "", [])])
        message = _text(said.get("message")) or _text(said.get("value"))
        yield found[0]._replace(kind=kind.removeprefix("builtins."), message=message)
        following = next((said[name] for name in _CAUSES if isinstance(said.get(name), dict)), None)
        if following is None:
            yield from found[1:]
            return
        said = following


def _text(value: Any) -> str:
    return value[:_LONGEST_MESSAGE] if isinstance(value, str) else ""


def _stack(kind: str, message: str, frames: list[Frame]) -> Stack:
    over = len(frames) - MOST_FRAMES
    if over <= 0:
        return Stack(kind, message, frames, 0)
    half = MOST_FRAMES // 2
    return Stack(kind, message, frames[:half] + frames[-half:], over)


def _stacks(said: Any) -> list[Stack]:
    """The stack of a list or a text, with its causes where a text tells of them; empty where there is none."""
    if isinstance(said, dict):
        said = said.get("frames")
    if isinstance(said, list) and any(isinstance(each, str) and each.strip().startswith(_TEXTUAL) for each in said):
        said = "\n".join(each for each in said[:_MOST_LINES] if isinstance(each, str))
    if isinstance(said, str):
        return _of_text(said)
    frames = _frames(said) if isinstance(said, list) else []
    return [_stack("", "", frames)] if frames else []


def _frames(said: list[Any]) -> list[Frame]:
    """The frames of a list, newest first."""
    frames = []
    for each in said[:_MOST_LINES]:
        if isinstance(each, dict):
            frames.append(of_object(each))
        elif isinstance(each, str) and each.strip() and not each.strip().startswith(_APART):
            line, _, code = each.strip().partition("\n")
            frame = plain_frame(line)
            frames.append(Frame(frame.file, frame.line, frame.column, frame.function, code.strip()[:LONGEST_LINE]))
    return _newest_first(frames)


def _newest_first(frames: list[Frame]) -> list[Frame]:
    """Python tells its stacks the other way round than everybody else."""
    python = sum(frame.file.endswith((".py", ".pyx")) or frame.file.startswith("<") for frame in frames)
    return frames[::-1] if python * 2 > len(frames) else frames


def _of_text(text: str) -> list[Stack]:
    """The stacks in a text; empty where fewer than one line is a frame."""
    found: list[Stack] = []
    heading, frames = "", list[Frame]()
    lines = text[: _MOST_LINES * LONGEST_LINE].splitlines()[:_MOST_LINES]
    if {_INNER, _END_OF_INNER} <= {start for line in lines for start in _NESTED if line.strip().startswith(start)}:
        return _of_nested([line.strip() for line in lines])
    for line in lines:
        stripped = line.strip()
        frame = read_line(stripped)
        if frame is not None:
            # Go names the function on the line before its place.
            if frame.file.endswith(".go") and not frame.function and heading.endswith(")"):
                frame, heading = Frame(frame.file, frame.line, function=heading), ""
            frames.append(frame)
        elif not stripped:
            continue
        elif not frames and (ruby := _RUBY_HEAD.fullmatch(stripped[:LONGEST_LINE])):
            frames.append(plain_frame(ruby[1]))
            heading = f"{ruby[3]}: {ruby[2]}"
        elif frames and frames[-1].file.endswith(".py") and line.startswith("    ") and not frames[-1].code:
            last = frames[-1]
            frames[-1] = Frame(last.file, last.line, last.column, last.function, stripped[:LONGEST_LINE])
        elif frames and _is_python(frames) and line[0].isspace():
            continue  # carets under the code, repetitions
        elif frames and (stripped.startswith(_BETWEEN) or _is_python(frames)):
            # Python names the exception below its frames, all others above them.
            below = _is_python(frames)
            found.append(_headed(stripped if below else heading, frames))
            heading, frames = "" if below else stripped.removeprefix("Caused by: "), []
        elif not frames or stripped.endswith(")"):
            heading = stripped
    if frames:
        found.append(_headed(heading, frames))
    return found[::-1] if found and _is_python(found[0].frames) else found[:MOST_CAUSES]


def _of_nested(lines: list[str]) -> list[Stack]:
    """The stacks of .NET, which tells of a cause before the frames of what it caused; the outermost first."""
    found: list[Stack] = []
    headings, frames = [""], list[Frame]()
    for line in lines:
        frame = read_line(line)
        if frame is not None:
            frames.append(frame)
        elif line.startswith(_INNER):
            if frames:
                break  # an AggregateException tells of its causes once more
            headings.append(line.removeprefix(_INNER))
        elif line.startswith(_END_OF_INNER) and len(headings) > 1:
            found.insert(0, _headed(headings.pop(), frames))
            frames = []
        elif line and not frames and not found:
            headings[-1] = line
    while headings:
        found.insert(0, _headed(headings.pop(), frames))
        frames = []
    return found[:MOST_CAUSES]


def _is_python(frames: list[Frame]) -> bool:
    return frames[0].file.endswith(".py") or frames[0].file.startswith("<")


def _headed(heading: str, frames: list[Frame]) -> Stack:
    heading = _THREAD.sub("", heading[:_LONGEST_MESSAGE])
    kind, colon, message = heading.partition(": ")
    kind = kind.partition(" (0x")[0]  # the code of an error of Windows
    if not colon or " " in kind.strip():
        kind, message = ("", heading) if " " in heading else (heading.removesuffix(":"), "")
    return _stack(kind.strip(), message.strip(), _newest_first(frames))
