"""One region's AWS services, or the Route 53 control plane: moto, one process each, with a log of its commits.

Our own endpoints, beside those of AWS:
    GET  /drill/health
    POST /drill/reset                                                          every table and zone is gone
    POST /drill/tables      {"items": {"key": "id", "value": "value"}}         what the commit log follows
    POST /drill/refuse      {"name": "x", "operations": ["PutItem"], "error": "InternalServerError"}
    POST /drill/allow       {"name": "x"}                                      takes it back: 404 when it does not hold
    POST /drill/changes     {"file": "/folder/of/the/world/changes.jsonl"}     whole changes of all tables, from now on
    POST /drill/elsewhere   {"calls": {"lambda:*": ["127.0.0.1", 9001]}}       what another process answers
    POST /drill/data-plane  {"admin": ["127.0.0.1", 8053]}                     control plane only
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal

from moto.dynamodb.models.dynamo_type import Item
from moto.dynamodb.models.table import Table
from moto.moto_api._internal import mock_random
from moto.moto_api._internal.models import moto_api_backend
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from pydantic import Field

from harness.engines.moto import patches as moto_patches
from harness.engines.moto.change_log import ChangeLog
from harness.engines.moto.commit_log import CommitLog, TableAttributes, tables_of
from harness.engines.moto.elsewhere import Calls, Elsewhere
from harness.engines.moto.expiry import Expiry
from harness.engines.moto.http import Answer, HttpServer, Route, Wsgi, with_routes
from harness.engines.moto.refusals import Allowance, Refusal, Refusals
from harness.engines.moto.warm import warm_up
from harness.engines.moto.writes import WritePath
from harness.errors import InputError, WorldError
from harness.kit.address import ANY_ADDRESS, LoopbackAddress
from harness.kit.config import Strict, Text, parsed
from harness.kit.process import Ready

CONTROL_PLANE = "control-plane"
_INNER_THREADS = 12

# One per process, made (and warmed) before the fork: building moto's application takes longer than serving a call.
_application: Wsgi = DomainDispatcherApplication(create_backend_app)
_write_path: WritePath | None = None


class RegionConfig(Strict):
    """region: its name. listen: where, port 0 for any. commit_log: file of Commit lines, None for none.

    tables: what the commit log follows at first. wrap: MODULE:FUNCTION, called as `function(app, data_plane)`, that
    gives the application to serve, and in its `routes`, if it has any, what is answered below /drill/ besides; None:
    moto's own.
    data_plane: admin address of the Route 53 data plane, None while it is unknown.
    expired_late_s: for how long an item stays whose time to live is over; None: for ever, as moto has it.
    """

    region: Text
    listen: LoopbackAddress
    role: Literal["region", "control-plane"] = "region"
    commit_log: Path | None = None
    tables: dict[str, TableAttributes] = Field(default_factory=dict)
    wrap: str | None = None
    data_plane: LoopbackAddress | None = None
    expired_late_s: float | None = Field(default=None, ge=0)


class DataPlaneBody(Strict):
    """The body of `POST /drill/data-plane`."""

    admin: LoopbackAddress


class ChangesBody(Strict):
    """The body of `POST /drill/changes`."""

    file: Path


class Region:
    """The application of one process, and what our endpoints may change in it."""

    def __init__(self, config: RegionConfig) -> None:
        self.name = config.region
        self.log: CommitLog | None = None
        self._writes = prepare()
        self._data_plane = config.data_plane
        if config.commit_log is not None:
            if self._writes is None:
                raise WorldError(f"the commit log needs moto {moto_patches.MOTO_VERSION}")
            self.log = CommitLog(config.region, config.commit_log, config.tables)
            self._writes.observer, self._writes.dropped = self._committed, self._dropped
        self.changes: ChangeLog | None = None
        self._expiry: Expiry | None = None
        if config.expired_late_s is not None and self._writes is not None:
            self._expiry = Expiry(config.region, self._writes.lock, config.expired_late_s)
            self._expiry.start()
        self.refusals = Refusals()
        self.calls = Calls()
        app: Wsgi = self.calls.wrap(self.refusals.wrap(self.calls.dispatch(_application)), _application)
        if config.wrap is not None:
            app = _function(config.wrap)(app, lambda: self._data_plane)
        routes: dict[tuple[str, str], Route] = {
            ("GET", "/drill/health"): self._health,
            ("POST", "/drill/reset"): self._reset,
            ("POST", "/drill/tables"): self._tables,
            ("POST", "/drill/refuse"): self._refuse,
            ("POST", "/drill/allow"): self._allow,
            ("POST", "/drill/changes"): self._keep_changes,
            ("POST", "/drill/elsewhere"): self._answer_elsewhere,
        }
        if config.role == CONTROL_PLANE:
            routes["POST", "/drill/data-plane"] = self._set_data_plane
        routes |= getattr(app, "routes", {})
        self.app = with_routes(app, routes, "/drill/")

    def _committed(self, table: Table, item: Item, present: bool, before: Item | None) -> None:
        if table.region_name != self.name:
            return
        if self.log is not None:
            self.log.committed(table.name, item.attrs, present=present)
        if self.changes is not None:
            self.changes.changed(table, before, item if present else None)

    def _dropped(self, table: Table) -> None:
        """A table is gone, and what it held."""
        if table.region_name != self.name:
            return
        if self.log is not None:
            for item in table.all_items():
                self.log.committed(table.name, item.attrs, present=False)
        if self.changes is not None:
            self.changes.dropped(table.name)

    def _keep_changes(self, body: Any) -> Answer:
        try:
            file = parsed(ChangesBody, body, "changes").file
        except InputError as error:
            return 400, {"error": str(error)}
        if self._writes is None:
            return 400, {"error": f"changes need moto {moto_patches.MOTO_VERSION}"}
        with self._writes.lock:
            if self.changes is None:
                self.changes = ChangeLog(self.name, file)
                self._writes.keeps_before = True
                self._writes.observer, self._writes.dropped = self._committed, self._dropped
        return 200, {"file": str(self.changes.path)}

    def _answer_elsewhere(self, body: Any) -> Answer:
        try:
            self.calls.held = parsed(Elsewhere, body, "calls answered elsewhere").calls
        except InputError as error:
            return 400, {"error": str(error)}
        return 200, {}

    def _health(self, _: Any) -> Answer:
        return 200, {"region": self.name, "patched": self._writes is not None}

    def _refuse(self, body: Any) -> Answer:
        try:
            self.refusals.refuse(parsed(Refusal, body, "refusal"))
        except InputError as error:
            return 400, {"error": str(error)}
        return 200, {}

    def _allow(self, body: Any) -> Answer:
        try:
            held = self.refusals.allow(parsed(Allowance, body, "allowance").name)
        except InputError as error:
            return 400, {"error": str(error)}
        return (200, {}) if held else (404, {"error": "no such refusal holds"})

    def _reset(self, _: Any) -> Answer:
        self.refusals.clear()
        if self._writes is None:
            moto_api_backend.reset()
            return 200, {}
        with self._writes.lock:
            moto_api_backend.reset()
            if self.log is not None:
                self.log.reset()
            if self.changes is not None:
                self.changes.reset()
        return 200, {}

    def _tables(self, body: Any) -> Answer:
        try:
            tables = tables_of(body)
        except InputError as error:
            return 400, {"error": str(error)}
        if self.log is None:
            return 400, {"error": "this region keeps no commit log"}
        self.log.tables = tables
        return 200, {"tables": sorted(tables)}

    def _set_data_plane(self, body: Any) -> Answer:
        try:
            self._data_plane = parsed(DataPlaneBody, body, "data plane").admin
        except InputError as error:
            return 400, {"error": str(error)}
        return 200, {}

    def close(self) -> None:
        """Stop deleting what has expired, and stop logging."""
        if self._expiry is not None:
            self._expiry.close()
        if self._writes is not None:
            self._writes.observer, self._writes.dropped = None, None
            self._writes.keeps_before = False
        for log in (self.log, self.changes):
            if log is not None:
                log.close()


def _function(name: str) -> Callable[..., Wsgi]:
    module, _, attribute = name.partition(":")
    try:
        found: Callable[..., Wsgi] = getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError, ValueError) as error:
        raise InputError(f"region server: wrap: {name!r} is no MODULE:FUNCTION: {error}") from error
    return found


def prepare() -> WritePath | None:
    """Patch moto, once per process. None when it is another version than the patches are for."""
    global _write_path
    patches = moto_patches.Patches()
    if _write_path is None and moto_patches.apply(patches):
        _write_path = WritePath()
        _write_path.install(patches)
    return _write_path


def serve(config: Mapping[str, Any], ready: Ready) -> None:
    """Serve one region until SIGTERM or SIGINT. Ready payload: {"listen": [host, port], "inner": [host, port]}.

    inner: for those who answer calls for the region, and call it for that: with threads of its own, so that they are
    answered also when all others wait for them.
    """
    checked = parsed(RegionConfig, config, "region server")
    mock_random.seed()  # forked from one parent, the regions would otherwise give out the same identifiers
    region = Region(checked)
    server = HttpServer(checked.listen, region.app)

    inner = HttpServer(ANY_ADDRESS, region.app, _INNER_THREADS)

    def tell() -> None:
        ready({"listen": list(server.bind_addr), "inner": list(inner.bind_addr)})

    try:
        server.serve_until_signal(tell, inner)
    finally:
        region.close()


def warm() -> None:
    """Do once, in the parent of all regions, what the first call of each kind would do: load models, compile URLs."""
    prepare()
    warm_up(_application)
    moto_api_backend.reset()
