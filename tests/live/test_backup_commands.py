"""`drill backup` and `drill restore` as they are typed: a shop, an app's files and its databases, there and back."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from fake_shop import TOKEN, FakeShop, FakeTheme
from test_diff_command import drill as drill_process
from test_region_seams import MODULE, Region

from harness.cli.main import app
from harness.engines.aws.clients import NewTable, create_tables
from harness.errors import InputError
from harness.processes.forkserver import ForkServer, stop_all
from reference.shopify_app.journal import Entry
from reference.shopify_app.postgresql import InPostgresql

pytestmark = [pytest.mark.live, pytest.mark.beside]

FILES = {
    "layout/theme.liquid": b"<html>",
    "assets/a b.png": bytes(range(256)),
    "templates/index.json": b'{"order": []}',
}
THEME = """
name: shop
repository: backups/shop.git
keep: {last: 2}
shop: {url: "${env:SHOP_URL}", token: "${env:SHOP_TOKEN}"}
theme: {theme: main}
"""


@pytest.fixture
def shop(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeShop]:
    found = FakeShop({"1": FakeTheme("Live", "MAIN", dict(FILES)), "2": FakeTheme("Empty", "UNPUBLISHED")})

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            assert self.path == "/admin/api/2026-10/graphql.json"
            status, _, content = found.request("POST", self.path, self.headers, body)  # type: ignore[arg-type]
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    monkeypatch.setenv("SHOP_URL", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setenv("SHOP_TOKEN", TOKEN)
    yield found
    server.shutdown()
    server.server_close()
    thread.join()


class Typed:
    """Types commands in a folder; what they print is what they return."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder, self._capsys = folder, capsys

    def file(self, text: str) -> str:
        path = self.folder / "shop.yaml"
        path.write_text(text)
        return str(path)

    def __call__(self, *words: str) -> tuple[int, str]:
        code = app(list(words), standalone_mode=False)
        return code or 0, self._capsys.readouterr().out

    def refusal(self, *words: str) -> str:
        with pytest.raises(InputError) as refused:
            app(list(words), standalone_mode=False)
        return str(refused.value)


