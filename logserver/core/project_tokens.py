"""The tokens of one project as its owners make and revoke them."""

from logserver.core import tokens
from logserver.core.faults import Invalid, NotFound
from logserver.core.projects import Project
from logserver.core.tokens import EDGE_SCOPES, KEY_PREFIXES, LOG_PREFIX, PREFIXES, READ_SCOPES, Issued, Token
from logserver.store.tx import Tx

MAX_NAME = 100
LONGEST_DAYS = 3_650

SPELLINGS = (PREFIXES["project"], KEY_PREFIXES["live"], LOG_PREFIX)
"""How a project token may begin; it may do the same however it does."""

SCOPES = {"project": (), "read": READ_SCOPES, "edge": EDGE_SCOPES}
"""The kinds of tokens a project has, and what each may be allowed; a project token has no scopes."""

_DAY_MS = 86_400_000


def issue(
    tx: Tx,
    project: Project,
    *,
    kind: str,
    name: str,
    spelling: str,
    scopes: list[str],
    days: int | None,
    now_ms: int,
    created_by: int,
) -> Issued:
    """Make a token of a project that ends after so many ``days`` (1 to 3,650; None: never).

    Raises Invalid with every value that breaks a rule, also where the project is archived.
    """
    problems = []
    if kind not in SCOPES:
        problems.append(("kind", f"must be one of {', '.join(SCOPES)}"))
    if not name.strip() or len(name) > MAX_NAME or not name.isprintable():
        problems.append(("name", f"must be 1 to {MAX_NAME} characters, none of them a control character"))
    if kind == "project" and spelling not in SPELLINGS:
        problems.append(("spelling", f"must be one of {', '.join(SPELLINGS)}"))
    allowed = SCOPES.get(kind, ())
    if allowed and not (scopes and set(scopes) <= set(allowed)):
        problems.append(("scopes", f"must be one or more of {', '.join(allowed)}"))
    if days is not None and not 1 <= days <= LONGEST_DAYS:
        problems.append(("days", f"must be 1 to {LONGEST_DAYS:,}"))
    if problems:
        raise Invalid(problems)
    return tokens.issue(
        tx,
        kind=kind,
        name=name.strip(),
        project=project,
        now_ms=now_ms,
        expires_at=now_ms + days * _DAY_MS if days is not None else None,
        prefix=spelling if kind == "project" else None,
        scopes=tuple(scope for scope in allowed if scope in scopes),
        created_by=created_by,
    )


def require(tx: Tx, project: Project, token_id: str) -> None:
    """Raise NotFound where a token of this id does not belong to the project."""
    row = tx.execute("SELECT 1 FROM tokens WHERE uuid = ? AND project = ?", (token_id, project.number)).fetchone()
    if row is None:
        raise NotFound("this project has no such token")


def revoke(tx: Tx, project: Project, token_id: str, now_ms: int) -> Token:
    """Revoke a token of a project, of any kind; raises NotFound."""
    require(tx, project, token_id)
    return tokens.revoke(tx, token_id, now_ms)
