"""Reads the raw files of the run directories of lsmlab.

The formats are those of harness/journal and harness/result, read here a second time on purpose: a
notebook shows that the files can be read without the code that wrote them. Damage
is an error that names the file; it is never taken for a missing value.
"""

import base64
import json
import pathlib
import struct
import zlib


class DamageError(ValueError):
    """A file does not hold what its format says."""


def lines(path):
    """Returns the lines of a journal as dictionaries, in file order.

    A last line without its newline is torn and is not a result.
    """
    whole, _, _ = pathlib.Path(path).read_bytes().rpartition(b"\n")
    found = []
    for number, line in enumerate(whole.splitlines(), 1):
        try:
            found.append(json.loads(line))
        except ValueError as e:
            raise DamageError(f"{path}, line {number}: {e}") from e
    return found


def cells(run):
    """Returns the cells of a race that have figures."""
    return [c for c in lines(pathlib.Path(run) / "cells.jsonl") if c["status"] == "ok"]


class _Bits:
    def __init__(self, block):
        self.value = int.from_bytes(block, "big")
        self.left = 8 * len(block)

    def read(self, n):
        if n > self.left:
            raise DamageError("the block ends within a point")
        self.left -= n
        return self.value >> self.left & (1 << n) - 1


def _signed(bits, size):
    # The range of go-tsz is -(2^(n-1)-1) to 2^(n-1), unlike two's complement.
    return bits - (1 << size) if bits > 1 << (size - 1) else bits


def _points(block):
    """Yields tick and value of a go-tsz block (Pelkonen et al., "Gorilla", VLDB 2015)."""
    r = _Bits(block)
    tick = r.read(32)
    delta = r.read(14)
    tick += delta
    bits = r.read(64)
    leading = trailing = 0
    while True:
        yield tick, struct.unpack(">d", struct.pack(">Q", bits))[0]
        ones = 0
        while ones < 4 and r.read(1):
            ones += 1
        if ones == 4:
            raw = r.read(32)
            if raw == 0xFFFFFFFF:
                return
            delta += raw
        elif ones:
            size = (0, 7, 9, 12)[ones]
            delta += _signed(r.read(size), size)
        delta &= 0xFFFFFFFF
        tick = (tick + delta) & 0xFFFFFFFF
        if not r.read(1):
            continue
        if r.read(1):
            leading = r.read(5)
            trailing = 64 - leading - (r.read(6) or 64)
            if trailing < 0:
                raise DamageError("a value has more than 64 bits")
        bits ^= r.read(64 - leading - trailing) << trailing


def _crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc = _CASTAGNOLI[(crc ^ byte) & 0xFF] ^ crc >> 8
    return crc ^ 0xFFFFFFFF


def _castagnoli(entry):
    for _ in range(8):
        entry = entry >> 1 ^ (0x82F63B78 if entry & 1 else 0)
    return entry


_CASTAGNOLI = [_castagnoli(i) for i in range(256)]


def series(path):
    """Returns the timelines of a file: name to a list of (ms since the start, value)."""
    b = pathlib.Path(path).read_bytes()
    if b[:8] != b"lsmtsz1\n":
        raise DamageError(f"{path}: it does not begin as a series file does")
    at, found = 12, {}
    try:
        for _ in range(struct.unpack_from("<I", b, 8)[0]):
            start = at
            name_end = at + 2 + struct.unpack_from("<H", b, at)[0]
            points, size = struct.unpack_from("<II", b, name_end)
            end = name_end + 8 + size
            want, got = struct.unpack_from("<I", b, end)[0], _crc32c(b[start:end])
            if got != want:
                raise DamageError(f"series checksum {got:08x}, want {want:08x}")
            line = [(t - 1, v) for t, v in _points(b[name_end + 8 : end])] if points else []
            if len(line) != points:
                raise DamageError(f"{len(line)} points, want {points}")
            found[b[start + 2 : name_end].decode()] = line
            at = end + 4
        if at != len(b):
            raise DamageError(f"{len(b) - at} bytes after the last series")
    except (struct.error, DamageError) as e:
        raise DamageError(f"{path}, offset {at}: {e}") from e
    return found


# The geometry of every histogram: three digits from 1 ns.
_HALF_BITS = 10
_HALF = 1 << _HALF_BITS


def _highest(index):
    """Returns the highest value, in ns, that is counted at an index."""
    bucket, sub = (index >> _HALF_BITS) - 1, (index & _HALF - 1) + _HALF
    if bucket < 0:
        bucket, sub = 0, sub - _HALF
    return (sub + 1 << bucket) - 1


def _counts(payload):
    """Returns index to count of an HdrHistogram V2 compressed payload."""
    b = base64.b64decode(payload, validate=True)
    if struct.unpack_from(">I", b)[0] & ~0xF0 != 0x1C849304:
        raise DamageError("not a V2 compressed histogram")
    b = zlib.decompress(b[8:])
    cookie, size, _, digits, lowest = struct.unpack_from(">IIIIq", b)
    if cookie & ~0xF0 != 0x1C849303 or digits != 3 or lowest != 1 or len(b) != 40 + size:
        raise DamageError("not a histogram of three digits from 1 ns")
    counts, index, at = {}, 0, 40
    while at < len(b):
        raw = 0
        for i in range(9):  # ZigZag LEB128; the ninth byte has 8 bits
            byte = b[at]
            at += 1
            raw |= (byte if i == 8 else byte & 0x7F) << 7 * i
            if i == 8 or byte < 0x80:
                break
        n = raw >> 1 ^ -(raw & 1)
        if n < 0:
            index -= n
        else:
            counts[index] = n
            index += 1
    return counts


def histograms(path):
    """Returns the histograms of a file: tag to a dictionary of index to count."""
    text = pathlib.Path(path).read_text()
    want, found = -1, {}
    for number, line in enumerate(text.splitlines(), 1):
        try:
            if line.startswith("#[Histograms: "):
                want = int(line.split()[1].rstrip(","))
            elif line.startswith("Tag="):
                fields = line.split(",")
                found[fields[0][4:]] = _counts(fields[4])
        except (ValueError, IndexError, struct.error, zlib.error) as e:
            raise DamageError(f"{path}, line {number}: {e}") from e
    if len(found) != want or not text.endswith("\n"):
        raise DamageError(f"{path}: {len(found)} histograms, want {want}")
    return found


def quantile(counts, percent):
    """Returns the value, in ns, that percent of the counted values do not exceed."""
    total = sum(counts.values())
    rank = min(total, max(1, int(percent / 100 * total + 0.5)))
    for index in sorted(counts):
        rank -= counts[index]
        if rank <= 0:
            return _highest(index)
    return 0
