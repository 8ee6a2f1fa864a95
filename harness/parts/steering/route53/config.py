"""The data plane's configuration: checked once, at the edge, with every problem reported at the same time."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from harness.errors import InputError

Address = tuple[str, Annotated[int, Field(ge=0, le=65535)]]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class LoadBalancerConfig(_Strict):
    """address: what the alias answers with. admin: where `GET /targets` says which targets are healthy; None: nobody
    says, and the load balancer counts as healthy."""

    address: str
    admin: Address | None = None


class DataPlaneConfig(_Strict):
    """Configuration of the Route 53 data plane; addresses are [host, port], port 0 = any free one.

    control_plane: Route 53 API that is followed. address_book: answered address -> where checkers dial for it.
    regions: answered address -> region that it is the edge of. watch: names whose answer is logged when it changes.
    checkers: per health check. scale: multiplies intervals and TTLs. poll_interval_s: between two readings of the
    control plane. events: JSON-lines file.
    """

    control_plane: Address
    dns: Address = ("127.0.0.1", 0)
    admin: Address = ("127.0.0.1", 0)
    address_book: dict[str, Address] = Field(default_factory=dict)
    load_balancers: dict[str, LoadBalancerConfig] = Field(default_factory=dict)
    regions: dict[str, str] = Field(default_factory=dict)
    watch: tuple[str, ...] = ()
    checkers: Annotated[int, Field(ge=1, le=256)] = 16
    scale: Annotated[float, Field(gt=0, le=10)] = 1.0
    seed: int = 0
    poll_interval_s: Annotated[float, Field(gt=0)] = 0.25
    target_poll_interval_s: Annotated[float, Field(gt=0)] = 0.25
    events: Path | None = None

    @classmethod
    def parse(cls, config: Mapping[str, Any]) -> DataPlaneConfig:
        """The configuration in `config`. Raises InputError with every unknown, missing or wrong key."""
        try:
            return cls.model_validate(config)
        except ValidationError as error:
            raise InputError(*(_sentence(problem) for problem in error.errors())) from error


def _sentence(problem: Any) -> str:
    key = ".".join(str(part) for part in problem["loc"])
    return f"route53 data plane: {key}: {problem['msg']}"
