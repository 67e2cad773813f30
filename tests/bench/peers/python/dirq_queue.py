"""python-dirq: a directory, and a hard link for each lock. It has no batches, and syncs nothing."""

from dirq.QueueSimple import QueueSimple

import protocol
import queue_peer


class Dirq(queue_peer.Queue):
    def __init__(self, folder):
        self.queue = QueueSimple(folder)
        # What a listing found stands until it is used up, as in the library's own loops.
        self.names = iter(())

    def push(self, items):
        for item in items:
            self.queue.add(item)

    def claim(self, most):
        tasks = self._locked(most)
        if not tasks:
            self.names = iter(self.queue.names())
            tasks = self._locked(most)
        return tasks

    def _locked(self, most):
        tasks = []
        for name in self.names:
            if self.queue.lock(name):
                tasks.append((self.queue.get(name), name))
                if len(tasks) == most:
                    break
        return tasks

    def done(self, receipts):
        for name in receipts:
            self.queue.remove(name)


if __name__ == "__main__":
    protocol.main(lambda place, _: (queue_peer.actions(Dirq(place)), protocol.version("dirq")))
