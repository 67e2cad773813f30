"""One thing that is done `n` times: `once(content)` answers what came back, or nothing."""

import protocol


def actions(once):
    def prepare(request):
        size = request["payload"]
        first = request["first"]
        contents = [protocol.payload(number, size) for number in range(first, first + request["n"])] if size else None

        def run():
            if contents is None:
                for _ in range(request["n"]):
                    once()
                return protocol.clock(), lambda: {}
            loaded = [once(content) for content in contents]
            ended = protocol.clock()
            # Where something came back, it has to be what went in.
            return ended, lambda: protocol.numbers(loaded, size)

        return run

    return prepare
