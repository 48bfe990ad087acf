"""Write the seeds that scripts/fuzz starts from: small valid files of every kind that the program reads.

Run it without arguments; it needs nothing but Python 3.11 and writes the same bytes every time. Records, sweep files and
whatever a fuzzer should not have to find again are kept beside what it writes.
"""

import gzip
import io
import struct
import tarfile
import zipfile
import zlib
from pathlib import Path

SEEDS = Path(__file__).parent / "seeds"


def write(target: str, name: str, content: bytes) -> None:
    folder = SEEDS / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(content)


def idx(code: int, element: str, shape: list[int], values: list) -> bytes:
    header = struct.pack(f">BBBB{len(shape)}I", 0, 0, code, len(shape), *shape)
    return header + struct.pack(f">{len(values)}{element}", *values)


def idx_files() -> None:
    files = {
        "images": idx(0x08, "B", [2, 1, 2], [0, 255, 128, 1]),
        "labels": idx(0x08, "B", [2], [0, 1]),
        "i8": idx(0x09, "b", [2], [1, -1]),
        "i16": idx(0x0B, "h", [2], [258, -2]),
        "i32": idx(0x0C, "i", [1, 1], [65538]),
        "f32": idx(0x0D, "f", [1, 1, 1], [1.5]),
        "f64": idx(0x0E, "d", [1, 1, 1, 1], [-2.5]),
        "empty": idx(0x08, "B", [0, 28, 28], []),
        "terabytes": struct.pack(">BBBB2I", 0, 0, 8, 2, 2**31 - 1, 2**32 - 1),
    }
    for name, content in files.items():
        write("idx", name, content)
        write("idx_gzip", name, content)
        write("idx_gzip", f"{name}.gz", gzip.compress(content, mtime=0))
    # What unpacks to a thousand times as much, behind a header that claims a single byte.
    bomb = idx(0x08, "B", [1], [0]) + bytes(1 << 20)
    write("idx_gzip", "bomb.gz", gzip.compress(bomb, mtime=0))
    halves = [gzip.compress(part, mtime=0) for part in (files["images"][:10], files["images"][10:])]
    write("idx_gzip", "members.gz", b"".join(halves))


def npy(descr: str, order: bool, shape: str, body: bytes, version: int = 1) -> bytes:
    header = f"{{'descr': '{descr}', 'fortran_order': {order}, 'shape': {shape}, }}\n".encode()
    length = struct.pack("<H" if version == 1 else "<I", len(header))
    return b"\x93NUMPY" + bytes([version, 0]) + length + header + body


def npy_files() -> None:
    numbers = [0.0, 1.0, -2.5, float("inf"), float("nan"), 1e-30]
    for descr, element in (("<f4", "<6f"), (">f4", ">6f"), ("<f8", "<6d"), (">f8", ">6d")):
        body = struct.pack(element, *numbers)
        name = descr.replace("<", "little-").replace(">", "big-")
        write("npy", f"{name}.npy", npy(descr, False, "(1, 1, 6)", body))
        write("npy", f"{name}-fortran.npy", npy(descr, True, "(1, 2, 3)", body))
    write("npy", "version-2.npy", npy("<f4", False, "(1, 1, 2)", bytes(8), 2))
    write("npy", "version-3.npy", npy("<f4", False, "(1, 1, 2)", bytes(8), 3))
    write("npy", "scalar.npy", npy("<f8", False, "()", bytes(8)))
    write("npy", "empty.npy", npy("<f4", False, "(0, 3)", b""))
    write("npy", "integers.npy", npy("<i8", False, "(1,)", bytes(8)))
    nested = b"{'descr': " + b"[" * 60
    write("npy", "brackets.npy", b"\x93NUMPY\x01\x00" + struct.pack("<H", len(nested)) + nested)
    write("npy", "record.npy", npy("<f4", False, "(1,)", bytes(8)).replace(b"'<f4'", b"[('a', '<f4')]"))


