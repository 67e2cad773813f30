"""What an adapter and the benchmark say to each other: see ../README.md."""

import importlib.metadata
import json
import sys
import time

# The number, as sixteen digits; what follows is filling.
DIGITS = 16


def clock():
    return time.clock_gettime(time.CLOCK_MONOTONIC)


def version(package):
    return importlib.metadata.version(package)


def payload(number, size):
    return b"%016d" % number + b"." * (size - DIGITS)


def numbers(payloads, size):
    """The numbers of those that came back whole, and how many did not."""
    got, garbled = [], 0
    filling = b"." * (size - DIGITS)
    for content in payloads:
        content = bytes(content)
        if len(content) == size and content.endswith(filling) and content[:DIGITS].isdigit():
            got.append(int(content[:DIGITS]))
        else:
            garbled += 1
    return {"got": got, "garbled": garbled}


def serve(prepare, version):
    """`prepare` makes of a request what is timed, which answers when it ended, and what is looked at afterwards."""
    say({"ready": True, "version": version})
    for line in iter(sys.stdin.readline, ""):
        run = prepare(json.loads(line))
        say({"prepared": True})
        sys.stdin.readline()
        begun = clock()
        ended, look = run()
        say({"begun": begun, "ended": ended, **look()})


def say(what):
    print(json.dumps(what), flush=True)


def main(open_peer):
    """Opens the peer at the place that was named, and serves until there is no more to do."""
    place, synced = sys.argv[1:]
    try:
        prepare, version = open_peer(place, synced == "synced")
        serve(prepare, version)
    except Exception as error:  # whatever it is, the table tells
        say({"error": f"{type(error).__name__}: {error}"})
        raise
