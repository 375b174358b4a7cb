"""List prices of AWS: data with region, date, status and source."""

import csv
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from math import inf
from pathlib import Path

from spotmusic_cdk.command_line import CommandError

PATH = Path(__file__).with_name("prices.csv")
OWN = Path.cwd() / PATH.name
"""Prices of a project, which override shipped ones."""
COLUMNS = ("service", "usage", "unit", "region", "from", "usd", "date", "status", "source")
EVERYWHERE = ("any", "global")
"""Region of prices that are the same everywhere."""
OLD_DAYS = 120
"""Days until the estimate warns of a price."""


class CostError(CommandError):
    """Impossible estimate. The message has the reason and the remedy."""


@dataclass(frozen=True)
class Price:
    """Row of `prices.csv`.

    Args:
        service: code of the service in the AWS price list, such as `AmazonEC2`.
        usage: usage type without the prefix of its region.
        unit: unit of the quantity.
        region: region, continent of CloudFront, or `any`.
        start: monthly quantity from which a price in tiers applies.
        usd: price per unit in USD.
        read: date of the price; None if unknown.
        status: `verified` has a public source, `unverified` has none, `assumed` is derived from
            another price.
        source: source of the price.
    """

    service: str
    usage: str
    unit: str
    region: str
    start: float
    usd: float
    read: date | None
    status: str
    source: str

    @property
    def sure(self) -> bool:
        """True if the price has a public source."""
        return self.status == "verified"

    def old(self, today: date) -> bool:
        """Return whether the price has no date or is older than 120 days."""
        return self.read is None or (today - self.read).days > OLD_DAYS


class Prices:
    """Prices by service, usage type and region.

    Args:
        rows: prices, in any order.
    """

    def __init__(self, rows: Iterable[Price]) -> None:
        self._tiers: dict[tuple[str, str, str], list[Price]] = defaultdict(list)
        for row in sorted(rows, key=lambda row: row.start):
            self._tiers[row.service, row.usage, row.region].append(row)

    def __iter__(self) -> Iterator[Price]:
        return (row for tiers in self._tiers.values() for row in tiers)

    def __len__(self) -> int:
        return sum(map(len, self._tiers.values()))

    def tiers(self, service: str, usage: str, region: str) -> list[Price]:
        """Return the tiers of a price, lowest volume first.

        Raises:
            CostError: if the price is missing.
        """
        for place in (region, *EVERYWHERE):
            if found := self._tiers.get((service, usage, place)):
                return found
        raise _missing(f"{service} {usage}", region)

    def usd(self, service: str, usage: str, region: str, quantity: float) -> float:
        """Return the price of a monthly quantity, tier by tier."""
        tiers = self.tiers(service, usage, region)
        ends = [*(tier.start for tier in tiers[1:]), inf]
        return sum(
            max(0.0, min(quantity, end) - tier.start) * tier.usd
            for tier, end in zip(tiers, ends, strict=True)
        )

    def of_kind(self, service: str, start: str, region: str) -> dict[str, float]:
        """Return the prices of usage types with a prefix, by the rest of the usage type.

        Raises:
            CostError: if the region has none.
        """
        found = {
            usage.removeprefix(start): tiers[0].usd
            for (code, usage, place), tiers in self._tiers.items()
            if (code, place) == (service, region) and usage.startswith(start)
        }
        if not found:
            raise _missing(f"{service} {start}*", region)
        return found


def _missing(price: str, region: str) -> CostError:
    return CostError(
        f"No price of {price} in {region}. "
        f"Run `make prices REGION={region}`, or add it to {PATH.name}."
    )


def read(path: Path | None = None) -> Prices:
    """Read prices.

    Args:
        path: file with all prices; None reads the shipped ones, overridden by those of a project.

    Raises:
        CostError: if a file is missing or a row is malformed.
    """
    if path:
        return Prices(_rows(path))
    rows = [*_rows(PATH), *(_rows(OWN) if OWN.exists() else [])]
    return Prices({(row.service, row.usage, row.region, row.start): row for row in rows}.values())


def _rows(path: Path) -> list[Price]:
    try:
        with path.open(newline="") as file:
            return [_price(row) for row in csv.DictReader(file)]
    except OSError as error:
        raise CostError(
            f"{path.name} cannot be read: {error.strerror}. "
            "Restore it with git, or run `make prices`."
        ) from None
    except (KeyError, TypeError, ValueError) as error:
        raise CostError(
            f"{path.name} has a malformed row: {error}. Restore it with git, or run `make prices`."
        ) from None


def _price(row: dict[str, str]) -> Price:
    start, usd = float(row["from"]), float(row["usd"])
    day = date.fromisoformat(row["date"]) if row["date"] else None
    return Price(
        row["service"],
        row["usage"],
        row["unit"],
        row["region"],
        start,
        usd,
        day,
        row["status"],
        row["source"],
    )