def npz(packing: int, **arrays: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", packing) as archive:
        for name, content in arrays.items():
            archive.writestr(zipfile.ZipInfo(f"{name}.npy"), content, packing)
    return file.getvalue()


def npz_files() -> None:
    pictures = npy("|u1", False, "(3, 2, 2)", bytes(range(12)))
    labels = npy("<i8", False, "(3,)", struct.pack("<3q", 0, 1, 1))
    keras = {"x_train": pictures, "y_train": labels, "x_test": pictures, "y_test": labels}
    write("npz", "keras.npz", npz(zipfile.ZIP_STORED, **keras))
    write("npz", "keras-deflated.npz", npz(zipfile.ZIP_DEFLATED, **keras))
    colour = npy("|u1", False, "(2, 1, 1, 3)", bytes(range(6)))
    column = npy("|u1", False, "(2, 1)", b"\0\1")
    parts = ("train", "val", "test")
    medmnist = {f"{part}_{what}": array for part in parts for what, array in (("images", colour), ("labels", column))}
    write("npz", "medmnist.npz", npz(zipfile.ZIP_DEFLATED, **medmnist))
    write("npz", "no-test.npz", npz(zipfile.ZIP_STORED, x_train=npy("|u1", True, "(10, 1, 1)", bytes(10)),
                                    y_train=npy(">i4", False, "(10,)", bytes(40))))
    huge = npy("|u1", False, "(4294967295, 65536, 65536)", b"")
    write("npz", "terabytes.npz", npz(zipfile.ZIP_STORED, x_train=huge, y_train=labels))


def csv_files() -> None:
    write("csv", "header.csv", b"label,p0,p1,p2,p3\n" + b"0,0,255,7,8\n1,1,2,3,4\n" * 5)
    write("csv", "last.csv", b"a,b,c,d,class\r\n" + b"0,255,7,8,65535\r\n" * 5)
    write("csv", "narrow.csv", b"a,b,class\r\n0,255\r\n")
    write("csv", "plain.csv", b"3,0\n2,255\n" * 5)
    write("csv", "digits.csv", (b"0.0,16.0," * 32 + b"1\n") * 5)
    write("csv", "quoted.csv", b'"label","p"\n"1","2"\n' * 2)


def cifar_files() -> None:
    write("cifar", "ten.bin", b"\x07" + bytes(range(256)) * 12)
    write("cifar", "hundred.bin", b"\x03\x63" + bytes(range(256)) * 12)
    write("cifar", "short.bin", bytes(100))
    write("cifar", "empty.bin", b"")


def bundle_files() -> None:
    plan = (SEEDS / "record_json" / "plan.json").read_bytes()
    files = {"plan.json": plan, "costs/found/failure.json": b"{}", "sweep.toml": b'study = "fuzz"\n',
             "trials/found-s1/record.json": b'{"version":3,"id":"found-s1"}', "environment.json": b"{}"}
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    # Without most of the zeros that fill the last record.
    archive = archive.getvalue().rstrip(b"\0")
    archive += bytes(-len(archive) % 512 + 1024)
    write("bundle", "run.tar", archive)
    write("bundle", "run.tar.gz", gzip.compress(archive, mtime=0))


def chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def png(width: int, height: int, depth: int, colour: int, rows: bytes, *chunks: bytes, interlace: int = 0) -> bytes:
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, interlace))
    pixels = chunk(b"IDAT", zlib.compress(rows, 9))
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(chunks) + pixels + chunk(b"IEND", b"")


def rows(*content: bytes) -> bytes:
    """Rows of pixels, each behind its filter: none."""
    return b"".join(b"\0" + row for row in content)


