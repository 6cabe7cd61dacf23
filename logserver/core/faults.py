"""What can be wrong with a request, in no dialect: raised by the domain, spoken by the contracts."""


class Fault(Exception):
    """A refusal that is the sender's to mend or to wait for; the message is fit to be shown."""


class Invalid(Fault):
    """The values break a rule; ``problems`` is every broken rule as (field path, message)."""

    def __init__(self, problems: list[tuple[str, str]]) -> None:
        super().__init__("; ".join(f"{field}: {message}" for field, message in problems))
        self.problems = problems


class Malformed(Fault):
    """The request cannot be read at all; ``code`` names how for programs."""

    def __init__(self, message: str, code: str = "bad_request") -> None:
        super().__init__(message)
        self.code = code


class Unauthorized(Fault):
    """No credential, or none that is valid."""


class Forbidden(Fault):
    """A valid credential that may not do this."""


class NotFound(Fault):
    """Nothing of that name is there, as far as this credential can see."""


class Conflict(Fault):
    """The request contradicts what is stored; ``index`` says which element of a batch does."""

    def __init__(self, message: str, index: int = 0) -> None:
        super().__init__(message)
        self.index = index


class Stale(Conflict):
    """A change of a version that is not the one stored; ``current`` is."""

    def __init__(self, message: str, current: int) -> None:
        super().__init__(message)
        self.current = current


class Gone(Fault):
    """It was there and is not any more."""


class TooLarge(Fault):
    """A size exceeds its limit; ``code`` names which one for programs, both figures in the code's unit."""

    def __init__(self, message: str, *, code: str, limit: int, actual: int) -> None:
        super().__init__(message)
        self.code = code
        self.limit = limit
        self.actual = actual


class UnsupportedType(Fault):
    """The body's media type or encoding is not one this endpoint reads; ``code`` names which for programs."""

    def __init__(self, message: str, code: str) -> None:
        super().__init__(message)
        self.code = code


class TooMany(Fault):
    """A rate limit: ``limit`` per ``window_seconds``, free again in ``retry_after`` seconds.

    ``remaining`` is what is left for a request that asks for less.
    """

    def __init__(
        self,
        message: str = "Rate limit exceeded",
        *,
        limit: int,
        remaining: int,
        window_seconds: int,
        retry_after: int,
        reset_at: int,
    ) -> None:
        super().__init__(message)
        self.limit = limit
        self.remaining = remaining
        self.window_seconds = window_seconds
        self.retry_after = retry_after
        self.reset_at = reset_at


class TooSlow(Fault):
    """The sender did not finish its request in time."""
