"""The component under wasmtime-py, with Python's manners: an answer is returned, an error is raised."""

from pathlib import Path
from types import SimpleNamespace

from wasmtime import Engine, Store, WasiConfig
from wasmtime.component import Component, Linker, Record, Variant

VERSION = "0.1.0"
GRANTED = (".aristo", "claims", "checkpoint", "tasks", "jobs", "holders")
INTERFACES = ("queues", "holders", "leases", "checkpoints", "tasks", "jobs", "maintenance")
ERRORS = {
    "not-granted", "invalid-name", "invalid-argument", "not-found", "lost", "held", "exists", "exhausted", "paused",
    "unsupported", "too-large", "damaged", "io", "other",
}
# wasmtime-py leaves out which case an answer is where the payloads differ in kind.
CASES = {
    ("leases", "acquire-in-turn"): {int: "granted", SimpleNamespace: "waiting"},
    ("tasks", "history"): {SimpleNamespace: "changes", int: "too-old"},
}


class LeaseholdError(Exception):
    """Why a call changed nothing; `tag` is the case of the error, `val` a text, or who holds the thing."""

    def __init__(self, tag, val):
        super().__init__(f"{tag}: {val}")
        self.tag, self.val = tag, val


class Instance:
    """One instance of the component, with the stores beneath `root`: `leases.acquire(...)` and so on."""

    def __init__(self, component, root, granted=GRANTED):
        engine = Engine()
        wasi = WasiConfig()
        for name in granted:
            directory = Path(root, name)
            directory.mkdir(parents=True, exist_ok=True)
            wasi.preopen_dir(str(directory), name)
        linker = Linker(engine)
        linker.add_wasip2()
        self._store = Store(engine)
        self._store.set_wasi(wasi)
        self._instance = linker.instantiate(self._store, Component.from_file(engine, str(component)))
        self._functions = {}
        for interface in INTERFACES:
            setattr(self, interface, Functions(self, interface))

    def call(self, interface, name, *arguments):
        key = (interface, name)
        if key not in self._functions:
            of = self._instance.get_export_index(self._store, f"leasehold:store/{interface}@{VERSION}")
            index = self._instance.get_export_index(self._store, name, of)
            self._functions[key] = self._instance.get_func(self._store, index)
        answer = answered(self._functions[key](self._store, *map(lowered, arguments)))
        if key in CASES:
            return SimpleNamespace(tag=CASES[key][type(answer)], val=answer)
        return answer

    def drop(self, resource):
        resource.drop(self._store)

    def queue(self, name):
        return Resource(self, "queues", "queue", self.call("queues", "[static]queue.open", name))

    def holder(self, how, *arguments):
        """`how` is open, attach or ensure."""
        return Resource(self, "holders", "holder", self.call("holders", f"[static]holder.{how}", *arguments))


class Functions:
    """The functions of an interface, named as in the contract, with `_` for `-`."""

    def __init__(self, instance, interface):
        self._instance, self._interface = instance, interface

    def __getattr__(self, function):
        name = function.replace("_", "-")
        return lambda *arguments: self._instance.call(self._interface, name, *arguments)


class Resource:
    """A handle whose methods are those of the contract, with `_` for `-`."""

    def __init__(self, instance, interface, kind, handle):
        self.handle = handle
        self._instance, self._interface, self._kind = instance, interface, kind

    def __getattr__(self, method):
        name = f"[method]{self._kind}.{method.replace('_', '-')}"
        return lambda *arguments: self._instance.call(self._interface, name, self.handle, *arguments)

    def drop(self):
        self._instance.drop(self.handle)


# A record is passed as a dictionary with all its fields; these fill in what may be left out.


def new_task(payload, id=None, priority=None, delay=0, max_attempts=None, attributes=()):
    """A task for a queue."""
    attributes = [tuple(attribute) for attribute in attributes]
    return dict(
        payload=payload, id=id, priority=priority, delay=delay, max_attempts=max_attempts, attributes=attributes
    )


def save_options(receipt=None, keep_claim=False, history=None):
    return dict(receipt=receipt, keep_claim=keep_claim, history=history)


def new_list_task(subject, description="", active_form=None, priority=None, blocked_by=(), blocked_by_new=(),
                  metadata=None):
    """A task for a list; `metadata` is JSON."""
    return dict(
        subject=subject, description=description, active_form=active_form, priority=priority,
        blocked_by=list(blocked_by), blocked_by_new=list(blocked_by_new), metadata=metadata,
    )


def update_fields(**fields):
    """What is to be different in a task of a list."""
    edges = dict(add_blocked_by=[], remove_blocked_by=[], add_blocks=[], remove_blocks=[])
    absent = ("subject", "description", "active_form", "priority", "status", "metadata", "token", "if_revision")
    return dict.fromkeys(absent) | edges | fields


def job_spec(command, dir=None, timeout=None, output_bytes_max=None, pty=False, notify=False):
    return dict(
        command=command, dir=dir, timeout=timeout, output_bytes_max=output_bytes_max, pty=pty, notify=notify
    )


def lowered(argument):
    """What wasmtime-py takes: its own records, with `-` in the names, and handles."""
    if isinstance(argument, Resource):
        return argument.handle
    if isinstance(argument, dict):
        record = Record()
        record.__dict__.update({name.replace("_", "-"): lowered(field) for name, field in argument.items()})
        return record
    if isinstance(argument, list):
        return [lowered(element) for element in argument]
    return argument


def answered(answer):
    """wasmtime-py returns the error of a `result` where others raise it."""
    if isinstance(answer, Variant):
        # The result itself is told apart only where the answer is a variant too.
        if answer.tag == "ok":
            return plain(answer.payload)
        error = answer.payload if answer.tag == "err" else answer
        if error.tag in ERRORS:
            raise LeaseholdError(error.tag, plain(error.payload))
        raise TypeError(f"an answer that is not known: {answer.tag}")
    return plain(answer)


def plain(value):
    """Records with attributes, `_` for `-`; variants with `tag` and `val`."""
    if isinstance(value, Record):
        return SimpleNamespace(**{name.replace("-", "_"): plain(field) for name, field in vars(value).items()})
    if isinstance(value, Variant):
        return SimpleNamespace(tag=value.tag, val=plain(value.payload))
    if isinstance(value, list):
        return [plain(element) for element in value]
    return value
