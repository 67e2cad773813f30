"""huey's SQLite storage. It has no batches.

A claim takes a task out of the table, so there is nothing to finish, and nothing to come back after a crash.
"""

from huey.storage import SqliteStorage

import protocol
import queue_peer


class Huey(queue_peer.Queue):
    def __init__(self, folder, synced):
        filename = f"{folder}/huey.db"
        self.storage = SqliteStorage("bench", filename=filename, fsync=synced, timeout=queue_peer.PATIENCE_SECONDS)

    def push(self, items):
        for item in items:
            self.storage.enqueue(item)

    def claim(self, most):
        tasks = []
        while len(tasks) < most:
            content = self.storage.dequeue()
            if content is None:
                break
            tasks.append((content, None))
        return tasks

    def done(self, receipts):
        pass


if __name__ == "__main__":
    protocol.main(lambda place, synced: (queue_peer.actions(Huey(place, synced)), protocol.version("huey")))
