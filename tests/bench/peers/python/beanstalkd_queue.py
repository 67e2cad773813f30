"""beanstalkd over its Unix socket, without a client library.

A batch is as many commands in one write, whose answers are read together. Of large payloads it takes but
one a write: of many it answers only some, and waits.
"""

import socket

import protocol
import queue_peer

WRITE_BYTES = 32 * 1024


class Beanstalkd(queue_peer.Queue):
    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(path)
        self.answers = self.socket.makefile("rb", buffering=1 << 20)

    def version(self):
        self.socket.sendall(b"stats\r\n")
        _, size = self.answers.readline().split()
        facts = self.answers.read(int(size) + 2).decode().splitlines()
        return next(fact.split()[1].strip('"') for fact in facts if fact.startswith("version:"))

    def pack(self, payload):
        return b"put 0 0 3600 %d\r\n%b\r\n" % (len(payload), payload)

    def push(self, items):
        some, size = [], 0
        for item in items:
            if some and size + len(item) > WRITE_BYTES:
                self._put(some)
                some, size = [], 0
            some.append(item)
            size += len(item)
        self._put(some)

    def _put(self, items):
        self.socket.sendall(b"".join(items))
        for _ in items:
            self._expect(b"INSERTED")

    def claim(self, most):
        self.socket.sendall(b"reserve-with-timeout 0\r\n" * most)
        tasks = []
        for _ in range(most):
            words = self.answers.readline().split()
            if words[0] == b"RESERVED":
                tasks.append((self.answers.read(int(words[2]) + 2)[:-2], words[1]))
            elif words[0] != b"TIMED_OUT":
                raise OSError(f"beanstalkd answered {words} to a reserve")
        return tasks

    def done(self, receipts):
        self.socket.sendall(b"".join(b"delete %b\r\n" % receipt for receipt in receipts))
        for _ in receipts:
            self._expect(b"DELETED")

    def _expect(self, word):
        answer = self.answers.readline()
        if not answer.startswith(word):
            raise OSError(f"beanstalkd answered {answer}, not {word}")


def open_peer(place, _):
    queue = Beanstalkd(place)
    return queue_peer.actions(queue), queue.version()


if __name__ == "__main__":
    protocol.main(open_peer)