def png_files() -> None:
    palette = chunk(b"PLTE", bytes([0, 0, 0, 200, 200, 200, 255, 0, 0]))
    digit = rows(*(bytes(28) if y in (0, 27) else bytes(13) + b"\xff\xff" + bytes(13) for y in range(28)))
    files = {
        "grey-1": png(3, 2, 1, 0, rows(b"\x60", b"\xa0")),
        "grey-4": png(2, 2, 4, 0, rows(b"\x1f", b"\xf1")),
        "grey-8": png(3, 1, 8, 0, rows(b"\x00\x07\xff")),
        "grey-16": png(2, 1, 16, 0, rows(b"\x80\x00\x01\x81")),
        "grey-transparent": png(2, 1, 8, 0, rows(b"\x00\xff"), chunk(b"tRNS", b"\0\0")),
        "rgb-8": png(2, 1, 8, 2, rows(b"\xff\x00\x00\x00\x00\xff")),
        "rgb-16": png(1, 2, 16, 2, rows(b"\xff\xff\x00\x00\x00\x00", bytes(6))),
        "palette": png(3, 1, 8, 3, rows(b"\x00\x01\x02"), palette),
        "palette-2": png(3, 1, 2, 3, rows(b"\x18"), palette, chunk(b"tRNS", b"\xff\x00")),
        "half-a-colour": png(1, 1, 8, 3, rows(b"\x00"), chunk(b"PLTE", bytes(25))),
        "grey-alpha": png(3, 1, 8, 4, rows(b"\x0a\xff\x00\x00\xc8\x80")),
        "rgba-8": png(2, 1, 8, 6, rows(b"\x00\x00\x00\xff\xff\xff\xff\x00")),
        "rgba-16": png(1, 2, 16, 6, rows(bytes(8), b"\xff" * 8)),
        "interlaced": png(3, 3, 8, 0, rows(b"\x00", b"\xff", b"\x00\x80", b"\x01\x02\x03"), interlace=1),
        "digit": png(28, 28, 8, 0, digit),
        "large": png(16_384, 16_384, 8, 0, rows(bytes(4))),
        "animated": png(
            2, 1, 8, 0, rows(b"\x00\xc8"),
            chunk(b"acTL", struct.pack(">II", 2, 0)),
            chunk(b"fcTL", struct.pack(">IIIIIHHBB", 0, 2, 1, 0, 0, 1, 10, 0, 0)),
        ),
    }
    for name, content in files.items():
        write("png", f"{name}.png", content)


POOLS = [
    "max", '"none"', "haar", "blur", "strided_conv", "attention",
    '{ reduce = "avg", size = 3, stride = 2, padding = "same" }',
    '{ reduce = "avg", size = [3, 2], padding = 1, count_padding = true }',
    '{ reduce = "max", size = 2, stride = 1, dilation = 2, ceil = true }',
    '{ reduce = "min", adaptive = [7, "same"] }',
    '{ reduce = { lp = { p = 3.0 } }, global = true }',
    '{ reduce = "median", global = { keep_dims = true } }',
    '{ reduce = { gem = { p = 3.0, learned = "channel" } }, size = 2 }',
    '{ reduce = { s3 = { grid = 4 } }, size = 2 }',
    '{ reduce = "max", fractional = { ratio = 0.7, regions = "overlapping" } }',
    '{ reduce = "avg", fractional = { output = [9, 8], size = 3, sequence = "random", evaluation = "expectation" } }',
    '{ reduce = "max", pyramid = [4, 2, 1] }',
    '{ reduce = "soft", size = 1048576, padding = "same" }',
    "{ strided_conv = { size = 2, stride = 2 } }",
    '{ blur = { reduce = "max", size = 2, taps = 3 } }',
    "{ haar = {} }",
    "{ spectral = { output = 7 } }",
]  # fmt: skip


def pool_files() -> None:
    for index, spelling in enumerate(POOLS):
        write("pool_toml", f"{index:02}", spelling.encode())


if __name__ == "__main__":
    idx_files()
    npy_files()
    npz_files()
    csv_files()
    bundle_files()
    cifar_files()
    png_files()
    pool_files()
