"""Takes every call of the contract, as ../walk.json tells: what, on which, method, arguments, answer, name for it."""

import json
import re
import sys
from pathlib import Path
from types import SimpleNamespace

from leasehold import LeaseholdError, Resource, new_task


def walk(instance):
    """Prints what is not as told, and how many steps were."""
    named, wrong = {}, 0
    steps = json.loads(Path(__file__).parent.with_name("walk.json").read_text(encoding="utf-8"))
    for what, on, method, arguments, told, *name in steps:
        try:
            answer = take(instance, value(on, named), method, [value(argument, named) for argument in arguments])
        except LeaseholdError as error:
            answer = f"!{error.tag}"
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
            return instance.call(interface, method, *arguments)


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
        case {"task": payload, **others}:
            fields = {name.replace("-", "_"): value(field, named) for name, field in others.items()}
            return new_task(payload.encode(), **fields)
        case dict():
            return {name: value(field, named) for name, field in told.items()}
        case list():
            return [value(element, named) for element in told]
    return told


def matches(answer, told):
    """Whether the answer has everything that was told of it."""
    if isinstance(told, dict):
        return answer is not None and all(matches(getattr(answer, name), field) for name, field in told.items())
    if isinstance(told, list):
        pairs = isinstance(answer, (list, tuple)) and len(answer) == len(told)
        return pairs and all(map(matches, answer, told))
    if isinstance(answer, bytes) and isinstance(told, str):
        return answer.decode() == told
    return answer == told
