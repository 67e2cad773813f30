"""filelock's own lock: flock on a file, which the kernel gives back when its process ends."""

import filelock

import cycle_peer
import protocol


def open_peer(place, _):
    lock = filelock.FileLock(f"{place}/bench.lock")

    def once():
        lock.acquire()
        lock.release()

    return cycle_peer.actions(once), protocol.version("filelock")


if __name__ == "__main__":
    protocol.main(open_peer)
