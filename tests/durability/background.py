"""A process that compacts, and collects garbage, over and over until its input ends; then it says how often.

Its arguments: a home of its own, the address of the store, and the address of the files.
"""

from __future__ import annotations

import sys
import threading
from pathlib import Path

from assay.server.compose import open_house
from assay.server.home import Home

GRACE_US = 3_000_000  # longer than any upload of the test


def main(home: str, store: str, files: str) -> None:
    """Works until its input ends."""
    house = open_house(Home(Path(home)), store, files)
    stop = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), stop.set()), daemon=True).start()
    compacted = rounds = 0
    print("ready", flush=True)
    while not stop.wait(0.5):
        compacted += house.store.settle(-1)
        house.services.files.collect(GRACE_US)
        rounds += 1
    house.close()
    print(compacted, rounds, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
