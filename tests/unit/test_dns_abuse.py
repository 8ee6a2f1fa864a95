"""Who means ill, or knows a DNS that we do not: what he is answered, and that nobody else notices."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable

import dns.edns
import dns.flags
import dns.message
import dns.opcode
import dns.rcode
import dns.tsigkeyring
import pytest

from harness.engines.dns import headers
from harness.engines.dns.lookup import Answer, RRset
from harness.engines.dns.server import TCP_BYTES, DnsServer, Responder
from harness.engines.dns.tcp import Answer as Send
from harness.engines.dns.tcp import TcpClients
from harness.parts.dns.relay.port import Port

NAME = "app.example.com"
TRIES_FOR_S = 20.0


class Plane:
    """Knows one name with an address, and one with a CNAME; and where one network is."""

    generation, draws, scale = 0, 0, 1.0

    def answer(self, name: str, record_type: str, subnet: str | None = None) -> Answer:
        """Another one for clients of 198.51.100.0/24."""
        if name == "broken.example.com":
            raise RuntimeError("on purpose")
        if name == "alias.example.com":
            return Answer("NOERROR", (RRset(name, "CNAME", 60, (NAME,)),))
        if name != NAME:
            return Answer("NXDOMAIN")
        address = "192.0.2.2" if subnet == "198.51.100.0" else "192.0.2.1"
        return Answer("NOERROR", (RRset(name, "A", 60, (address,)),) if record_type == "A" else ())

    def location(self, address: str | None) -> object:
        """Of one."""
        return address if address == "198.51.100.0" else None


def told(wire: bytes, limit: int = 0) -> dns.message.Message:
    found = Responder(Plane()).respond(wire, limit)
    assert found is not None
    return dns.message.from_wire(found, keyring=False)


def asked(kind: str, cls: str = "IN", name: str = NAME) -> dns.message.Message:
    return told(dns.message.make_query(name, kind, cls).to_wire())


# --- what is asked ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "cls", "rcode"),
    [
        ("AXFR", "IN", "REFUSED"), ("IXFR", "IN", "REFUSED"), ("TXT", "CH", "REFUSED"), ("A", "ANY", "REFUSED"),
        ("A", "NONE", "REFUSED"), ("A", "CLASS77", "REFUSED"), ("OPT", "IN", "FORMERR"), ("TSIG", "IN", "FORMERR"),
        ("TKEY", "IN", "NOTIMP"), ("MAILB", "IN", "NOTIMP"), ("TYPE128", "IN", "NOTIMP"), ("TYPE0", "IN", "NOERROR"),
        ("TYPE65535", "IN", "NOERROR"), ("RRSIG", "IN", "NOERROR"), ("DS", "IN", "NOERROR"),
    ],
)  # fmt: skip
def test_what_is_no_record_of_ours_is_said_so(kind: str, cls: str, rcode: str) -> None:
    found = asked(kind, cls)
    assert (dns.rcode.to_text(found.rcode()), found.answer) == (rcode, [])
    assert bool(found.flags & dns.flags.AA) is (rcode == "NOERROR")


def test_any_is_answered_with_as_little_as_there_can_be() -> None:
    assert asked("ANY").answer[0].to_text() == f'{NAME}. 3600 IN HINFO "RFC8482" ""'
    assert asked("ANY", name="alias.example.com").answer[0].to_text() == f"alias.example.com. 60 IN CNAME {NAME}."
    assert (asked("ANY", name="no.example.com").rcode(), asked("ANY", name="no.example.com").answer) == (
        dns.rcode.NXDOMAIN, [],
    )  # fmt: skip


@pytest.mark.parametrize("opcode", [1, 2, 3, 4, 5, 6, 7, 15])
@pytest.mark.parametrize("rest", [b"", b"junk", bytes(60)])
def test_another_opcode_is_not_implemented_whatever_follows(opcode: int, rest: bytes) -> None:
    found = told(b"\0\7" + bytes((opcode << 3 | 1, 0)) + b"\0\1\0\2\0\3\0\4" + rest)
    assert (found.id, found.opcode(), found.rcode()) == (7, opcode, dns.rcode.NOTIMP)
    assert found.flags & dns.flags.RD
    assert (found.question, found.answer, found.authority, found.additional) == ([], [], [], [])


def test_who_has_edns_and_is_refused_unread_is_told_that_we_have_it_too() -> None:
    query = dns.message.make_query(NAME, "A", use_edns=0)
    query.set_opcode(dns.opcode.STATUS)
    assert (told(query.to_wire()).rcode(), told(query.to_wire()).edns) == (dns.rcode.NOTIMP, 0)


def test_who_signs_is_told_that_his_key_is_not_known() -> None:
    query = dns.message.make_query(NAME, "A")
    query.use_tsig(dns.tsigkeyring.from_text({"key.": "aGVsbG8="}))
    found = told(query.to_wire())
    assert (found.rcode(), found.tsig_error, found.answer) == (dns.rcode.NOTAUTH, dns.rcode.BADKEY, [])
    assert found.tsig is not None
    assert found.tsig[0].mac == b""


def test_reserved_bits_and_unknown_flags_are_not_sent_back() -> None:
    query = dns.message.make_query(NAME, "A", use_edns=0)
    query.flags |= dns.flags.AD | dns.flags.CD | 0x40
    query.ednsflags |= 0x7FFF
    found = told(query.to_wire())
    assert found.answer
    assert (found.flags & (dns.flags.AD | dns.flags.CD | 0x40), found.ednsflags & 0xFFFF) == (0, 0)


def test_a_failure_of_ours_is_said_and_the_next_question_answered(caplog: pytest.LogCaptureFixture) -> None:
    responder = Responder(Plane())
    wire = dns.message.make_query("broken.example.com", "A").to_wire()
    assert dns.message.from_wire(responder.respond(wire, 0) or b"").rcode() == dns.rcode.SERVFAIL
    assert "on purpose" in caplog.text
    assert responder.respond(dns.message.make_query(NAME, "A").to_wire(), 0)


# --- what is remembered -----------------------------------------------------------------------------------------------


def test_the_answer_for_one_network_is_not_given_to_another() -> None:
    responder = Responder(Plane())

    def address(*options: dns.edns.Option) -> str:
        query = dns.message.make_query(NAME, "A", use_edns=0, options=list(options))
        return str(dns.message.from_wire(responder.respond(query.to_wire(), 0) or b"").answer[0][0])

    there, elsewhere = dns.edns.ECSOption("198.51.100.0", 24), dns.edns.ECSOption("203.0.113.0", 24)
    assert [address(there), address(elsewhere), address(), address(there)] == [
        "192.0.2.2", "192.0.2.1", "192.0.2.1", "192.0.2.2",
    ]  # fmt: skip


def test_who_asks_for_no_padding_gets_none() -> None:
    responder = Responder(Plane())
    padded = dns.message.make_query(NAME, "A", use_edns=0, pad=128).to_wire()
    plain = dns.message.make_query(NAME, "A", use_edns=0).to_wire()
    assert len(responder.respond(padded, 0) or b"") == len(responder.respond(plain, 0) or b"") < 100


# --- what would take long ---------------------------------------------------------------------------------------------


def labyrinth(most: int) -> bytes:
    """Records whose names all lead back to a name of more than a hundred labels."""
    wire = bytearray(b"\0\1\0\0\0\1\0\0\0\0\0\0" + b"\1a" * 120 + b"\0\0\1\0\1")
    count = 0
    while len(wire) + 12 <= most:
        wire += b"\xc0\x0c\xff\x10\0\1\0\0\0\0\0\0"
        count += 1
    wire[10:12] = count.to_bytes(2, "big")
    return bytes(wire)


@pytest.mark.parametrize("most", [TCP_BYTES, headers.LONGEST_QUESTION])
def test_what_is_longer_or_has_more_records_than_any_question_is_not_read(
    most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """64 KiB of it took a second of everybody's time."""

    def read(*_: object, **__: object) -> None:
        raise AssertionError("it was read")

    wire = labyrinth(most)
    monkeypatch.setattr(dns.message, "from_wire", read)
    assert (Responder(Plane()).respond(wire, TCP_BYTES) or b"")[2:4] == bytes((0x80, dns.rcode.FORMERR))


