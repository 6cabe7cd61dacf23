"""The machine's clock is set while the server runs: nothing is lost, nothing is deleted early, and it goes on."""

import platform
from pathlib import Path

import pytest

from tests.whole.load import Load
from tests.whole.process import PROGRAM, serving
from tests.whole.raw import EVENTS, Wire, ask, get, log_event, request
from tests.whole.shell import create_token, found
from tests.whole.verify import verify

LIBRARIES = [
    Path(f"/usr/lib/{platform.machine()}-linux-gnu/faketime/libfaketimeMT.so.1"),
    Path("/usr/lib/faketime/libfaketimeMT.so.1"),
]
LIBRARY = next((path for path in LIBRARIES if path.exists()), None)
HOURS = 3_600


@pytest.mark.skipif(LIBRARY is None, reason="needs libfaketime, which apt-get installs as faketime")
def test_a_clock_that_is_set_loses_and_deletes_nothing(tmp_path: Path) -> None:
    folder, offset = tmp_path / "data", tmp_path / "offset"
    load, beside = Load(11, [create_token(folder)]), create_token(folder, "beside")
    offset.write_text("+0")
    # Only the wall clock is turned: the monotonic one never steps, which is what the server's schedules go by.
    program = (
        *("env", f"LD_PRELOAD={LIBRARY}", f"FAKETIME_TIMESTAMP_FILE={offset}", "FAKETIME_NO_CACHE=1"),
        *("DONT_FAKE_MONOTONIC=1", *PROGRAM),
    )
    with serving(folder, "--access-log", "off", program=program) as server:
        for step, seconds in enumerate((0, -6 * HOURS, 0, 30 * HOURS, -HOURS)):
            turned = offset.with_suffix(".new")
            turned.write_text(f"{seconds:+d}")
            turned.replace(offset)
            load.send(server, 12)
            message = f"step {step}"
            assert ask(server, request(EVENTS, beside, log_event(message))).status == 201
            with Wire(server) as wire:
                shown = get(wire, "/api/v1/cli/projects/beside/events", beside, q=f'"{message}"').json()["items"]
                assert [each["message"] for each in shown] == [message]
                assert get(wire, "/readyz").status == 200
        assert server.stop() == 0
        assert "ERROR" not in server.log()
    assert not load.strange
    assert len({event.received // 1_000_000 for event in found(folder) if event.message.startswith("step ")}) > 2
    verify(folder, load.parcels, beside="beside", arrived=False)
