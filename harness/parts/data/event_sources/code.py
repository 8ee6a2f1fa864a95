"""The code of a function as a folder on this machine: from the zip file of a call, or from a local file, folder or zip.

Local code is named as an object of the bucket `local`, which is none: `{"S3Bucket": "local", "S3Key": "/path"}`. A
folder is used where it lies, so that its files can be changed between two invocations of new environments.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import io
import uuid
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harness.parts.data.event_sources.registry import invalid

LOCAL_BUCKET = "local"
UNZIPPED_BYTES_MAX = 250 << 20
"""Lambda Developer Guide, "Lambda quotas": deployment package, unzipped."""


def placed(code: Mapping[str, Any], home: Path) -> dict[str, Any]:
    """Put code into a new folder below `home`; `folder`, `code_size`, `code_sha256` of the function. Raises
    ApiError."""
    if code.get("ZipFile"):
        try:
            data = base64.b64decode(code["ZipFile"], validate=True)
        except (binascii.Error, TypeError):
            raise invalid("Could not unzip uploaded file: it is no base64") from None
        return _unzipped(data, home)
    if code.get("S3Bucket") != LOCAL_BUCKET:
        raise invalid("Code must be a ZipFile, or a path on this machine: S3Bucket=local, S3Key=PATH")
    path = Path(str(code.get("S3Key", "")))
    if path.suffix == ".zip" and path.is_file():
        return _unzipped(path.read_bytes(), home)
    folder = path if path.is_dir() else path.parent
    if not path.is_absolute() or not path.exists():
        raise invalid(f"S3Key must be the whole path of a file, a folder or a zip file of this machine: {path}")
    size = path.stat().st_size
    return {"folder": str(folder), "code_size": size, "code_sha256": _digest(str(path).encode())}


def _unzipped(data: bytes, home: Path) -> dict[str, Any]:
    folder = home / uuid.uuid4().hex
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > UNZIPPED_BYTES_MAX:
                raise invalid(f"Unzipped size must be smaller than {UNZIPPED_BYTES_MAX} bytes")
            folder.mkdir(parents=True)
            archive.extractall(folder)
    except (zipfile.BadZipFile, OSError, RuntimeError, NotImplementedError) as error:
        raise invalid(
            f"Could not unzip uploaded file. Please check your file, then try to upload again: {error}"
        ) from error
    return {"folder": str(folder), "code_size": len(data), "code_sha256": _digest(data)}


def _digest(data: bytes) -> str:
    return base64.b64encode(hashlib.sha256(data).digest()).decode()
