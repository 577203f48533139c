"""Packets of every revision a client may speak."""

import struct

import pytest

from apps.clickhouse.embedded import packets
from apps.clickhouse.embedded.errors import EngineError
from apps.clickhouse.embedded.packets import Query, Setting
from apps.clickhouse.embedded.wire import Reader, WireError, bytes_refill, string, varint


def reader(data: bytes) -> Reader:
    """Read from bytes."""
    return Reader(bytes_refill, data)


def query(revision: int, settings: bytes, *, interface: int = 1, trace: bool = False) -> bytes:
    """Encode a query as a client of a revision does, without its packet number."""
    packet = string("id")
    if revision >= 54032:
        packet += b"\x01" + string("user") + string("id") + string("0.0.0.0:0")
        if revision >= 54449:
            packet += bytes(8)
        packet += bytes([interface])
        if interface == 1:
            packet += string("os") + string("host") + string("client") + varint(20) + varint(10) + varint(revision)
        else:
            packet += b"\x01" + string("agent")
            packet += string("forwarded") if revision >= 54443 else b""
            packet += string("referer") if revision >= 54447 else b""
        packet += string("quota") if revision >= 54060 else b""
        packet += varint(0) if revision >= 54448 else b""
        packet += varint(3) if revision >= 54401 and interface == 1 else b""
        if revision >= 54442:
            packet += b"\x01" + bytes(24) + string("state") + b"\x01" if trace else b"\x00"
        packet += varint(0) * 3 if revision >= 54453 else b""
    packet += settings + string("")
    packet += string("secret") if revision >= 54441 else b""
    return packet + varint(2) + varint(0) + string("SELECT 1")


@pytest.mark.parametrize("revision", [54453, 54452, 54449, 54448, 54447, 54443, 54442, 54441, 54429])
@pytest.mark.parametrize("interface", [1, 2])
@pytest.mark.parametrize("trace", [False, True])
def test_query__of_revisions_with_text_settings__is_read(revision: int, interface: int, *, trace: bool) -> None:
    settings = string("max_threads") + varint(0) + string("3") + string("x") + varint(1) + string("'y'")

    source = reader(query(revision, settings, interface=interface, trace=trace) + b"END")
    read = packets.read_query(source, revision, lambda _: None)

    assert read == Query("id", {"max_threads": Setting("3"), "x": Setting("'y'", important=True)}, text="SELECT 1")
    assert source.take(3) == b"END"


@pytest.mark.parametrize("revision", [54428, 54412, 54401, 54372, 54060, 54058, 54032, 54000])
def test_query__of_revisions_with_typed_settings__is_read(revision: int) -> None:
    kinds = {"max_threads": "MaxThreads", "timeout": "Seconds", "flag": "Bool", "name": "String", "share": "Float"}
    values = string("max_threads") + varint(300) + string("timeout") + varint(7) + string("flag") + varint(1)
    values += string("name") + string("n") + string("share") + string("0.5")

    read = packets.read_query(reader(query(revision, values)), revision, kinds.get)

    assert {name: given.value for name, given in read.settings.items()} == {
        "max_threads": "300",
        "timeout": "7",
        "flag": "1",
        "name": "n",
        "share": "0.5",
    }


def test_query__with_an_unknown_typed_setting__is_refused() -> None:
    with pytest.raises(EngineError) as caught:
        packets.read_query(reader(query(54412, string("absent") + varint(1))), 54412, lambda _: None)

    assert caught.value.code == 115


def test_hello__of_a_client__is_read_and_anything_else_refused() -> None:
    data = varint(0) + string("client") + varint(20) + varint(3) + varint(54468)
    data += string("shop") + string("ada") + string("pw")

    hello = packets.read_hello(reader(data))

    assert (hello.revision, hello.database, hello.user, hello.password) == (54468, "shop", "ada", "pw")
    with pytest.raises(WireError, match="not Hello"):
        packets.read_hello(reader(varint(1) + data))


def test_hello__of_the_server__grows_with_the_revision() -> None:
    lengths = [len(packets.hello(revision, (26, 9, 2), "UTC", "b")) for revision in (54057, 54058, 54372, 54401)]

    assert lengths == sorted(set(lengths))


@pytest.mark.parametrize(
    ("revision", "rest"), [(51902, b""), (51903, b"\x01\x00\x02\xff\xff\xff\xff\x00"), (50263, b"")]
)
def test_data_start__of_old_revisions__is_read(revision: int, rest: bytes) -> None:
    name = string("ext") if revision >= 50264 else b""

    assert packets.read_data_start(reader(name + rest), revision) == packets.DataStart("ext" if name else "")


def test_data_start__with_the_length_of_the_block__tells_it() -> None:
    info = b"\x01\x00\x02" + (70_000).to_bytes(4, "little") + b"\x00"

    assert packets.read_data_start(reader(string("") + info), 54453).size == 70_000


def test_data_start__with_an_unknown_field__is_refused() -> None:
    with pytest.raises(WireError, match="unknown field 9"):
        packets.read_data_start(reader(string("") + b"\x09"), 54453)


def test_exception__carries_code_name_and_message() -> None:
    data = packets.exception(
        EngineError.of("Code: 60. DB::Exception: No such table. (UNKNOWN_TABLE) (version 26.9.2.1)")
    )

    assert data == (
        b"\x02" + struct.pack("<i", 60) + string("DB::Exception")
        + string("DB::Exception: No such table. (UNKNOWN_TABLE)") + string("") + b"\x00"
    )  # fmt: skip


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Code: 47. DB::Exception: Unknown identifier", 47),
        ("Streaming failed: Code: 76. DB::ErrnoException: Cannot open file", 76),
        ("something else", 1002),
    ],
)
def test_error__in_the_engines_words__keeps_its_code(text: str, code: int) -> None:
    assert EngineError.of(text).code == code


def test_progress__of_old_revisions__has_no_write_counters() -> None:
    new = packets.progress(54453, read=(1, 2), written=(3, 4))
    old = packets.progress(54412, read=(1, 2), written=(3, 4))

    assert new == b"\x03\x01\x02\x00\x03\x04"
    assert old == b"\x03\x01\x02\x00"
