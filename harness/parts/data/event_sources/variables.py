"""The environment of a handler's process, as Lambda documents it. Pure.

Lambda Developer Guide, "Defined runtime environment variables".
"""

from __future__ import annotations

from collections.abc import Mapping

from harness.parts.data.event_sources.registry import Function

PYTHON = "python3.11"


def environment_of(
    function: Function, stream: str, given: Mapping[str, str], inherited: Mapping[str, str]
) -> dict[str, str]:
    """All variables. stream: of the log; given: what the world gives (the endpoint); inherited: PATH and the like."""
    return {
        **inherited,
        "LANG": "en_US.UTF-8",
        "TZ": ":UTC",
        "_HANDLER": function.handler,
        "AWS_REGION": function.region,
        "AWS_DEFAULT_REGION": function.region,
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{PYTHON}",
        "AWS_LAMBDA_FUNCTION_NAME": function.name,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory_mb),
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{function.name}",
        "AWS_LAMBDA_LOG_STREAM_NAME": stream,
        "AWS_ACCESS_KEY_ID": "drill",
        "AWS_SECRET_ACCESS_KEY": "drill",  # of emulators on loopback: no secret
        "AWS_SESSION_TOKEN": "drill",
        "AWS_EC2_METADATA_DISABLED": "true",
        "LAMBDA_TASK_ROOT": function.folder,
        "LAMBDA_RUNTIME_DIR": function.folder,
        "PYTHONUNBUFFERED": "1",
        **function.variables,
        **given,
    }
