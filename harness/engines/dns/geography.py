"""Where clients and regions are, as far as answers depend on it: continents, countries, and how far a region is away.

A client is where somebody says: `eu-west-1` (at an AWS region), `DE` (a country), `US-CA` (a state of the United
States). Latency is taken to grow with distance: AWS measures it, and publishes none of it. A country without a region
of its own lies where its continent's first region is.

Sources: ISO 3166-1 for countries; Route 53 Developer Guide, "Geolocation routing" for the continents' codes; AWS Global
Infrastructure for the places of regions.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

_CONTINENTS = {
    "AF": "AO BF BI BJ BW CD CF CG CI CM CV DJ DZ EG EH ER ET GA GH GM GN GQ GW KE KM LR LS LY MA MG ML MR MU"
    " MW MZ NA NE NG RE RW SC SD SH SL SN SO SS ST SZ TD TG TN TZ UG YT ZA ZM ZW",
    "AN": "AQ BV GS HM TF",
    "AS": "AE AF AM AZ BD BH BN BT CC CN CX CY GE HK ID IL IN IO IQ IR JO JP KG KH KP KR KW KZ LA LB LK MM MN"
    " MO MV MY NP OM PH PK PS QA SA SG SY TH TJ TL TM TR TW UZ VN YE",
    "EU": "AD AL AT AX BA BE BG BY CH CZ DE DK EE ES FI FO FR GB GG GI GR HR HU IE IM IS IT JE LI LT LU LV MC"
    " MD ME MK MT NL NO PL PT RO RS RU SE SI SJ SK SM UA VA XK",
    "NA": "AG AI AW BB BL BM BQ BS BZ CA CR CU CW DM DO GD GL GP GT HN HT JM KN KY LC MF MQ MS MX NI PA PM PR"
    " SV SX TC TT US VC VG VI",
    "OC": "AS AU CK FJ FM GU KI MH MP NC NF NR NU NZ PF PG PN PW SB TK TO TV UM VU WF WS",
    "SA": "AR BO BR CL CO EC FK GF GY PE PY SR UY VE",
}
_OF_COUNTRY = {country: continent for continent, all_of_it in _CONTINENTS.items() for country in all_of_it.split()}
_REGIONS: dict[str, tuple[float, float, str]] = {
    "us-east-1": (38.9, -77.4, "US-VA"), "us-east-2": (40.0, -83.0, "US-OH"), "us-west-1": (37.4, -121.9, "US-CA"),
    "us-west-2": (45.8, -119.7, "US-OR"), "us-gov-east-1": (40.0, -83.0, "US-OH"),
    "us-gov-west-1": (45.8, -119.7, "US-OR"), "ca-central-1": (45.5, -73.6, "CA"), "ca-west-1": (51.0, -114.1, "CA"),
    "mx-central-1": (20.6, -100.4, "MX"), "sa-east-1": (-23.5, -46.6, "BR"), "eu-central-1": (50.1, 8.7, "DE"),
    "eu-central-2": (47.4, 8.5, "CH"), "eu-west-1": (53.3, -6.3, "IE"), "eu-west-2": (51.5, -0.1, "GB"),
    "eu-west-3": (48.9, 2.4, "FR"), "eu-north-1": (59.3, 18.1, "SE"), "eu-south-1": (45.5, 9.2, "IT"),
    "eu-south-2": (41.6, -0.9, "ES"), "af-south-1": (-33.9, 18.4, "ZA"), "me-south-1": (26.1, 50.6, "BH"),
    "me-central-1": (24.5, 54.4, "AE"), "il-central-1": (32.1, 34.8, "IL"), "ap-east-1": (22.3, 114.2, "HK"),
    "ap-east-2": (25.0, 121.5, "TW"), "ap-south-1": (19.1, 72.9, "IN"), "ap-south-2": (17.4, 78.5, "IN"),
    "ap-northeast-1": (35.7, 139.7, "JP"), "ap-northeast-2": (37.6, 127.0, "KR"),
    "ap-northeast-3": (34.7, 135.5, "JP"), "ap-southeast-1": (1.4, 103.8, "SG"), "ap-southeast-2": (-33.9, 151.2, "AU"),
    "ap-southeast-3": (-6.2, 106.8, "ID"), "ap-southeast-4": (-37.8, 145.0, "AU"),
    "ap-southeast-5": (3.1, 101.7, "MY"), "ap-southeast-6": (-36.8, 174.8, "NZ"),
    "ap-southeast-7": (13.8, 100.5, "TH"), "cn-north-1": (39.9, 116.4, "CN"), "cn-northwest-1": (37.5, 105.2, "CN"),
}  # fmt: skip
"""Latitude, longitude, and the country or state that a region is in."""
_WORD = re.compile(r"([A-Z]{2})(?:-([A-Z]{2}))?")
_EARTH_KM = 6_371.0


@dataclass(frozen=True)
class Location:
    """Where a client is. subdivision: a state of the United States. latitude, longitude: in degrees."""

    country: str
    continent: str
    subdivision: str | None
    latitude: float
    longitude: float

    def distance_km(self, region: str) -> float:
        """How far an AWS region is away; one that nobody knows is farther than all others."""
        if region not in _REGIONS:
            return math.inf
        latitude, longitude, _ = _REGIONS[region]
        one, other = math.radians(self.latitude), math.radians(latitude)
        turn = math.radians(longitude - self.longitude)
        cosine = math.sin(one) * math.sin(other) + math.cos(one) * math.cos(other) * math.cos(turn)
        return _EARTH_KM * math.acos(max(-1.0, min(1.0, cosine)))


def is_region(name: str) -> bool:
    """Whether it is known where an AWS region of that name is."""
    return name in _REGIONS


def located(text: str) -> Location:
    """What `eu-west-1`, `DE` or `US-CA` means. Raises ValueError for what nobody knows."""
    if text in _REGIONS:
        return _at(text, _REGIONS[text][2])
    match = _WORD.fullmatch(text)
    if match is None or match[1] not in _OF_COUNTRY or (match[2] and match[1] != "US"):
        raise ValueError(f"{text!r} is no AWS region, no country (DE) and no state of the United States (US-CA)")
    return _at(_nearest_to(text, match[1]), text)


def _nearest_to(text: str, country: str) -> str:
    for fits in (text, country):
        for region, (_, _, where) in _REGIONS.items():
            if where == fits or where.startswith(f"{fits}-"):
                return region
    continent = _OF_COUNTRY[country]
    found = next((r for r, (_, _, where) in _REGIONS.items() if _OF_COUNTRY[where[:2]] == continent), None)
    return found or "us-east-1"


def _at(region: str, where: str) -> Location:
    latitude, longitude, _ = _REGIONS[region]
    country, _, subdivision = where.partition("-")
    return Location(country, _OF_COUNTRY[country], subdivision or None, latitude, longitude)
