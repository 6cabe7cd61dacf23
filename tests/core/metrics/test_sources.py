"""Which sources a glob fits."""

import pytest

from logserver.core.metrics.sources import BadGlob, fitting


@pytest.mark.parametrize(
    ("glob", "fits", "fits_not"),
    [
        ("", ["/var/log/a.log", "stdin"], []),
        ("stdin", ["stdin"], ["/var/log/a.log"]),
        ("/var/log/a.log", ["/var/log/a.log"], ["/var/log/a_log", "/var/log/a.log.1", "/x/var/log/a.log"]),
        ("/var/log/*.log", ["/var/log/a.log", "/var/log/.log"], ["/var/log/x/a.log", "/var/log/a.txt", "stdin"]),
        ("/var/*/a.log", ["/var/log/a.log"], ["/var/a.log", "/var/a/b/a.log"]),
        ("/var/**/a.log", ["/var/a.log", "/var/log/a.log", "/var/x/y/a.log"], ["/var/xa.log", "/a.log"]),
        ("/var/**", ["/var/a", "/var/x/y"], ["/var", "/other/a"]),
        ("**/a.log", ["/a.log", "/x/y/a.log", "a.log"], ["/x/ba.log"]),
        ("/a**/b", ["/a/b", "/ax/y/b"], ["/b"]),
        ("*.log", ["/var/log/a.log", "/x/y/b.log"], ["/var/log.log/a"]),
        ("*", ["/any", "stdin"], []),
        ("/a?c", ["/abc", "/aüc"], ["/ac", "/a/c", "/abbc"]),
        ("/[a-c]x", ["/ax", "/cx"], ["/dx", "//x"]),
        ("/[!a-c]x", ["/dx"], ["/ax", "//x"]),
        ("/[^a]x", ["/bx"], ["/ax", "/^"]),
        ("/[]a]x", ["/]x", "/ax"], ["/bx"]),
        ("/[a.^]x", ["/.x", "/^x"], ["/bx"]),
        ("/[ab", ["/[ab"], ["/a"]),
        (r"/\*\[", ["/*["], ["/x["]),
        ("/a+(b)|c", ["/a+(b)|c"], ["/aab", "c"]),
        ("/über/*", ["/über/x"], ["/uber/x"]),
        ("/a\nb", ["/a\nb"], []),
        ("/*", ["/a\nb"], []),
    ],
)
def test_a_glob_is_one_of_a_shell(glob: str, fits: list[str], fits_not: list[str]) -> None:
    fitted = fitting(glob)
    assert [source for source in (*fits, *fits_not) if fitted(source)] == fits


def test_a_path_that_is_no_text_is_still_looked_at() -> None:
    assert fitting("/var/*")("/var/\udcff")


@pytest.mark.parametrize("glob", ["[z-a]", "\ud800"])
def test_what_is_no_glob_is_refused(glob: str) -> None:
    with pytest.raises(BadGlob):
        fitting(glob)
