"""A small database in MaxMind's format, as the real ones are laid out."""

from pathlib import Path

from mmdb_writer import MMDBWriter
from netaddr import IPSet  # type: ignore[import-untyped]  # only this factory needs it

LONDON = {
    "city": {"names": {"en": "London", "de": "London"}},
    "continent": {"code": "EU", "names": {"en": "Europe"}},
    "country": {"iso_code": "GB", "names": {"en": "United Kingdom"}},
    "location": {"accuracy_radius": 20, "latitude": 51.5, "longitude": -0.125, "time_zone": "Europe/London"},
    "postal": {"code": "SW1"},
    "subdivisions": [{"iso_code": "ENG", "names": {"en": "England"}}],
}
OSAKA = {"country": {"iso_code": "JP", "names": {"en": "Japan"}}, "city": {"names": {"en": "Osaka"}}}

LONDON_IP = "81.2.69.142"
OSAKA_IP = "2001:240::7"
UNKNOWN_IP = "8.8.8.8"


def write_database(path: Path, *, london: dict[str, object] | None = None) -> Path:
    """Write a city database that knows two networks."""
    writer = MMDBWriter(ip_version=6, ipv4_compatible=True, database_type="Test-City", languages=["en", "de"])
    writer.insert_network(IPSet(["81.2.69.0/24"]), london or LONDON)
    writer.insert_network(IPSet(["2001:240::/32"]), OSAKA)
    writer.to_db_file(str(path))
    return path
