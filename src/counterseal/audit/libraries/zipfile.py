"""Archives and copies: zipfile, tarfile, shutil."""

from __future__ import annotations

from counterseal.audit.libraries.model import Api, Library

LIBRARY = Library(
    name="zipfile",
    calls={
        "zipfile.ZipFile": Api("archive", {"data": (0, "file")}, returns="zipfile.ZipFile"),
        "zipfile.ZipFile.extractall": Api("archive", {"path": (0, "path")}),
        "zipfile.ZipFile.extract": Api("archive", {"path": (1, "path")}),
        "tarfile.open": Api("archive", {"data": (0, "name", "fileobj")}, returns="tarfile.TarFile"),
        "tarfile.TarFile.extractall": Api("archive", {"path": (0, "path"), "filter": "filter"}),
        "tarfile.TarFile.extract": Api("archive", {"path": (1, "path"), "filter": "filter"}),
        "shutil.unpack_archive": Api("archive", {"data": (0, "filename"), "path": (1, "extract_dir")}),
        "gzip.decompress": Api("archive", {"data": (0, "data")}),
        "shutil.copyfileobj": Api("file-save", {"data": (0, "fsrc"), "path": (1, "fdst")}),
        "shutil.copy": Api("file-save", {"data": (0, "src"), "path": (1, "dst")}),
        "shutil.move": Api("file-save", {"data": (0, "src"), "path": (1, "dst")}),
        "shutil.rmtree": Api("file-save", {"path": (0, "path")}),
    },
)
