"""A task list as one would write it with Python's sqlite3: a table, and a transaction for each change."""

import sqlite3

import protocol

SCHEMA = """
create table if not exists tasks (
    id integer primary key, subject text not null, status text not null default 'pending', owner text, token integer
)
"""
CREATE = "insert into tasks (subject) values (?)"
CLAIM = "update tasks set status = 'in_progress', owner = ?, token = ? where id = ? and status = 'pending'"
COMPLETE = "update tasks set status = 'completed' where id = ? and status = 'in_progress' and token = ?"


class List:
    def __init__(self, folder, synced):
        self.connection = sqlite3.connect(f"{folder}/list.db", isolation_level=None)
        self.connection.execute("PRAGMA journal_mode = WAL")
        self.connection.execute(f"PRAGMA synchronous = {'FULL' if synced else 'OFF'}")
        self.connection.execute(SCHEMA)
        self.token = 0
        self.created, self.claimed = [], []

    def prepare(self, request):
        subjects = [f"task {request['first'] + n}" for n in range(request["n"])]

        def create():
            for subject in subjects:
                self.created.append(self.connection.execute(CREATE, (subject,)).lastrowid)

        def claim():
            for task in self.created:
                self.token += 1
                self._one(CLAIM, ("bench", self.token, task))
                self.claimed.append((task, self.token))
            self.created = []

        def complete():
            for claimed in self.claimed:
                self._one(COMPLETE, claimed)
            self.claimed = []

        action = {"create": create, "claim": claim, "complete": complete}[request["op"]]

        def run():
            action()
            return protocol.clock(), lambda: {}

        return run

    def _one(self, statement, values):
        changed = self.connection.execute(statement, values).rowcount
        if changed != 1:
            raise RuntimeError(f"{changed} tasks were changed by {statement!r}")


def open_peer(place, synced):
    return List(place, synced).prepare, sqlite3.sqlite_version


if __name__ == "__main__":
    protocol.main(open_peer)
