"""LocalStack as a process of the world, without Docker, and with dynoxide behind it."""

from __future__ import annotations

import shlex
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from harness.engines.aws.calls import not_dynamodb
from harness.errors import InputError
from harness.parts.regions.localstack.health import NEEDED
from harness.parts.regions.localstack.install import DATABASE, RECIPE, START
from harness.parts.regions.localstack.spec import Localstack as Spec
from harness.storable_text import write_text
from harness.wire.ask import NoAnswer, ask_status
from harness.world.installed import cache, folder_of, needed
from harness.world.part import LOOPBACK, Blueprint
from harness.world.program_region import ProgramRegion

HEALTH = "/_localstack/health"
_PROBE_S = 1.0
COMPOSE = "docker compose up -d"
FIRST_CALL_S = 40.0
_DATABASE = """\
#!/bin/sh
# stands in for Java: LocalStack starts its database by it, and tells the port
while [ $# -gt 0 ]; do [ "$1" = -port ] && PORT=$2; shift; done
exec {program} --host 127.0.0.1 --port "$PORT" --log quiet
"""


class StartedLocalstack(ProgramRegion):
    """One region, in a process of its own and with a database of its own."""

    called = "LocalStack"
    ordered_streams = True
    forgets_tables = False

    def __init__(self, blueprint: Blueprint, spec: Spec, region: str) -> None:
        super().__init__(blueprint, region)
        self._services = tuple(dict.fromkeys((*NEEDED, *spec.services)))

    def command(self, port: int) -> Sequence[str]:
        """See ProgramRegion."""
        try:
            program = needed(RECIPE, "region_servers: localstack")
        except InputError as error:
            raise InputError(f"{error}; with Docker, `{COMPOSE}` does instead") from None
        self._bring_database()
        return (str(program), str(folder_of(RECIPE) / START))

    def _bring_database(self) -> None:
        """LocalStack fetches a database and a Java unless it finds both: it finds a file, and what starts ours."""
        database = database_program()
        if database is None:
            raise InputError(f"region_servers: localstack needs {DATABASE}: `drill install {DATABASE}`")
        library = self.folder / "var" / "lib" / "localstack" / "lib"
        java = library / "java" / "21" / "bin" / "java"
        jar = library / "dynamodb-local" / "2" / "DynamoDBLocal.jar"
        for path, text in ((java, _DATABASE.format(program=shlex.quote(str(database)))), (jar, "")):
            path.parent.mkdir(parents=True, exist_ok=True)
            write_text(path, text)
        java.chmod(0o755)

    def variables(self, port: int) -> Mapping[str, str]:
        """LocalStack's usual server binds every address of the machine, whatever it is told; hypercorn does not."""
        return {
            "GATEWAY_LISTEN": f"{LOOPBACK}:{port}",
            "GATEWAY_SERVER": "hypercorn",
            "OVERRIDE_IN_DOCKER": "0",
            "FILESYSTEM_ROOT": str(self.folder),
            "HOME": str(self.folder),
            "DISABLE_EVENTS": "1",
            "SKIP_SSL_CERT_DOWNLOAD": "1",
            "DNS_ADDRESS": "0",
            "PROVIDER_OVERRIDE_DYNAMODB": "v2",
            "EAGER_SERVICE_LOADING": "1",
            "SERVICES": ",".join(self._services),
            "STRICT_SERVICE_LOADING": "1",
            "LS_LOG": "warning",
        }

    def _answers(self) -> bool:
        """Its API answers long before the database behind it does."""
        try:
            if ask_status(self._listens, HEALTH, timeout_s=_PROBE_S) != 200:
                return False
        except NoAnswer:
            return False
        return not_dynamodb(self._listens, self.region, FIRST_CALL_S) is None

    def versions(self) -> Mapping[str, str]:
        """Of what `drill install` installed, and of the database behind it."""
        return {"localstack": f"{RECIPE.version}, a process of the drill's, its DynamoDB is {DATABASE}"}


def database_program() -> Path | None:
    """The database's program: on the PATH, or where `drill install` keeps it."""
    found = shutil.which(DATABASE)
    if found is not None:
        return Path(found)
    kept = sorted(cache().glob(f"{DATABASE}-*/bin/{DATABASE}"))
    return kept[-1] if kept else None
