"""Pushes, claims and finishes, for whatever queue an adapter has.

A queue has `pack(payload)`, which makes what `push` takes (before the time is taken), `push(items)`, `claim(most)`,
which answers pairs of a payload and a receipt, `done(receipts)`, and `unpack`, the payload as bytes (after the time was
taken).
"""

import time

import protocol

# Longer than any call may take that somebody else's lock delays.
PATIENCE_SECONDS = 20


def actions(queue):
    def prepare(request):
        size, batch = request["payload"], request["batch"]
        numbers = range(request["first"], request["first"] + request["n"])
        items = [queue.pack(protocol.payload(number, size)) for number in numbers]
        batches = [items[at : at + batch] for at in range(0, len(items), batch)]

        def look(payloads):
            seen = protocol.numbers(map(queue.unpack, payloads), size)
            queue.tidy()
            return seen

        def push():
            for some in batches:
                queue.push(some)
            return protocol.clock(), lambda: look([])

        def work():
            ended, payloads = drain(queue, request["most"], batch)
            return ended, lambda: look(payloads)

        def life():
            payloads = []
            for some in batches:
                queue.push(some)
                missing = len(some)
                until = protocol.clock() + PATIENCE_SECONDS
                while missing and protocol.clock() < until:
                    tasks = queue.claim(missing)
                    if tasks:
                        queue.done([receipt for _, receipt in tasks])
                        payloads.extend(content for content, _ in tasks)
                        missing -= len(tasks)
            return protocol.clock(), lambda: look(payloads)

        return {"push": push, "work": work, "life": life}[request["op"]]

    return prepare


def drain(queue, most, batch):
    """Until there are no more: what two looks in a row did not find is not there."""
    payloads, idle, ended = [], 0, protocol.clock()
    while len(payloads) < most and idle < 2:
        tasks = queue.claim(min(batch, most - len(payloads)))
        if not tasks:
            idle += 1
            time.sleep(0.002)
            continue
        idle = 0
        queue.done([receipt for _, receipt in tasks])
        payloads.extend(content for content, _ in tasks)
        ended = protocol.clock()
    return ended, payloads


class Queue:
    """What most queues need not say."""

    def pack(self, payload):
        return payload

    def unpack(self, content):
        return content

    def tidy(self):
        pass


class TextQueue(Queue):
    """One that takes text only."""

    def pack(self, payload):
        return payload.decode()

    def unpack(self, content):
        return content.encode()
