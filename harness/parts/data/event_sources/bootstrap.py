"""What runs in a handler's process: loads FILE.FUNCTION once, then answers one event after the other.

    python bootstrap.py REQUESTS ANSWERS     (numbers of two pipes that were passed on)

Each request is a line of JSON {"id", "arn", "deadline_ms", "event"}, each answer a line {"id", "result" | "error",
"memory_mb"}; the first line tells how loading went. What the handler prints goes to its standard output. Nothing of the
harness is imported: the handler sees its own folder and the installed packages only.
"""

from __future__ import annotations

import importlib
import json
import os
import resource
import sys
import time
import traceback
from typing import Any

_STACK_LINES_MAX = 40
_ROOM_MB = 1024
"""Addresses beyond what the function may hold: libraries map far more than they use."""


class MarshalError(Exception):
    """The handler returned what is no JSON."""


class Context:
    """The context object of the Python runtime (Lambda Developer Guide, "Using the Lambda context object")."""

    def __init__(self, request: dict[str, Any]) -> None:
        self.function_name = os.environ["AWS_LAMBDA_FUNCTION_NAME"]
        self.function_version = os.environ["AWS_LAMBDA_FUNCTION_VERSION"]
        self.memory_limit_in_mb = os.environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]
        self.log_group_name = os.environ["AWS_LAMBDA_LOG_GROUP_NAME"]
        self.log_stream_name = os.environ["AWS_LAMBDA_LOG_STREAM_NAME"]
        self.invoked_function_arn = request["arn"]
        self.aws_request_id = request["id"]
        self.identity = None
        self.client_context = None
        self._deadline_ms = request["deadline_ms"]

    def get_remaining_time_in_millis(self) -> int:
        """Until the function's time-out."""
        return max(0, int(self._deadline_ms - time.time() * 1000))


def memory_mb() -> int:
    """The most memory that this process has held, in MB."""
    try:
        with open("/proc/self/status", encoding="ascii") as status:
            return next(int(line.split()[1]) // 1024 for line in status if line.startswith("VmHWM"))
    except (OSError, StopIteration):
        return 0


def failure(error: BaseException) -> dict[str, Any]:
    """An exception as Lambda tells it."""
    stack = traceback.format_exception(type(error), error, error.__traceback__)[-_STACK_LINES_MAX:]
    kind = "Runtime.MarshalError" if isinstance(error, MarshalError) else type(error).__name__
    return {"errorMessage": str(error), "errorType": kind, "stackTrace": stack}


def limit_memory() -> None:
    """The watch outside looks now and then; this stops whoever is quicker."""
    room = (int(os.environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]) + _ROOM_MB) << 20
    resource.setrlimit(resource.RLIMIT_AS, (room, room))


def load() -> Any:
    """The handler."""
    sys.path.insert(0, os.environ["LAMBDA_TASK_ROOT"])
    file, _, name = os.environ["_HANDLER"].rpartition(".")
    return getattr(importlib.import_module(file.replace("/", ".")), name)


def main() -> None:
    """Load, tell, answer until the requests end."""
    with open(int(sys.argv[1]), encoding="utf-8") as requests, open(int(sys.argv[2]), "w", encoding="utf-8") as answers:

        def tell(body: dict[str, Any]) -> None:
            answers.write(json.dumps({**body, "memory_mb": memory_mb()}) + "\n")
            answers.flush()

        limit_memory()
        try:
            handler = load()
        except BaseException as error:  # noqa: BLE001 - whatever a handler's file does when it is loaded
            traceback.print_exc()
            tell({"error": {**failure(error), "init": True}})
            return
        tell({"ready": True})
        for line in requests:
            request = json.loads(line)
            try:
                result = handler(request["event"], Context(request))
                try:
                    text = json.dumps(result)
                except (TypeError, ValueError, RecursionError) as error:
                    raise MarshalError(f"Unable to marshal response: {error}") from None
                tell({"id": request["id"], "result": json.loads(text)})
            except BaseException as error:  # noqa: BLE001 - the handler's own failure is its answer
                traceback.print_exc()
                tell({"id": request["id"], "error": failure(error)})
                if isinstance(error, SystemExit | KeyboardInterrupt | MemoryError):
                    return


main()
