"""The files in deploy/ keep what the local stack proves by running."""

import re
from pathlib import Path

CONFIGURATION = Path(__file__).parents[2] / "deploy" / "mosquitto.conf"


def test_every_listener_takes_the_users_name_for_the_clients() -> None:
    # Also those that are commented out, for whoever uncomments them.
    blocks = re.split(r"^#?listener ", CONFIGURATION.read_text(), flags=re.MULTILINE)[1:]
    assert blocks
    assert all("use_username_as_clientid true" in block for block in blocks)


def test_listeners_share_their_settings() -> None:
    # With settings of their own Mosquitto 2.0.21 drops what comes for a client that is away.
    assert not re.search(r"^per_listener_settings", CONFIGURATION.read_text(), re.MULTILINE)
