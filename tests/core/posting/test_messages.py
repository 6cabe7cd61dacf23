import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logserver.core.posting import messages, targets
from tests.core.posting.posting import ALERT

VALUES = st.one_of(st.text(max_size=500), st.integers(), st.none(), st.lists(st.text(max_size=5), max_size=3))
ALERTS = st.fixed_dictionaries({}, optional=dict.fromkeys(ALERT, VALUES))


def message(**values: Any) -> str:
    told = {"type": "alert.triggered", "timestamp": "2026-09-21T14:13:30.250Z", "data": {**ALERT, **values}}
    return json.dumps(told)


@pytest.mark.parametrize(
    ("url", "shape"),
    [
        ("https://example.com/hook", "standard"),
        ("https://hooks.slack.com/services/T0/B0/x", "slack"),
        ("https://hooks.slack-gov.com/services/T0/B0/x", "slack"),
        ("https://HOOKS.slack.com./services/T0/B0/x", "slack"),
        ("https://hooks.slack.com.example.com/services", "standard"),
        ("https://discord.com/api/webhooks/1/x", "discord"),
        ("https://discordapp.com/api/webhooks/1/x?wait=true", "discord"),
        ("https://canary.discord.com/api/v10/webhooks/1/x", "discord"),
        ("https://ptb.discord.com/api/webhooks/1/x", "discord"),
        ("https://discord.com/api/webhooks/1/x/slack", "slack"),
        ("https://discord.com/other", "standard"),
        ("https://notdiscord.com/api/webhooks/1/x", "standard"),
        ("mailto:ops@example.com", "mail"),
    ],
)
def test_a_url_says_how_it_wants_to_be_told(url: str, shape: str) -> None:
    assert messages.shape(targets.read(url)) == shape


def test_a_chat_is_told_in_words() -> None:
    text = json.loads(messages.payload("slack", message()))["text"]
    assert text.splitlines() == [
        "[HIGH] auth_brute_force triggered",
        "actor_id: user_1",
        "events: 5",
        "status: open",
        "time: 2026-09-21T14:13:30.250Z",
    ]
    said = json.loads(messages.payload("discord", message()))
    assert said["allowed_mentions"] == {"parse": []}
    assert "auth_brute_force triggered" in said["content"]


def test_nothing_of_an_alert_becomes_markup() -> None:
    said = message(group_key="<!channel> & <https://evil.example|here>\n[x](http://evil.example) `@everyone`")
    slack = json.loads(messages.payload("slack", said))["text"]
    assert "&lt;!channel&gt; &amp; &lt;https://evil.example|here&gt; [x]" in slack
    assert len(slack.splitlines()) == 5
    discord = json.loads(messages.payload("discord", said))["content"]
    assert "\\[x\\](http" in discord
    assert "\\<!channel\\>" in discord


def test_a_standard_message_is_sent_as_it_was_written() -> None:
    assert messages.payload("standard", message()) == message().encode()


@settings(deadline=None)
@given(ALERTS, st.text(max_size=50))
def test_any_alert_makes_a_short_text_and_a_subject_of_one_line(data: dict[str, Any], kind: str) -> None:
    written = json.dumps({"type": kind, "timestamp": "now", "data": data})
    slack = json.loads(messages.payload("slack", written))["text"]
    assert "<" not in slack
    assert len(json.loads(messages.payload("discord", written))["content"]) <= messages.MAX_TEXT
    subject, text = messages.letter(written)
    assert len(subject.splitlines()) == 1
    assert subject.isprintable()
    assert len(text.splitlines()) <= 5
