"""Current list prices from AWS's public price list, for `make prices`.

`python -m tools.cost.refresh`
"""

import argparse
import csv
import io
import re
import sys
import urllib.request
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import date
from itertools import groupby, product
from operator import attrgetter
from pathlib import Path

from spotmusic_cdk import output
from spotmusic_cdk.command_line import run_command
from spotmusic_cdk.settings.regions import CACHES, DATABASES
from tools.cost import prices
from tools.cost.prices import COLUMNS, CostError, Price, Prices, read

BULK = "https://pricing.us-east-1.amazonaws.com"
REFERENCE = "sa-east-1"
"""Region with the usage types of all regions."""
_TIMEOUT_SECONDS = 30
_REGION = re.compile(r"[a-z]{2,4}(-[a-z]{2,12})+-[0-9]")
_PREFIX = re.compile(r"^[A-Z]{2,4}[0-9]?-")
_PLAIN: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "AmazonEC2": {
        "Operating System": ("Linux",),
        "Tenancy": ("Shared",),
        "CapacityStatus": ("Used",),
        "Pre Installed S/W": ("NA",),
    },
    # Storage has the engine "Any" in some regions. The usage type includes the deployment option.
    "AmazonRDS": {"Database Engine": ("MySQL", "Any")},
}
"""Values of columns that distinguish products with one usage type; empty values are equal."""

