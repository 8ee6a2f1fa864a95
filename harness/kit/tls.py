"""TLS as clients of a stack that is not ours speak it: which name is asked for, and whose certificates are believed."""

from __future__ import annotations

from harness.kit.config import Strict


class Tls(Strict):
    """server_name: asked for, and to be in the certificate. ca_file: certificates that are believed; None: those that
    this machine believes. verify: False believes any, as a checker that only wants an answer does."""

    server_name: str
    ca_file: str | None = None
    verify: bool = True
