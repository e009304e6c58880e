"""Parquet files of one schema end to end: pages are copied as they are, only the footers are read.

A footer is a Thrift struct in compact encoding (Apache Parquet, ``parquet.thrift``; Apache Thrift,
"Thrift Compact protocol encoding"). Row groups say where in the file their pages are; put behind
another file, they are moved by its length.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO, Final

_MAGIC: Final = b"PAR1"
_TRUE, _FALSE, _BYTE, _I16, _I32, _I64, _DOUBLE, _BINARY, _LIST, _SET, _MAP, _STRUCT = range(1, 13)
# Field numbers of parquet.thrift.
_SCHEMA, _ROWS, _GROUPS, _TOLD, _ORDERS = 2, 3, 4, 5, 7
_COLUMNS, _GROUP_OFFSET, _ORDINAL = 1, 5, 7
_CHUNK_OFFSETS: Final = (2, 4, 6)
"""Of a column chunk: the chunk, its offset index, its column index."""
_META: Final = 3
_META_OFFSETS: Final = (9, 10, 11, 14)
"""Of its metadata: data pages, index page, dictionary page, bloom filter."""

Struct = dict[int, tuple[int, Any]]
"""Fields by number: type and value; a list is (type of its members, members)."""


def join_files(parts: Sequence[Path], target: Path, told: Mapping[bytes, bytes]) -> bool:
    """Put Parquet files end to end into one.

    Parameters
    ----------
    parts
        The files, in order.
    target
        A new file; its metadata are those of the first part.
    told
        Metadata to add.

    Returns
    -------
    bool
        ``False``, and nothing done, where the files do not have the same schema.
    """
    footers = [_footer(part) for part in parts]
    whole = footers[0][0]
    if any(one.get(at) != whole.get(at) for one, _ in footers for at in (_SCHEMA, _ORDERS)):
        return False
    groups: list[Struct] = []
    with target.open("wb") as out:
        out.write(_MAGIC)
        for part, (footer, end) in zip(parts, footers, strict=True):
            shift = out.tell() - len(_MAGIC)
            with part.open("rb") as opened:
                opened.seek(len(_MAGIC))
                _copy(opened, out, end - len(_MAGIC))
            for group in footer[_GROUPS][1][1]:
                _move(group, shift)
                group[_ORDINAL] = (_I16, min(len(groups), (1 << 15) - 1))
                groups.append(group)
        whole[_ROWS] = (_I64, sum(one[_ROWS][1] for one, _ in footers))
        whole[_GROUPS] = (_LIST, (_STRUCT, groups))
        pairs = [{1: (_BINARY, key), 2: (_BINARY, value)} for key, value in told.items()]
        _, (_, own) = whole.get(_TOLD, (_LIST, (_STRUCT, [])))
        whole[_TOLD] = (_LIST, (_STRUCT, [*own, *pairs]))
        written = b"".join(_struct_bytes(whole))
        out.write(written + len(written).to_bytes(4, "little") + _MAGIC)
    return True


def _copy(source: BinaryIO, out: BinaryIO, count: int) -> None:
    """Copy some bytes, a few at a time."""
    start = out.tell()
    while left := count - (out.tell() - start):
        chunk = source.read(min(left, 1 << 20))
        if not chunk:
            raise EOFError(source.name)
        out.write(chunk)


def _move(group: Struct, shift: int) -> None:
    """Say of a row group that it lies farther back."""
    _add(group, (_GROUP_OFFSET,), shift)
    for chunk in group[_COLUMNS][1][1]:
        _add(chunk, _CHUNK_OFFSETS, shift)
        if _META in chunk:
            _add(chunk[_META][1], _META_OFFSETS, shift)


def _add(struct: Struct, fields: Sequence[int], shift: int) -> None:
    for field in fields:
        kind, value = struct.get(field, (0, 0))
        if value:  # 0 is said of what is not there
            struct[field] = (kind, value + shift)


def _footer(path: Path) -> tuple[Struct, int]:
    """Read the footer of a file, and where it begins."""
    size = path.stat().st_size
    with path.open("rb") as opened:
        opened.seek(size - 8)
        length, magic = int.from_bytes(opened.read(4), "little"), opened.read(4)
        begin = size - 8 - length
        if magic != _MAGIC or begin < len(_MAGIC):
            raise EOFError(path.name)
        opened.seek(begin)
        return _Reader(opened.read(length)).struct(), begin


class _Reader:
    """A struct in compact encoding, read from bytes."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    def struct(self) -> Struct:
        found: Struct = {}
        field = 0
        while head := self._byte():
            delta, kind = head >> 4, head & 15
            field = field + delta if delta else self._signed()
            found[field] = (kind, kind == _TRUE if kind <= _FALSE else self._value(kind))
        return found

    def _value(self, kind: int) -> Any:
        if kind in (_TRUE, _FALSE, _BYTE):  # truths in a list are a byte each
            return self._byte()
        if kind in (_I16, _I32, _I64):
            return self._signed()
        if kind == _DOUBLE:
            return self._take(8)
        if kind == _BINARY:
            return self._take(self._number())
        if kind in (_LIST, _SET):
            head = self._byte()
            size = head >> 4 if head >> 4 < 15 else self._number()
            return head & 15, [self._value(head & 15) for _ in range(size)]
        if kind == _STRUCT:
            return self.struct()
        raise EOFError(kind)  # Parquet has no maps

    def _byte(self) -> int:
        self._at += 1
        return self._data[self._at - 1]

    def _take(self, count: int) -> bytes:
        self._at += count
        return self._data[self._at - count : self._at]

    def _number(self) -> int:
        found = shift = 0
        while (byte := self._byte()) & 128:
            found |= (byte & 127) << shift
            shift += 7
        return found | byte << shift

    def _signed(self) -> int:
        zigzag = self._number()
        return zigzag >> 1 ^ -(zigzag & 1)


def _struct_bytes(struct: Struct) -> Iterator[bytes]:
    last = 0
    for field, (kind, value) in sorted(struct.items()):
        head = _TRUE if kind <= _FALSE and value else max(_FALSE, kind)
        delta = field - last
        yield bytes([delta << 4 | head]) if delta < 16 else bytes([head]) + _signed_bytes(field)
        if kind > _FALSE:
            yield from _value_bytes(kind, value)
        last = field
    yield b"\0"


def _value_bytes(kind: int, value: Any) -> Iterator[bytes]:
    if kind in (_TRUE, _FALSE, _BYTE):
        yield bytes([value])
    elif kind in (_I16, _I32, _I64):
        yield _signed_bytes(value)
    elif kind == _DOUBLE:
        yield value
    elif kind == _BINARY:
        yield _number_bytes(len(value)) + value
    elif kind == _STRUCT:
        yield from _struct_bytes(value)
    else:
        of, members = value
        few = len(members) < 15
        yield bytes([(len(members) if few else 15) << 4 | of])
        yield b"" if few else _number_bytes(len(members))
        for member in members:
            yield from _value_bytes(of, member)


def _signed_bytes(value: int) -> bytes:
    return _number_bytes(value << 1 if value >= 0 else (-value << 1) - 1)


def _number_bytes(value: int) -> bytes:
    found = bytearray()
    while value > 127:
        found.append(value & 127 | 128)
        value >>= 7
    found.append(value)
    return bytes(found)
