"""The scripts that a process sends are those of its own code."""

import pytest
from redis import Redis

from cityweather.tracker import scripts as module


@pytest.mark.parametrize("redis_server", ["fake"], indirect=True)
def test_a_deploy_of_newer_files_does_not_change_what_a_running_process_sends(
    redis_server: "Redis[bytes]", monkeypatch: pytest.MonkeyPatch
) -> None:
    scripts = module.Scripts(redis_server)
    monkeypatch.setattr(module, "_text", lambda *_: "return 'newer'")
    assert scripts.run("close", "job", None, 1, 0) == b"gone"
    assert scripts.run_many("close", None, {"job": [1, 0]}) == [b"gone"]
