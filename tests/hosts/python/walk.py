"""Takes the steps that a file of ../walks tells: what, on which, method, arguments, answer, name for it.

On `command` the method is a command, to be run with the arguments; the answer is what it prints, a line each. On
`file` the method and the arguments are a path and what is written there.
"""

import json
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import leasehold
from leasehold import LeaseholdError, Resource, new_task


def walk(instance, file, command, root):
    """Prints what is not as told, and how many steps were."""
    named, wrong = {}, 0
    steps = json.loads(Path(file).read_text(encoding="utf-8"))
    for what, on, method, arguments, told, *name in steps:
        arguments = [value(argument, named) for argument in arguments]
        try:
            if on == "command":
                answer = run(command, root, method, arguments)
            elif on == "file":
                answer = write(Path(root, method, *arguments[:-1]), arguments[-1])
            else:
                answer = take(instance, value(on, named), method, arguments)
        except LeaseholdError as error:
            answer = error
            print(f"{what}: {error}", file=sys.stderr)
        if name:
            named[name[0]] = answer
        if not matches(answer, value(told, named)):
            wrong += 1
            print(f"{what}: {answer!r} is not {told!r}", flush=True)
    print(f"{len(steps) - wrong} of {len(steps)}", flush=True)


def take(instance, on, method, arguments):
    match on:
        case Resource():
            return getattr(on, method)(*arguments)
        case "holder":
            return instance.holder(method, *arguments)
        case "queue":
            return instance.queue(*arguments)
        case interface:
            return getattr(getattr(instance, interface), method)(*arguments)


def run(command, root, verb, arguments):
    """Bytes among the arguments are its input."""
    given = b"".join(argument for argument in arguments if isinstance(argument, bytes))
    words = [str(argument) for argument in arguments if not isinstance(argument, bytes)]
    done = subprocess.run([command, "--root", root, "--json", verb, *words], input=given, capture_output=True)
    # `job wait` ends as the job does, and complains of nothing.
    if done.returncode and done.stderr:
        error = json.loads(done.stderr.splitlines()[-1])
        raise LeaseholdError(error["error"], error["message"])
    # By lines of bytes: those of a text end in more places.
    return [json.loads(line, object_hook=lambda fields: SimpleNamespace(**fields)) for line in done.stdout.splitlines()]


def write(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def value(told, named):
    """What is written with `$` is named before; `60000n` is a 64-bit number."""
    match told:
        case str() if told.startswith("$"):
            first, *path = told[1:].split(".")
            found = named[first]
            for step in path:
                found = found[int(step)] if isinstance(found, list) else getattr(found, step)
            return found
        case str() if re.fullmatch(r"\d+n", told):
            return int(told[:-1])
        case {"bytes": text}:
            return text.encode()
        case {"task": str() as payload, **others}:
            fields = {name.replace("-", "_"): value(field, named) for name, field in others.items()}
            return new_task(payload.encode(), **fields)
        case {"is": kind, **fields}:
            return getattr(leasehold, kind)(**{name: value(field, named) for name, field in fields.items()})
        case dict():
            return {name: value(field, named) for name, field in told.items()}
        case list():
            return [value(element, named) for element in told]
    return told


def matches(answer, told):
    """Whether the answer has everything that was told of it."""
    if isinstance(answer, LeaseholdError) and isinstance(told, str):
        return told == f"!{answer.tag}"
    if isinstance(told, dict):
        return answer is not None and all(matches(getattr(answer, name, None), field) for name, field in told.items())
    if isinstance(told, list):
        pairs = isinstance(answer, (list, tuple)) and len(answer) == len(told)
        return pairs and all(map(matches, answer, told))
    if isinstance(answer, bytes) and isinstance(told, str):
        return answer.decode() == told
    return answer == told
