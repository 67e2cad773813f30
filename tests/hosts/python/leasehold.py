"""The component under wasmtime-py, with Python's manners: an answer is returned, an error is raised."""

from pathlib import Path
from types import SimpleNamespace

from wasmtime import Engine, Store, WasiConfig
from wasmtime.component import Component, Linker, Record, Variant

VERSION = "0.1.0"
GRANTED = (".aristo", "holders")
TEXT_ERRORS = {
    "not-granted", "invalid-name", "invalid-argument", "not-found", "lost", "exists", "exhausted", "paused",
    "unsupported", "too-large", "damaged", "io", "other",
}


class LeaseholdError(Exception):
    """Why a call changed nothing; `tag` is the case of the error."""

    def __init__(self, tag, payload):
        super().__init__(f"{tag}: {payload}")
        self.tag = tag


class Instance:
    """One instance of the component, with the stores beneath `root`."""

    def __init__(self, component, root):
        engine = Engine()
        wasi = WasiConfig()
        for name in GRANTED:
            directory = Path(root, name)
            directory.mkdir(parents=True, exist_ok=True)
            wasi.preopen_dir(str(directory), name)
        linker = Linker(engine)
        linker.add_wasip2()
        self._store = Store(engine)
        self._store.set_wasi(wasi)
        self._instance = linker.instantiate(self._store, Component.from_file(engine, str(component)))
        self._functions = {}

    def call(self, interface, name, *arguments):
        key = (interface, name)
        if key not in self._functions:
            of = self._instance.get_export_index(self._store, f"leasehold:store/{interface}@{VERSION}")
            index = self._instance.get_export_index(self._store, name, of)
            self._functions[key] = self._instance.get_func(self._store, index)
        return answered(self._functions[key](self._store, *arguments))

    def drop(self, resource):
        resource.drop(self._store)

    def queue(self, name):
        return Resource(self, "queues", "queue", self.call("queues", "[static]queue.open", name))

    def holder(self, how, *arguments):
        """`how` is open, attach or ensure."""
        return Resource(self, "holders", "holder", self.call("holders", f"[static]holder.{how}", *arguments))


class Resource:
    """A handle whose methods are those of the contract, with `_` for `-`."""

    def __init__(self, instance, interface, kind, handle):
        self.handle = handle
        self._instance, self._interface, self._kind = instance, interface, kind

    def __getattr__(self, method):
        name = f"[method]{self._kind}.{method.replace('_', '-')}"
        return lambda *arguments: self._instance.call(self._interface, name, self.handle, *map(unwrapped, arguments))

    def drop(self):
        self._instance.drop(self.handle)


def new_task(payload, id=None, priority=None, delay=0, max_attempts=None, attributes=()):
    task = Record()
    fields = {
        "id": id, "payload": payload, "priority": priority, "delay": delay, "max-attempts": max_attempts,
        "attributes": [tuple(attribute) for attribute in attributes],
    }
    task.__dict__.update(fields)
    return task


def unwrapped(argument):
    return argument.handle if isinstance(argument, Resource) else argument


def answered(answer):
    """wasmtime-py returns the error of a `result` where others raise it."""
    if isinstance(answer, Variant):
        if answer.tag == "held" or answer.tag in TEXT_ERRORS:
            raise LeaseholdError(answer.tag, plain(answer.payload))
        raise TypeError(f"an answer that is not known: {answer.tag}")
    return plain(answer)


def plain(value):
    """Records with attributes, `_` for `-`."""
    if isinstance(value, Record):
        return SimpleNamespace(**{name.replace("-", "_"): plain(field) for name, field in vars(value).items()})
    if isinstance(value, list):
        return [plain(element) for element in value]
    return value
