"""PostgreSQL with SKIP LOCKED, over its Unix socket; claimed tasks stay in the table until they are finished."""

import psycopg

import protocol
import queue_peer

SCHEMA = """
create table if not exists tasks (
    id bigserial primary key, payload bytea not null, held boolean not null default false
);
create index if not exists ready on tasks (id) where not held;
"""
PUSH = "insert into tasks (payload) values (%b)"
PUSH_MANY = "insert into tasks (payload) select unnest(%b::bytea[])"
CLAIM = """
update tasks set held = true
where id = any (array (select id from tasks where not held order by id limit %b for update skip locked))
returning payload, id
"""
DONE = "delete from tasks where id = %b"
DONE_MANY = "delete from tasks where id = any (%b)"


class Postgres(queue_peer.Queue):
    def __init__(self, address, synced):
        sockets, schema = address.split("#")
        options = f"-c search_path={schema} -c synchronous_commit={'on' if synced else 'off'}"
        self.connection = psycopg.connect(
            host=sockets, dbname="postgres", user="postgres", autocommit=True, prepare_threshold=1, options=options
        )
        self.connection.execute(f"create schema if not exists {schema}", prepare=False)
        self.connection.execute(SCHEMA, prepare=False)
        self.cursor = self.connection.cursor(binary=True)

    def version(self):
        number = self.connection.info.server_version
        return f"{number // 10000}.{number % 10000}"

    def push(self, items):
        if len(items) == 1:
            self.cursor.execute(PUSH, items)
        else:
            self.cursor.execute(PUSH_MANY, (items,))

    def claim(self, most):
        return self.cursor.execute(CLAIM, (most,)).fetchall()

    def done(self, receipts):
        if len(receipts) == 1:
            self.cursor.execute(DONE, receipts)
        else:
            self.cursor.execute(DONE_MANY, (receipts,))


def open_peer(place, synced):
    queue = Postgres(place, synced)
    return queue_peer.actions(queue), queue.version()


if __name__ == "__main__":
    protocol.main(open_peer)
