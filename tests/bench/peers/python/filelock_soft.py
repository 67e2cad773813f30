"""filelock's soft lock: a file that is there while it is held."""

import filelock

import cycle_peer
import protocol


def open_peer(place, _):
    lock = filelock.SoftFileLock(f"{place}/bench.lock")

    def once():
        lock.acquire()
        lock.release()

    return cycle_peer.actions(once), protocol.version("filelock")


if __name__ == "__main__":
    protocol.main(open_peer)