@pytest.fixture
def drill(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Typed:
    return Typed(tmp_path, capsys)


def test_a_theme_is_backed_up_by_one_command_and_restored_into_an_empty_one_by_another(
    shop: FakeShop, drill: Typed
) -> None:
    file = drill.file(THEME)
    code, out = drill("backup", "run", file)
    assert (code, out.splitlines()[0]) == (0, "theme: 3 new")
    assert "3 files, read again and found right" in out
    code, out = drill("backup", "run", file)
    assert (code, out.startswith("nothing has changed since ")) == (0, True)
    code, out = drill("backup", "status", file)
    assert (code, "theme: 3 files; never restored: unproven" in out) == (1, True)

    code, out = drill("restore", file, "theme", "--to", "theme=2", "--dry-run")
    assert code == 1
    assert [line.strip() for line in out.splitlines()[1:]] == [
        f"theme -> theme 2 of {os.environ['SHOP_URL']}: 3 missing",
        "add assets/a b.png", "add layout/theme.liquid", "add templates/index.json", "nothing was touched",
    ]  # fmt: skip
    assert shop.themes["2"].files == {}
    assert "--yes says that you want this" in drill.refusal("restore", file, "--to", "theme=2")
    assert shop.themes["2"].files == {}

    code, out = drill("restore", file, "--to", "theme=2", "--yes")
    assert (code, out.splitlines()[-1]) == (0, "theme: as in the backup, compared: proven")
    assert shop.themes["2"].files == FILES
    assert drill("restore", file, "--to", "theme=2", "--dry-run")[0] == 0
    code, out = drill("backup", "status", file)
    assert (code, out.splitlines()[-1]) == (0, "proven")
    assert drill("backup", "status", file, "--within-hours", "0")[0] == 1


def test_backups_are_listed_pruned_and_found_by_their_id(shop: FakeShop, drill: Typed) -> None:
    file = drill.file(THEME)
    for number in range(3):
        shop.themes["1"].files["layout/theme.liquid"] = b"%d" % number
        drill("backup", "run", file)
    _, out = drill("backup", "list", file)
    rows = [line.split() for line in out.splitlines()[1:]]
    assert len(rows) == 2  # keep: {last: 2}
    assert drill("restore", file, "--from", rows[1][0], "--yes")[0] == 0
    assert shop.themes["1"].files["layout/theme.liquid"] == b"1"
    assert [line.split()[-1] for line in drill("backup", "list", file)[1].splitlines()[1:]] == ["unproven", "proven"]
    assert "no backup is called 0123456" in drill.refusal("restore", file, "--from", "0123456")
    assert drill("backup", "verify", file, "--all")[1].count("3 files, all as they were written") == 2


def test_the_repository_alone_is_enough(shop: FakeShop, drill: Typed) -> None:
    drill("backup", "run", drill.file(THEME))
    (drill.folder / "shop.yaml").unlink()
    shop.themes["1"].files.clear()
    code, _ = drill("restore", str(drill.folder / "backups" / "shop.git"), "--yes")
    assert (code, shop.themes["1"].files) == (0, FILES)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (THEME + "themes: x\n", "shop.yaml:7: themes: unknown key; there are: theme"),
        (THEME.replace('"${env:SHOP_TOKEN}"', "shpat_123"), "shop.yaml:5: shop.token: is a secret"),
        ("name: shop\nrepository: x\n", "shop.yaml:1: nothing is backed up"),
        (THEME + "databases: {a: {kind: oracle}}\n", "databases.a"),
        (THEME + "configuration: {files: ['../x']}\n", "must name files within the folder"),
        (THEME + "configuration: {files: [x], secrets: seal}\n", "`seal` needs `seal_key`"),
        (THEME + "databases: {a: {kind: postgresql, url: 'postgresql://u:p@h/d'}}\n", "is a secret"),
        (THEME.replace("SHOP_TOKEN", "NOT_SET"), "shop.token: the variable NOT_SET is not set"),
    ],
)
def test_a_description_with_mistakes_is_refused(shop: FakeShop, drill: Typed, text: str, said: str) -> None:
    assert said in drill.refusal("backup", "run", drill.file(text))
    assert not (drill.folder / "backups").exists()


def test_what_goes_wrong_ends_with_3_and_one_clear_line(shop: FakeShop, drill: Typed) -> None:
    file = drill.file(THEME)
    os.environ["SHOP_TOKEN"] = "shpat_wrong"  # the fixture puts it back
    code, out, err = drill_process("backup", "run", file)
    assert (code, out) == (3, "")
    (line,) = err.splitlines()
    assert line.startswith(f"drill: {os.environ['SHOP_URL']}: 401: the token is not accepted")


def test_the_line_for_cron_runs_quietly(shop: FakeShop, drill: Typed) -> None:
    file = drill.file(THEME)
    code, line = drill("backup", "cron", file, "--at", "17 * * * *")
    assert code == 0
    assert line.startswith("17 * * * * ")
    assert line.endswith(" # drill backup: shop\n")
    command = line.removeprefix("17 * * * * ").partition(" # ")[0]
    done = subprocess.run(command, shell=True, capture_output=True, text=True, check=False, env=dict(os.environ))
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert drill("backup", "status", file)[0] == 1
    assert "sixty" in drill.refusal("backup", "cron", file, "--at", "sixty * * * *")


