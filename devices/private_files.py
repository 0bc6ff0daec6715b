"""Files with secrets or hashes: replaced in one step, and never readable by others for a moment."""

import os
import tempfile
from pathlib import Path


def write_private(path: Path, text: str) -> None:
    """Replace a file by one of mode 0600 that holds `text`, or leave the old one whole.

    Run as root, the new file belongs to the folder's owner: the broker runs as somebody else.

    Raises:
        OSError: when the folder does not let us; the old file is as it was.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, draft = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)  # mode 0600
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            _give_to_owner_of(path if path.exists() else path.parent, descriptor)
            file.write(text)
            file.flush()
            os.fsync(descriptor)
        Path(draft).replace(path)
    except BaseException:
        Path(draft).unlink(missing_ok=True)
        raise


def _give_to_owner_of(model: Path, descriptor: int) -> None:
    if os.geteuid() == 0:
        owner = model.stat()
        os.fchown(descriptor, owner.st_uid, owner.st_gid)
