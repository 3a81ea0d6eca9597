"""A real archive: Orthanc from Debian."""

import contextlib
import json
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.imaging import made

PLUGIN = "/usr/share/orthanc/plugins/libOrthancDicomWeb.so"
ORTHANC = shutil.which("Orthanc") or "/usr/sbin/Orthanc"
needs_orthanc = pytest.mark.skipif(
    not Path(PLUGIN).exists(), reason="needs Orthanc: apt-get install orthanc orthanc-dicomweb"
)


@contextlib.contextmanager
def running(folder: Path) -> Iterator[str]:
    """An Orthanc with one CT study of two series; gives its DICOMweb address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = {
        "StorageDirectory": str(folder / "db"),
        "HttpPort": port,
        "DicomServerEnabled": False,
        "AuthenticationEnabled": False,
        "Plugins": [PLUGIN],
        "DicomWeb": {"Enable": True, "Root": "/dicom-web/"},
    }
    (folder / "orthanc.json").write_text(json.dumps(options))
    with subprocess.Popen([ORTHANC, folder / "orthanc.json"], stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr
            assert any("Orthanc has started" in line for line in process.stderr), "Orthanc did not start"
            url = f"http://127.0.0.1:{port}"
            own: dict[str, Any] = {"StudyInstanceUID": "1.2.3.4.5", "AccessionNumber": "ACC77"}
            for name, count in [("a", 6), ("b", 1)]:
                tags = {"SeriesInstanceUID": f"1.2.3.4.5.{count}", "SeriesDescription": name, **own}
                put(f"{url}/dicom-web", folder / name, count, **tags)
            yield f"{url}/dicom-web"
        finally:
            process.terminate()


def put(url: str, folder: Path, count: int, **tags: Any) -> None:
    """Store one more CT series; ``url`` is what ``running`` gives."""
    made.series(folder, count, shape=(8, 8), **tags)
    for path in folder.glob("*.dcm"):
        instances = f"{url.removesuffix('/dicom-web')}/instances"
        httpx.post(instances, content=path.read_bytes()).raise_for_status()
