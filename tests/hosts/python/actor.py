"""What the tests have Python do; node/actor.mjs does the same, word for word.

usage: actor.py COMPONENT ROOT VERB ARGUMENT...
"""

import os
import signal
import sys
import time

from leasehold import GRANTED, Instance, LeaseholdError, job_spec, new_list_task, new_task, save_options, update_fields
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
    await_file(start)
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


def save_one(instance, run):
    instance.checkpoints.save(run, b"one", save_options(), "synced")


def list_one(instance, list):
    instance.tasks.create(list, [new_list_task("one")], None, "synced")


def claim(instance, queue, holder):
    """Prints the payload of what it claims."""
    queue, holder = instance.queue(queue), instance.holder("ensure", holder, 60_000, "standard")
    for task in queue.claim(holder, 1000, None, "standard"):
        say(task.payload.decode())


def take_turns(instance, lease, name, count, start, place):
    """Has the lease so often, half of the times in line; says so in `place`, where nobody else may be meanwhile."""
    holder = instance.holder("open", name, 60_000, "standard")
    await_file(start)
    for number in range(int(count)):
        token = in_turn(instance, lease, holder) if number % 2 else at_last(instance, lease, holder)
        os.mkdir(f"{place}/inside")
        with open(f"{place}/tokens", "a") as tokens:
            tokens.write(f"{token} {name}\n")
        os.rmdir(f"{place}/inside")
        instance.leases.release(lease, token, "standard")
    say(count)


def in_turn(instance, lease, holder):
    while True:
        turn = instance.leases.acquire_in_turn(lease, holder, "standard")
        if turn.tag == "granted":
            return turn.val
        time.sleep(0.002)


def at_last(instance, lease, holder):
    while True:
        try:
            return instance.leases.acquire(lease, holder, "standard")
        except LeaseholdError as error:
            if error.tag not in ("held", "exhausted"):
                raise
        time.sleep(0.002)


def die_holding(instance, holder, ttl):
    """Acquires a lease, claims a run and a task, prints the tokens and the receipt, and is killed."""
    holder = instance.holder("open", holder, int(ttl), "standard")
    lease = instance.leases.acquire("lease", holder, "standard")
    run = instance.checkpoints.claim("run", holder, None, "standard")
    task = instance.tasks.claim_next("list", holder, False, "standard").val
    say(lease, run.receipt, run.token, task.token)
    os.kill(os.getpid(), signal.SIGKILL)


def take_over(instance, holder):
    """Prints the tokens under which it has what another had; each `held` as long as that lives."""
    holder = instance.holder("ensure", holder, 60_000, "standard")
    lease = or_case(lambda: instance.leases.acquire("lease", holder, "standard"))
    run = or_case(lambda: instance.checkpoints.claim("run", holder, None, "standard").token)
    task = or_case(lambda: instance.tasks.claim("list", 1, holder, False, "standard"))
    say(lease, run, task if task == "damaged" else task.val.token if task.tag == "ok" else task.tag)


def too_late(instance, lease, receipt, task):
    """What the dead one would do with what it had; prints what it is told."""
    say(
        or_case(lambda: instance.leases.release("lease", int(lease), "standard")),
        or_case(lambda: instance.checkpoints.save("run", b"late", save_options(receipt), "standard")),
        or_case(lambda: instance.checkpoints.complete("run", receipt, "standard")),
        or_case(lambda: instance.tasks.release("list", 1, int(task), None, "standard")),
    )


def or_case(call):
    try:
        return call()
    except LeaseholdError as error:
        return error.tag


def count_up(instance, run, holder, count, start):
    """Adds one to the number that is the run's content, so often; prints how often somebody else had it."""
    holder = instance.holder("open", holder, 60_000, "standard")
    await_file(start)
    waited = 0
    done = 0
    while done < int(count):
        claimed = or_case(lambda: instance.checkpoints.claim(run, holder, None, "standard"))
        if claimed == "held":
            waited += 1
            time.sleep(0.002)
            continue
        counted = str(int(claimed.content) + 1).encode()
        instance.checkpoints.save(run, counted, save_options(claimed.receipt), "unsynced")
        done += 1
    say(waited)


def drain_list(instance, list, holder, start):
    """Claims what is the most urgent and completes it, until there is nothing; prints the ids."""
    holder = instance.holder("open", holder, 60_000, "standard")
    await_file(start)
    while (claim := instance.tasks.claim_next(list, holder, False, "standard")).tag == "ok":
        say(claim.val.task.id)
        done = update_fields(status="completed", token=claim.val.token)
        instance.tasks.update(list, claim.val.task.id, done, None, "unsynced")


def ungranted(instance):
    """Prints what each store says where only the holders were granted."""
    holder = instance.holder("open", "worker", 60_000, "unsynced")
    say(
        or_case(lambda: instance.queue("q").status()),
        or_case(lambda: instance.leases.acquire("lease", holder, "standard")),
        or_case(lambda: instance.checkpoints.load("run", None)),
        or_case(lambda: instance.tasks.info("list")),
        or_case(lambda: instance.jobs.list(None, None, 1)),
    )


def cycle(instance, queue, count):
    """Goes through the life of a task so often, and now and then of all else; prints how many handles that left open."""
    queue, holder = instance.queue(queue), instance.holder("open", "cycle", 60_000, "standard")
    handles = []
    for number in range(int(count)):
        queue.push([new_task(b"again", id=str(number) if number % 2 else None)], "refuse", "unsynced")
        [task] = queue.claim(holder, 1, None, "standard")
        queue.done(task.receipt, None, "standard")
        if number % (int(count) // 2) == 50:
            handles.append(len(os.listdir("/proc/self/fd")))
        if number % 4:
            continue
        instance.leases.release("cycle", instance.leases.acquire("cycle", holder, "standard"), "standard")
        instance.checkpoints.save("cycle", b"again", save_options(), "unsynced")
        run = instance.checkpoints.claim("cycle", holder, None, "standard")
        instance.checkpoints.complete("cycle", run.receipt, "unsynced")
        [id] = instance.tasks.create("cycle", [new_list_task("again")], None, "unsynced")
        instance.tasks.delete("cycle", id, None, None, None, "unsynced")
        instance.jobs.fail(instance.jobs.create(job_spec(["true"]), None, "unsynced"), "spawn", "unsynced")
        instance.jobs.collect(0)
    say(handles[1] - handles[0])


def await_file(path):
    while not os.path.exists(path):
        time.sleep(0.01)


def say(*words):
    print(*words, flush=True)


VERBS = {
    verb.__name__.replace("_", "-"): verb
    for verb in (
        push, drain, hold, reap, done, ensure, push_one, save_one, list_one, claim, take_turns, die_holding, take_over,
        too_late, count_up, drain_list, ungranted, cycle, walk,
    )
}


def main():
    component, root, verb, *arguments = sys.argv[1:]
    try:
        granted = ("holders",) if verb == "ungranted" else GRANTED
        VERBS[verb](Instance(component, root, granted), *arguments)
    except LeaseholdError as error:
        print(error, file=sys.stderr)
        say("error", error.tag)
        sys.exit(1)


if __name__ == "__main__":
    main()
