"""honker: SQLite behind a Rust extension.

In WAL mode with synchronous=NORMAL, which its Python binding does not let anybody change.
"""

import os

import honker

import protocol
import queue_peer


class Honker(queue_peer.TextQueue):
    def __init__(self, folder):
        self.database = honker.open(f"{folder}/honker.db")
        self.queue = self.database.queue("bench", visibility_timeout_s=3600)
        self.worker = f"worker-{os.getpid()}"

    def push(self, items):
        if len(items) == 1:
            self.queue.enqueue(items[0])
            return
        with self.database.transaction() as transaction:
            for item in items:
                self.queue.enqueue(item, tx=transaction)

    def claim(self, most):
        return [(job.payload, job.id) for job in self.queue.claim_batch(self.worker, most)]

    def done(self, receipts):
        if len(receipts) == 1:
            self.queue.ack(receipts[0], self.worker)
        else:
            self.queue.ack_batch(receipts, self.worker)


if __name__ == "__main__":
    protocol.main(lambda place, _: (queue_peer.actions(Honker(place)), protocol.version("honker")))
