"""A fault's actions against a server that has no bulk endpoint. Needs no server."""

from __future__ import annotations

from typing import Any

import pytest

from harness.errors import LinkError
from harness.faults.actions import AddToxic, DisableLink, RemoveToxic
from harness.parts.links.toxiproxy.client import Capabilities, MissingError, Toxic
from harness.parts.links.toxiproxy.hand import LinkHand

HOLE = ("a", "lost.black_hole", "black_hole")


class RealServer:
    """As a real one: names of toxics on each link. deaf: links whose requests time out."""

    def __init__(self, **links: set[str]) -> None:
        self.links = links
        self.deaf: set[str] = set()

    def capabilities(self) -> Capabilities:
        return Capabilities("toxiproxy")

    def add_toxic(self, link: str, toxic: Toxic) -> None:
        self._on(link).add(toxic.name)

    def remove_toxic(self, link: str, toxic: str) -> None:
        if toxic not in self._on(link):
            raise MissingError("toxic not found")
        self.links[link].discard(toxic)

    def disable(self, link: str) -> None:
        self._on(link)

    def _on(self, link: str) -> set[str]:
        if link in self.deaf:
            raise LinkError("timed out")
        if link not in self.links:
            raise MissingError("proxy not found")
        return self.links[link]


def hand(server: RealServer) -> LinkHand:
    client: Any = server
    return LinkHand(client)


@pytest.mark.parametrize("left", [set(), {"upstream"}, {"downstream"}, {"upstream", "downstream"}], ids=sorted)
def test_both_halves_of_a_black_hole_are_taken_off_whichever_is_still_there(left: set[str]) -> None:
    server = RealServer(a={f"lost.black_hole.{stream}" for stream in left} | {"mine"})
    (result,) = hand(server).apply([RemoveToxic(*HOLE)])
    assert server.links["a"] == {"mine"}
    assert (result.error is None) is (len(left) == 2)
    assert result.missing is (len(left) < 2)


def test_what_failed_names_its_link_and_says_whether_it_may_have_been_done() -> None:
    server = RealServer(a=set(), c=set())
    server.deaf = {"c"}
    adding = AddToxic("a", "lost.black_hole", "black_hole", "downstream")
    done, missing, lost = hand(server).apply([adding, DisableLink("b"), DisableLink("c")])
    assert (done.error, done.may_hold) == (None, True)
    assert (missing.error, missing.may_hold) == ("b: proxy not found", False)
    assert (lost.error, lost.may_hold) == ("c: timed out", True)
    assert server.links["a"] == {"lost.black_hole.upstream", "lost.black_hole.downstream"}
