"""LangGraph's SQLite saver: each save is a checkpoint of its own in one thread, loaded as the last one."""

import sqlite3

from langgraph.checkpoint.base import empty_checkpoint
from langgraph.checkpoint.sqlite import SqliteSaver

import cycle_peer
import protocol

THREAD = {"configurable": {"thread_id": "bench", "checkpoint_ns": ""}}
METADATA = {"source": "loop", "step": 1, "writes": {}}


def open_peer(place, synced):
    connection = sqlite3.connect(f"{place}/checkpoints.db", check_same_thread=False)
    saver = SqliteSaver(connection)
    saver.setup()
    connection.execute(f"PRAGMA synchronous = {'FULL' if synced else 'OFF'}")

    def once(content):
        checkpoint = empty_checkpoint()
        checkpoint["channel_values"] = {"content": content}
        saver.put(THREAD, checkpoint, METADATA, {})
        return saver.get_tuple(THREAD).checkpoint["channel_values"]["content"]

    return cycle_peer.actions(once), protocol.version("langgraph-checkpoint-sqlite")


if __name__ == "__main__":
    protocol.main(open_peer)