# --- who connects -----------------------------------------------------------------------------------------------------


def served(asked: Callable[[bytes, Send], bool], scenario: Callable[[int], Awaitable[None]], **limits: float) -> None:
    """Run a scenario beside a listener; it gets its port."""

    async def run() -> None:
        clients = TcpClients(asked, **limits)  # type: ignore[arg-type]
        server = await asyncio.start_server(clients.serve, "127.0.0.1", 0)
        try:
            async with asyncio.timeout(TRIES_FOR_S):
                await scenario(server.sockets[0].getsockname()[1])
        finally:
            server.close()
            await clients.close()

    asyncio.run(run())


def echo(message: bytes, send: Send) -> bool:
    send(message)
    return True


async def exchange(streams: tuple[asyncio.StreamReader, asyncio.StreamWriter], message: bytes) -> bytes:
    streams[1].write(len(message).to_bytes(2) + message)
    return (await streams[0].readexactly(2 + len(message)))[2:]


@pytest.mark.live
@pytest.mark.beside
def test_of_too_many_connections_the_silent_ones_go() -> None:
    async def scenario(port: int) -> None:
        busy = await asyncio.open_connection("127.0.0.1", port)
        silent = [await asyncio.open_connection("127.0.0.1", port) for _ in range(3)]
        for _ in range(10):
            assert await exchange(busy, b"still here") == b"still here"
            silent.append(await asyncio.open_connection("127.0.0.1", port))
            assert await exchange(silent[-1], b"new") == b"new"
        for reader, _ in silent[:-3]:
            assert await ended(reader)
        assert await exchange(silent[-1], b"last") == b"last"
        for _, writer in (busy, *silent):
            writer.close()

    served(echo, scenario, most=4)


