# SPDX-License-Identifier: Apache-2.0
"""One Kafka transaction by librdkafka, on standard input as JSON: {"broker", "topic", "id", "records": [[key, value]],
"end": "commit" | "abort" | "leave"}. A program of its own, because it runs in a network namespace. "leave" ends the
process in the middle of the transaction, when the broker has all records."""

import ctypes
import json
import os
import sys

_lib = ctypes.CDLL("librdkafka.so.1")
_TEXT, _HANDLE = ctypes.c_char_p, ctypes.c_void_p
for name, result, *arguments in (
        ("conf_new", _HANDLE), ("conf_set", ctypes.c_int, _HANDLE, _TEXT, _TEXT, _TEXT, ctypes.c_size_t),
        ("new", _HANDLE, ctypes.c_int, _HANDLE, _TEXT, ctypes.c_size_t),
        ("topic_new", _HANDLE, _HANDLE, _TEXT, _HANDLE),
        ("init_transactions", _HANDLE, _HANDLE, ctypes.c_int), ("begin_transaction", _HANDLE, _HANDLE),
        ("commit_transaction", _HANDLE, _HANDLE, ctypes.c_int),
        ("abort_transaction", _HANDLE, _HANDLE, ctypes.c_int), ("error_string", _TEXT, _HANDLE),
        ("produce", ctypes.c_int, _HANDLE, ctypes.c_int32, ctypes.c_int, _TEXT, ctypes.c_size_t, _TEXT,
         ctypes.c_size_t, _HANDLE),
        ("flush", ctypes.c_int, _HANDLE, ctypes.c_int)):
    function = getattr(_lib, f"rd_kafka_{name}")
    function.restype, function.argtypes = result, arguments

_PRODUCER, _COPY, _ANY_PARTITION, _WAIT_MS = 0, 2, -1, 20000


def _done(error):
    if error:
        sys.exit(_lib.rd_kafka_error_string(error).decode())


def main():
    order = json.load(sys.stdin)
    why = ctypes.create_string_buffer(512)
    conf = _lib.rd_kafka_conf_new()
    for key, value in {"bootstrap.servers": order["broker"], "transactional.id": order["id"],
                       "partitioner": "murmur2_random"}.items():
        if _lib.rd_kafka_conf_set(conf, key.encode(), value.encode(), why, len(why)):
            sys.exit(why.value.decode())
    producer = _lib.rd_kafka_new(_PRODUCER, conf, why, len(why)) or sys.exit(why.value.decode())
    topic = _lib.rd_kafka_topic_new(producer, order["topic"].encode(), None)
    _done(_lib.rd_kafka_init_transactions(producer, _WAIT_MS))
    _done(_lib.rd_kafka_begin_transaction(producer))
    for key, value in order["records"]:
        key, data = key.encode(), None if value is None else value.encode()
        if _lib.rd_kafka_produce(topic, _ANY_PARTITION, _COPY, data, len(data or b""), key, len(key), None):
            sys.exit("a record was not taken")
    if _lib.rd_kafka_flush(producer, _WAIT_MS):
        sys.exit("the broker did not take everything in time")
    if order["end"] == "commit":
        _done(_lib.rd_kafka_commit_transaction(producer, _WAIT_MS))
    elif order["end"] == "abort":
        _done(_lib.rd_kafka_abort_transaction(producer, _WAIT_MS))
    os._exit(0)  # without a word to the broker


if __name__ == "__main__":
    main()
