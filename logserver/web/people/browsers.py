"""What a browser is called where sessions are listed."""

_PROGRAMS = (
    ("Edg/", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
    ("curl/", "curl"),
)
_SYSTEMS = (
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)
_LONGEST = 60


def name_of(browser: str) -> str:
    """``Firefox on Linux`` of a User-Agent; one that says neither is shown as it is, cut short."""
    program = next((name for part, name in _PROGRAMS if part in browser), "")
    system = next((name for part, name in _SYSTEMS if part in browser), "")
    if not program:
        return browser[:_LONGEST] or "unknown"
    return f"{program} on {system}" if system else program