def test_an_app_comes_back_whole(drill: Typed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEAL", drill("backup", "key")[1].strip())
    root = drill.folder
    (root / "app").mkdir()
    (root / "app" / "shopify.app.toml").write_text('client_id = "a"\nclient_secret = "correct horse"\n')
    (root / "extensions" / "x").mkdir(parents=True)
    (root / "extensions" / "x" / "run.sh").write_text("#!/bin/sh\n")
    with closing(sqlite3.connect(root / "app" / "sessions.sqlite")) as database:
        database.executescript("CREATE TABLE t (x); INSERT INTO t VALUES (1), (2);")
    who = ["-c", "user.name=x", "-c", "user.email=x@localhost"]
    for words in (["init", "-q"], ["add", "shopify.app.toml"], ["commit", "-qm", "first"]):
        subprocess.run(["git", "-C", root / "app", *who, *words], check=True)
    (root / "app" / ".git" / "info" / "exclude").write_text("*\n")
    text = """
name: app
repository: backups/app.git
seal_key: ${env:SEAL}
configuration: {folder: app, files: ["*.toml"], secrets: seal}
databases: {sessions: {kind: sqlite, file: app/sessions.sqlite}}
folders: {extensions: {path: extensions}}
"""
    file = drill.file(text)
    assert drill("backup", "run", file)[0] == 0
    shutil.rmtree(root / "app")
    shutil.rmtree(root / "extensions")
    code, out = drill("restore", file, "--yes")
    assert (code, out.count("as in the backup, compared: proven")) == (0, 3), out
    assert "correct horse" in (root / "app" / "shopify.app.toml").read_text()
    with closing(sqlite3.connect(root / "app" / "sessions.sqlite")) as database:
        assert database.execute("SELECT sum(x) FROM t").fetchone() == (3,)
    assert drill("backup", "status", file)[0] == 0


def test_a_table_is_restored_item_by_item_and_made_anew_where_it_is_gone(drill: Typed, tmp_path: Path) -> None:
    with ForkServer([MODULE], tmp_path / "region") as servers:
        process = servers.spawn("region.us-east-1", MODULE, {"region": "us-east-1", "listen": ["127.0.0.1", 0]})
        region = Region(process)
        create_tables(region.db, [NewTable("orders", "id")])
        items = {f"o{n}": {"id": {"S": f"o{n}"}, "v": {"N": str(n)}, "t": {"SS": ["b", "a"]}} for n in range(30)}
        for item in items.values():
            region.db.put_item(TableName="orders", Item=item)
        table = f"us-east-1:orders@http://{region.address[0]}:{region.address[1]}"
        file = drill.file(
            f'name: data\nrepository: data.git\ndatabases: {{orders: {{kind: dynamodb, table: "{table}"}}}}\n'
        )
        assert drill("backup", "run", file)[0] == 0
        assert drill("backup", "run", file)[1].startswith("nothing has changed")
        region.db.delete_item(TableName="orders", Key={"id": {"S": "o1"}})
        region.db.put_item(TableName="orders", Item={"id": {"S": "o2"}, "v": {"S": "bad"}})
        region.db.put_item(TableName="orders", Item={"id": {"S": "new"}})
        code, out = drill("restore", file, "--dry-run")
        assert (code, "1 missing, 1 changed, 1 too much" in out) == (1, True)
        code, out = drill("restore", file, "--yes")
        assert code == 0, out
        assert held(region, "orders") == items
        region.db.delete_table(TableName="orders")
        assert drill("restore", file, "--yes")[0] == 0
        assert held(region, "orders") == items
        other = table.replace("orders", "orders-restored")
        assert drill("restore", file, "--to", f"databases/orders={other}", "--yes")[0] == 0
        assert held(region, "orders-restored") == items
        region.db.close()
        stop_all([process])


def held(region: Region, table: str) -> dict[str, object]:
    found = region.db.scan(TableName=table)["Items"]
    return {item["id"]["S"]: {**item, "t": {"SS": sorted(item["t"]["SS"], reverse=True)}} for item in found}


def programs() -> Path | None:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return found[-1].parent if found and os.geteuid() == 0 and shutil.which("runuser") else None


@pytest.fixture
def postgresql() -> Iterator[str]:
    folder = programs()
    if folder is None:
        pytest.skip("PostgreSQL's server is not installed, or nobody may start it as its user")
    with tempfile.TemporaryDirectory(prefix="drill-postgresql-") as name:
        shutil.chown(name, "postgres")
        as_it = ["runuser", "-u", "postgres", "--"]
        quiet = {"check": True, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": name}
        subprocess.run([*as_it, folder / "initdb", "-D", f"{name}/data", "-A", "trust", "-N"], **quiet)  # type: ignore[call-overload]
        options = f"-c listen_addresses= -c fsync=off -k {name}"
        start = [*as_it, folder / "pg_ctl", "-D", f"{name}/data", "-o", options, "-w", "-l", f"{name}/log", "start"]
        subprocess.run(start, **quiet)  # type: ignore[call-overload]
        try:
            yield f"postgresql://postgres:notasked@/postgres?host={name}"
        finally:
            subprocess.run([*as_it, folder / "pg_ctl", "-D", f"{name}/data", "-m", "immediate", "stop"], **quiet)  # type: ignore[call-overload]


def test_a_postgresql_database_comes_back(postgresql: str, drill: Typed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", postgresql)

    def sql(text: str) -> str:
        command = ["psql", "-qAtX", "-d", postgresql, "-c", text]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

    sql("CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t SELECT n, 'ü' || n FROM generate_series(1, 50) n")
    file = drill.file(
        "name: sql\nrepository: sql.git\ndatabases: {app: {kind: postgresql, url: '${env:DATABASE_URL}'}}\n"
    )
    assert drill("backup", "run", file)[0] == 0
    sql("UPDATE t SET v = v WHERE id = 3")  # lies elsewhere now, and is the same
    assert drill("backup", "run", file)[1].startswith("nothing has changed")
    sql("UPDATE t SET v = 'bad'; CREATE TABLE worse (x int)")
    code, out = drill("restore", file, "--dry-run")
    assert (code, "change table public.t: 50 rows, and 50 in the backup" in out) == (1, True)
    assert drill("restore", file, "--yes")[0] == 0
    assert sql("SELECT count(*), min(v), to_regclass('worse') FROM t") == "50|ü1|"
    assert "notasked" not in out
    monkeypatch.setenv("DATABASE_URL", postgresql.replace("drill-postgresql", "nobody"))
    assert "pg_dump ended with 1" in drill.refusal("backup", "run", file)


def test_the_applications_own_database_comes_back(
    postgresql: str, drill: Typed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", postgresql)
    journal = InPostgresql(postgresql, "us-east-1", timeout_s=5)
    kept, later = (Entry(f"2026-11-29T11:0{n}:00Z", "us-east-1", ["due"], {"orders": n}, n, []) for n in (1, 2))
    assert journal.last() is None
    journal.add(kept)
    journal.add(Entry(later.at, "us-west-2", []))
    file = drill.file(
        "name: app\nrepository: app.git\ndatabases: {journal: {kind: postgresql, url: '${env:DATABASE_URL}'}}\n"
    )
    assert drill("backup", "run", file)[0] == 0
    journal.add(later)
    assert journal.last() == later
    assert drill("restore", file, "--yes")[0] == 0
    assert journal.last() == kept
    journal.add(later)  # the numbers go on where they were
    assert journal.last() == later


def test_two_runs_at_once(shop: FakeShop, drill: Typed) -> None:
    file = drill.file(THEME)
    drill("backup", "run", file)
    inside = threading.Event()

    def wait(name: str) -> None:
        if name == "Files" and not inside.is_set():
            inside.set()
            time.sleep(1.0)

    shop.before_answer = wait
    first = threading.Thread(target=drill_process, args=("backup", "run", file))
    first.start()
    assert inside.wait(30)
    assert drill("backup", "run", file)[0] == 75
    first.join()
