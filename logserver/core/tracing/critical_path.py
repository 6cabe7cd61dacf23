"""The critical path: which spans a trace waited for, moment by moment.

Seen from the end: what ended last is what was waited for; before it began, what ended last before that. Where no
child was running, it was the span itself. To shorten a trace, one of these has to become faster.
"""

from collections.abc import Sequence

from logserver.core.tracing.tree import Span


def mark(spans: Sequence[Span]) -> None:
    """Mark the spans on the critical path, with how long each was itself what was waited for.

    ``spans`` are in the order of tree.ordered(); several roots count as children of one that spans them all.
    """
    children: dict[int, list[int]] = {-1: []}
    path: list[int] = []
    for at, span in enumerate(spans):
        del path[span.depth :]
        children.setdefault(path[-1] if path else -1, []).append(at)
        path.append(at)
    end = max((span.offset + span.duration for span in spans), default=0)
    waiting = [(-1, 0, end)]
    while waiting:
        at, since, until = waiting.pop()
        moment = until
        for below in sorted(children.get(at, ()), key=lambda n: spans[n].offset + spans[n].duration, reverse=True):
            span = spans[below]
            ended = min(span.offset + span.duration, moment)
            begun = max(span.offset, since)
            if ended <= since:
                break
            if begun >= ended:
                continue
            if at >= 0:
                spans[at].own_critical += moment - ended
            span.critical = True
            waiting.append((below, begun, ended))
            moment = begun
        if at >= 0:
            spans[at].own_critical += moment - since
