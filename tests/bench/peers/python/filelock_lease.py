"""filelock's lease: a file that its holder refreshes, and that others may take when it is not."""

import filelock

import cycle_peer
import protocol


def open_peer(place, _):
    lock = filelock.SoftFileLease(f"{place}/bench.lock", lease_duration=60)

    def once():
        lock.acquire()
        lock.release()

    return cycle_peer.actions(once), protocol.version("filelock")


if __name__ == "__main__":
    protocol.main(open_peer)
