"""What the tests have Python do; node/actor.mjs does the same, word for word.

usage: actor.py COMPONENT ROOT VERB ARGUMENT...
"""

import os
import signal
import sys
import time

from leasehold import Instance, LeaseholdError, new_task
from walk import walk


def push(instance, queue, name, count):
    """A third one at a time, a third as one batch, a third with given ids; prints the payloads."""
    queue, count = instance.queue(queue), int(count)
    payloads = [f"{name}-{number}" for number in range(count)]
    third = count // 3
    for payload in payloads[:third]:
        queue.push([new_task(payload.encode())], "refuse", "unsynced")
    queue.push([new_task(payload.encode()) for payload in payloads[third : 2 * third]], "refuse", "standard")
    queue.push([new_task(payload.encode(), id=payload) for payload in payloads[2 * third :]], "refuse", "unsynced")
    for payload in payloads:
        say(payload)


def drain(instance, queue, holder, start):
    """Works from when the file `start` is there until nothing is left; prints payload and token of each task."""
    queue, holder = instance.queue(queue), instance.holder("open", holder, 60_000, "standard")
    while not os.path.exists(start):
        time.sleep(0.01)
    claims = 0
    while True:
        tasks = queue.claim(holder, 1 + claims % 7, None, "standard")
        claims += 1
        for number, task in enumerate(tasks):
            # Some are given back once, each way there is.
            if task.attempt == 1 and (claims + number) % 10 == 0:
                queue.retry(task.receipt, 0, "not now", "standard")
            elif task.attempt == 1 and (claims + number) % 10 == 5:
                queue.release(task.receipt, "standard")
            else:
                queue.extend(task.receipt, 600_000, "standard")
                say(task.payload.decode(), task.token)
                queue.done(task.receipt, None, "standard")
        status = queue.status()
        if not tasks and status.ready + status.delayed + status.claimed == 0:
            break
    holder.end("standard")


def hold(instance, queue, holder, ttl, count):
    """Claims, prints payload and receipt, and is killed."""
    queue, holder = instance.queue(queue), instance.holder("open", holder, int(ttl), "standard")
    for task in queue.claim(holder, int(count), None, "standard"):
        say(task.payload.decode(), task.receipt)
    os.kill(os.getpid(), signal.SIGKILL)


def reap(instance, queue):
    """Prints the ids of what it took back."""
    for id in instance.queue(queue).reap("standard"):
        say(id)


def done(instance, queue, receipt):
    instance.queue(queue).done(receipt, None, "standard")


def ensure(instance, holder):
    """Prints the epoch."""
    say(instance.holder("ensure", holder, 60_000, "standard").epoch())


def push_one(instance, queue):
    instance.queue(queue).push([new_task(b"one")], "refuse", "synced")


def claim(instance, queue, holder):
    """Prints the payload of what it claims."""
    queue, holder = instance.queue(queue), instance.holder("ensure", holder, 60_000, "standard")
    for task in queue.claim(holder, 1000, None, "standard"):
        say(task.payload.decode())


def cycle(instance, queue, count):
    """Pushes, claims and finishes one after the other; prints how many handles that left open."""
    queue, holder = instance.queue(queue), instance.holder("open", "cycle", 60_000, "standard")
    handles = []
    for number in range(int(count)):
        queue.push([new_task(b"again", id=str(number) if number % 2 else None)], "refuse", "unsynced")
        [task] = queue.claim(holder, 1, None, "standard")
        queue.done(task.receipt, None, "standard")
        if number % (int(count) // 2) == 50:
            handles.append(len(os.listdir("/proc/self/fd")))
    say(handles[1] - handles[0])


def say(*words):
    print(*words, flush=True)


VERBS = {
    verb.__name__.replace("_", "-"): verb
    for verb in (push, drain, hold, reap, done, ensure, push_one, claim, cycle, walk)
}


def main():
    component, root, verb, *arguments = sys.argv[1:]
    try:
        VERBS[verb](Instance(component, root), *arguments)
    except LeaseholdError as error:
        print(error, file=sys.stderr)
        say("error", error.tag)
        sys.exit(1)


if __name__ == "__main__":
    main()