Row = dict[str, str]
Wanted = tuple[str, float]
"""Usage type and start of a tier."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Refresh `prices.csv` completely, or leave it unchanged.

    Args:
        arguments: command line without the program's name; None takes the process's.

    Raises:
        CostError: if the price list is not available.
    """
    parser = argparse.ArgumentParser(prog="python -m tools.cost.refresh", description=__doc__)
    parser.add_argument(
        "--region",
        action="append",
        metavar="REGION",
        help="region to refresh or to add; default: all in the file",
    )
    parser.add_argument("--endpoint", default=BULK, help=argparse.SUPPRESS)
    parser.add_argument(
        "--own",
        action="store_true",
        help="write those that differ from the platform's to prices.csv of this folder",
    )
    parser.add_argument("--file", type=Path, default=prices.PATH, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    shipped = read(options.file)
    known = read() if options.own else shipped
    rows, missing = refreshed(known, options.region or regions_in(known), options.endpoint)
    changed = len(set(rows) - set(known))
    same = set(shipped) if options.own else set()
    write(prices.OWN if options.own else options.file, (row for row in rows if row not in same))
    print(
        f"{options.file.name}: {changed} of {len(rows)} prices changed. "
        f"Review them: git diff {options.file.name}"
    )
    if missing:
        names = ", ".join(missing[:5]) + (" …" if missing[5:] else "")
        print(f"{len(missing)} are not in the price list, and are kept: {names}")


def regions_in(known: Prices) -> list[str]:
    """Return the regions of AWS in a file of prices."""
    return sorted({row.region for row in known if _REGION.fullmatch(row.region)})


def refreshed(
    known: Prices, regions: Iterable[str], endpoint: str
) -> tuple[list[Price], list[str]]:
    """Return all prices, refreshed in some regions, and names without a price in the list.

    Args:
        known: prices before.
        regions: regions to refresh or to add.
        endpoint: address of the price list.

    Raises:
        CostError: if the price list is not available or has an unknown form.
    """
    rows = {(row.service, row.usage, row.region, row.start): row for row in known}
    missing = []
    for region in regions:
        usual = [replace(row, region=region) for row in known if row.region == REFERENCE]
        own = [row for row in known if row.region == region]
        services = {row.service for row in usual}
        classes = [row for row in _classes(region) if row.service in services]
        wanted = {(row.service, row.usage, row.start): row for row in [*classes, *usual, *own]}
        by_service = attrgetter("service")
        for service, group in groupby(sorted(wanted.values(), key=by_service), by_service):
            source = f"AWS price list, bulk offer file {service}"
            asked = list(group)
            found = _offer(endpoint, service, region, {(row.usage, row.start) for row in asked})
            for row in asked:
                if price := found.get((row.usage, row.start)):
                    usd, read_on = price
                    rows[service, row.usage, region, row.start] = replace(
                        row, usd=usd, read=read_on, status="verified", source=source
                    )
                elif row not in classes:
                    missing.append(f"{service} {row.usage} in {region}")
    return [rows[key] for key in sorted(rows)], missing


def _classes(region: str) -> Iterator[Price]:
    """Classes of databases and cache nodes that the settings accept in a region."""
    kinds = (
        ("AmazonRDS", "InstanceUsage:db", DATABASES, [""]),
        ("AmazonElastiCache", "NodeUsage:cache", CACHES, [":redis", ":valkey"]),
    )
    for service, kind, families, engines in kinds:
        for family, of in families.items():
            for size, engine in product(of.sizes if region not in of.absent else (), engines):
                usage = f"{kind}.{family}.{size}{engine}"
                yield Price(service, usage, "Hrs", region, 0, 0, None, "unverified", "")


def _offer(
    endpoint: str, service: str, region: str, wanted: set[Wanted]
) -> dict[Wanted, tuple[float, date]]:
    """Prices and publication date of an offer file, read line by line (EC2: hundreds of MB)."""
    address = f"{endpoint}/offers/v1.0/aws/{service}/current/{region}/index.csv"
    print(f"{service}, {region} …", file=sys.stderr)
    found: dict[Wanted, tuple[float, date]] = {}
    try:
        # S310: the address is https, or a test's own server.
        connection = urllib.request.urlopen(address, timeout=_TIMEOUT_SECONDS)  # noqa: S310
        with closing(connection) as answer:
            text = io.TextIOWrapper(answer, encoding="utf-8", newline="")
            published = _published(text)
            for row in csv.DictReader(text):
                if row["TermType"] != "OnDemand" or not _plain(service, row):
                    continue
                for key in wanted & {
                    (usage, float(row["StartingRange"] or 0)) for usage in _usages(row)
                }:
                    found[key] = float(row["PricePerUnit"]), published
    except OSError as error:
        raise CostError(
            f"The AWS price list cannot be read from {address}: {getattr(error, 'reason', error)}. "
            "It requires access to the Internet. prices.csv is unchanged."
        ) from None
    except (LookupError, ValueError, csv.Error) as error:
        raise CostError(
            f"{address} has an unknown form: {error}. prices.csv is unchanged."
        ) from None
    return found


def _published(text: io.TextIOWrapper) -> date:
    """Publication date, from the lines before the header."""
    for line in csv.reader(text):
        if line[0] == "Publication Date":
            day = date.fromisoformat(line[1][:10])
        elif line[0] == "OfferCode":
            return day
    raise ValueError("no publication date")


def _usages(row: Row) -> set[str]:
    """Names of a product: usage type alone, or followed by operation or cache engine."""
    usage = _PREFIX.sub("", row["usageType"])
    return {
        usage,
        f"{usage}:{row.get('operation')}",
        f"{usage}:{(row.get('Cache Engine') or '').lower()}",
    }


def _plain(service: str, row: Row) -> bool:
    return all(
        row.get(column) in (*values, "", None) for column, values in _PLAIN.get(service, {}).items()
    )


def write(path: Path, rows: Iterable[Price]) -> None:
    """Replace a file of prices atomically."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(map(_cells, rows))
    output.write(path, text.getvalue())


def _cells(row: Price) -> tuple[str, ...]:
    start, usd = f"{row.start:.0f}", f"{row.usd:.10f}".rstrip("0").rstrip(".")
    read_on = row.read.isoformat() if row.read else ""
    billed = row.service, row.usage, row.unit, row.region
    return *billed, start, usd, read_on, row.status, row.source


if __name__ == "__main__":
    run_command(main)