async def ended(reader: asyncio.StreamReader) -> bool:
    """Whether the other side has gone; waits for it."""
    try:
        return await reader.read(100) == b""
    except ConnectionError:
        return True


@pytest.mark.live
@pytest.mark.beside
@pytest.mark.parametrize("sent", [b"", b"\0", b"\xff\xffdrip"])
def test_who_never_finishes_his_question_is_left(sent: bytes) -> None:
    async def scenario(port: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(sent)
        assert await ended(reader)
        writer.close()

    served(echo, scenario, idle_s=0.1)


@pytest.mark.live
@pytest.mark.beside
def test_who_asks_and_never_listens_is_left_with_what_he_has_not_taken() -> None:
    gone = asyncio.Event()

    def flood(_: bytes, send: Send) -> bool:
        send(bytes(TCP_BYTES))
        return True

    async def scenario(port: int) -> None:
        with socket.socket() as deaf:
            deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            deaf.setblocking(False)
            loop = asyncio.get_running_loop()
            await loop.sock_connect(deaf, ("127.0.0.1", port))
            try:
                while True:
                    await loop.sock_sendall(deaf, b"\0\1?" * 100)
                    await asyncio.sleep(0.01)
            except ConnectionError:
                gone.set()
        assert gone.is_set()

    served(flood, scenario, idle_s=0.2)


@pytest.mark.live
@pytest.mark.beside
def test_the_server_hangs_up_on_an_answer_and_answers_several_questions_on_one_connection() -> None:
    async def run() -> None:
        server = DnsServer(Responder(Plane()))
        host, port = await server.start("127.0.0.1", 0)
        reader, writer = await asyncio.open_connection(host, port)
        wire = dns.message.make_query(NAME, "A").to_wire()
        writer.write((len(wire).to_bytes(2) + wire) * 2 + b"\0\4junk")
        async with asyncio.timeout(TRIES_FOR_S):
            found = await reader.read(-1)
        size = int.from_bytes(found[:2], "big")
        assert dns.message.from_wire(found[2 : 2 + size]).answer == dns.message.from_wire(found[4 + size :]).answer
        writer.close()
        await server.close()

    asyncio.run(run())


@pytest.mark.live
@pytest.mark.beside
def test_what_is_no_question_reaches_no_resolver() -> None:
    """It would ask name servers that, rightly, stay silent, and leave them alone for it."""
    heard: list[bytes] = []

    class Served:
        def asked(self, question: bytes, *, tcp: bool, answer: Send) -> None:
            heard.append(question)
            answer(question)

    async def run() -> None:
        port = Port("127.0.0.1", Served())
        await port.open()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.setblocking(False)
            client.connect(port.address)
            for wire in (b"short", b"\0\1\x81\x80" + bytes(8), b"\0\2\1\0" + bytes(8)):
                client.send(wire)
            async with asyncio.timeout(TRIES_FOR_S):
                assert (await asyncio.get_running_loop().sock_recv(client, 100))[:2] == b"\0\2"
        await port.close()

    asyncio.run(run())
    assert heard == [b"\0\2\1\0" + bytes(8)]
