"""litequeue: SQLite. Many are pushed, or finished, in one transaction; each is claimed in its own."""

from litequeue import LiteQueue

import protocol
import queue_peer


class Litequeue(queue_peer.TextQueue):
    def __init__(self, folder, synced):
        self.queue = LiteQueue(f"{folder}/litequeue.db", timeout=queue_peer.PATIENCE_SECONDS)
        self.queue.conn.execute(f"PRAGMA synchronous = {'FULL' if synced else 'OFF'}")

    def push(self, items):
        if len(items) == 1:
            self.queue.put(items[0])
            return
        with self.queue.transaction(mode="IMMEDIATE"):
            for item in items:
                self.queue.put(item)

    def claim(self, most):
        tasks = []
        while len(tasks) < most:
            message = self.queue.pop()
            if message is None:
                break
            tasks.append((message.data, message.message_id))
        return tasks

    def done(self, receipts):
        if len(receipts) == 1:
            self.queue.done(receipts[0])
            return
        with self.queue.transaction(mode="IMMEDIATE"):
            for receipt in receipts:
                self.queue.done(receipt)

    def tidy(self):
        # Finished ones stay in the table until somebody prunes it.
        self.queue.prune()


if __name__ == "__main__":
    protocol.main(lambda place, synced: (queue_peer.actions(Litequeue(place, synced)), protocol.version("litequeue")))
