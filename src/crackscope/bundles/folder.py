"""The folder that a bundle is: written as a whole, opened with distrust."""

import contextlib
import hashlib
import os
import shutil
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import BinaryIO

import msgspec

from crackscope.bundles.exchanging import exchange
from crackscope.bundles.graph import check_face, check_features, read_face
from crackscope.bundles.manifest import (
    MAX_MANIFEST_BYTES,
    Manifest,
    check_manifest,
    dump_manifest,
    parse_manifest,
    seal,
)
from crackscope.bundles.metadata import bundle_metadata, with_metadata
from crackscope.bundles.naming import MANIFEST, bundle_folder
from crackscope.bundles.reference import MOST_REFERENCE_BYTES, Reference, decode_reference, encode_reference
from crackscope.drafts import begun, remove_drafts, signed
from crackscope.errors import BundleError
from crackscope.files import unwritten

MODEL, WEIGHTS, CARD = "model.onnx", "weights.safetensors", "README.md"
REFERENCE = "reference.npy"
FEATURES = "features.onnx"
_LIMITS = {
    MODEL: 2 << 30,
    WEIGHTS: 8 << 30,
    CARD: 4 << 20,
    MANIFEST: MAX_MANIFEST_BYTES,
    REFERENCE: MOST_REFERENCE_BYTES,
    FEATURES: 2 << 30,
}
_CHUNK = 1 << 20
_SAFELY = os.O_RDONLY | sum(getattr(os, name, 0) for name in ("O_NOFOLLOW", "O_NONBLOCK", "O_BINARY"))


@dataclass(frozen=True, slots=True)
class Bundle:
    """A bundle whose files were found to be whole, unaltered and safe.

    model: the bytes of model.onnx as they were checked; run these, not the file, which may have changed since.
    features: those of features.onnx, None when the bundle has none.
    """

    path: Path
    manifest: Manifest
    model: bytes = field(repr=False)
    features: bytes | None = field(default=None, repr=False)

    @property
    def weights(self) -> Path | None:
        """Where the torch weights are, None when the bundle carries none."""
        return self.path / WEIGHTS if WEIGHTS in self.manifest.hashes else None

    def reference(self) -> Reference | None:
        """What the bundle keeps of pictures it did not learn from, None when it keeps nothing.

        Raises BundleError when the file was altered since, or is not what it should be.
        """
        stated = self.manifest.hashes.get(REFERENCE)
        if stated is None:
            return None
        data = _read(self.path, REFERENCE)
        if _digest(data) != stated:
            raise BundleError(f"{self.path / REFERENCE} was altered (sha256 differs); fetch the bundle again")
        return decode_reference(data, str(self.path / REFERENCE))


def edition(folder: str | Path) -> tuple[int, int, int] | None:
    """What differs when a bundle is written anew under the same path: inode, bytes and time in ns of its bundle.json.

    For those who keep a loaded bundle by its path, or that of its run. None where there is no bundle.
    """
    try:
        facts = (bundle_folder(folder) / MANIFEST).stat()
    except (OSError, ValueError, BundleError):
        return None
    return facts.st_ino, facts.st_size, facts.st_mtime_ns


def write_bundle(  # noqa: PLR0913 - a file of the bundle each
    folder: str | Path,
    manifest: Manifest,
    *,
    model: bytes,
    weights: bytes | None,
    card: str,
    reference: Reference | None = None,
    features: bytes | None = None,
) -> Bundle:
    """Write a bundle as a whole: either all of it is there afterwards, or what was there before.

    reference: what it keeps of pictures that were set aside in training; not needed to use it. features: the graph of a
    network that learnt no cracks, for the rule that tells surfaces from everything else.
    model gets the metadata that describes it, then `hashes` of the manifest are filled in. A bundle or an empty
    folder in the way is replaced. Raises BundleError when the parts do not fit each other or something else is in
    the way, OutputError when the folder cannot be written.
    """
    target = Path(folder)
    described = (
        with_metadata(model, bundle_metadata(manifest)) if "model_type" not in read_face(model).metadata else model
    )
    check_face(read_face(described), manifest)
    _check_features(features, manifest, FEATURES)
    files = {MODEL: described, CARD: card.encode()} | ({} if weights is None else {WEIGHTS: weights})
    files |= {} if reference is None else {REFERENCE: encode_reference(reference)}
    files |= {} if features is None else {FEATURES: features}
    hashes = {name: _digest(data) for name, data in sorted(files.items())}
    manifest = seal(msgspec.structs.replace(manifest, hashes=hashes))
    if manifest.golden is None:
        raise BundleError("a bundle cannot be written without golden outputs; make them with crackscope.scoring.pack")
    check_manifest(manifest, MANIFEST)
    files[MANIFEST] = dump_manifest(manifest)
    # What could not be opened again shall replace nothing.
    parse_manifest(files[MANIFEST], MANIFEST)
    _refuse_strangers(target)
    try:
        _write_folder(target, files)
    except OSError as error:
        raise unwritten(f"the bundle {target}", error) from error
    return Bundle(target, manifest, described, features)


def _check_features(features: bytes | None, manifest: Manifest, where: str) -> None:
    if (features is None) != (manifest.features is msgspec.UNSET):
        raise BundleError(f"{where} is {'missing' if features is None else 'there'}, and {MANIFEST} says otherwise")
    if features is not None:
        check_features(read_face(features, where), manifest.features or 0, where)


def foreign_file(folder: Path) -> str:
    """The name of something in a bundle's folder that is no file of a bundle, and would be lost with it; "" for none.

    Raises OSError where the folder cannot be listed.
    """
    return next((name for name in sorted(os.listdir(folder)) if name not in _LIMITS), "")


def _refuse_strangers(target: Path) -> None:
    try:
        if target.is_symlink() or (target.exists() and not target.is_dir()):
            raise BundleError(f"{target} is in the way and is not a bundle; name another folder")
        if target.is_dir() and any(target.iterdir()) and not (target / MANIFEST).is_file():
            raise BundleError(f"{target} holds something other than a bundle; name another folder")
        if target.is_dir() and (name := foreign_file(target)):
            raise BundleError(
                f"{target} holds more than a bundle, {name} for one; move that away, or name another folder"
            )
    except OSError as error:
        raise BundleError(
            f"{target} cannot be seen ({error.strerror or error}); name another, or check its name and its rights"
        ) from None


def _write_folder(target: Path, files: dict[str, bytes]) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    _tidy_up(target)
    with begun(str(target.parent), os.mkdir, of=target.name) as draft:
        fresh = Path(draft)
        try:
            for name, data in files.items():
                with open(fresh / name, "xb") as file:
                    file.write(data)
                    file.flush()
                    os.fsync(file.fileno())
            # What was there before has the name of the draft then, and goes as one.
            if not (target.exists() and exchange(fresh, target)):
                _move_in(fresh, target)
        finally:
            shutil.rmtree(fresh, ignore_errors=True)


def _move_in(fresh: Path, target: Path) -> None:
    """Put a folder in the place of another, where they cannot be exchanged: for a moment neither has the name, and a
    kill right then leaves both beside it, whole."""
    old = _set_aside(target)
    if target.exists():
        os.rename(target, old)
    try:
        os.rename(fresh, target)
    except OSError:
        if old.exists():
            os.rename(old, target)
        raise
    finally:
        shutil.rmtree(old, ignore_errors=True)


def _set_aside(target: Path) -> Path:
    """The name that a bundle in the way has for that moment, known to whoever looks for it after a kill."""
    return target.parent / f".{signed(target.name)}.old"


def _tidy_up(target: Path) -> None:
    """Put back what a kill left set aside, or remove it where the new one has come; remove what was left half written.
    Raises OSError."""
    old = _set_aside(target)
    if old.is_dir():
        if target.exists():
            shutil.rmtree(old, ignore_errors=True)
        else:
            os.rename(old, target)
    with contextlib.suppress(OSError):  # Where the folder may not be listed, it stays as it is.
        remove_drafts(target.parent, of=target.name)


def open_bundle(path: str | Path) -> Bundle:
    """Open a bundle and check all that can be checked without running it.

    path: its folder, the run that it lies in, or the text `default` for the one in the package.
    Presence, sizes and kinds of its files (no links, nothing outside the folder), format version, manifest, hashes,
    and that the graph is safe and has the face a bundle must have. Raises BundleError, one line a cause.
    """
    try:
        folder = bundle_folder(path)
        if not folder.is_dir():
            if (old := _set_aside(folder)).is_dir():
                raise BundleError(
                    f"{folder} is gone, a kill ended its replacing; rename {old}, which it was before, back"
                )
            near = bool(get_close_matches(str(path), ["default"]))
            advice = "did you mean 'default'" if near else "name one, a run that wrote one, or 'default'"
            raise BundleError(
                f"{folder} is not a folder; a bundle is a folder with {MODEL} and {MANIFEST}; {advice}, the one in the "
                f"package{'?' * near}"
            )
        if not (folder / MANIFEST).exists() and (folder / "bundle" / MANIFEST).is_file():
            raise BundleError(f"{folder} is no whole run; its bundle is {folder / 'bundle'}")
    except OSError as error:
        raise BundleError(
            f"{path} cannot be looked into ({error.strerror or error}); check its name and its rights"
        ) from None
    manifest = parse_manifest(_read(folder, MANIFEST), str(folder / MANIFEST))
    _check_names(manifest, folder)
    model = _read(folder, MODEL)
    features = _read(folder, FEATURES) if FEATURES in manifest.hashes else None
    run = {MODEL: model} | ({} if features is None else {FEATURES: features})
    for name, stated in manifest.hashes.items():
        found = _digest(run[name]) if name in run else _digest_file(folder, name)
        if found != stated:
            raise BundleError(f"{folder / name} was altered or is damaged (sha256 differs); fetch the bundle again")
    check_face(read_face(model, str(folder / MODEL)), manifest, str(folder / MODEL))
    _check_features(features, manifest, str(folder / FEATURES))
    return Bundle(folder, manifest, model, features)


def _check_names(manifest: Manifest, folder: Path) -> None:
    """Only our own names may be hashed: a name such as ../x would lead out of the folder."""
    names = set(manifest.hashes)
    if not {MODEL, CARD} <= names or not names <= {MODEL, CARD, WEIGHTS, REFERENCE, FEATURES}:
        raise BundleError(f"{folder / MANIFEST} has hashes of {sorted(names)}, not of the files of a bundle")
    if manifest.golden is None:
        raise BundleError(f"{folder / MANIFEST} has no golden outputs; write the bundle again")


@contextlib.contextmanager
def _open_file(folder: Path, name: str) -> Iterator[BinaryIO]:
    """Open a plain file inside the folder, never through a link, and no larger than such a file may be."""
    path = folder / name
    try:
        descriptor = os.open(path, _SAFELY)
    except FileNotFoundError:
        raise BundleError(f"{folder} is not a complete bundle: {name} is missing") from None
    except OSError as error:
        if path.is_symlink():
            raise BundleError(f"{path} is a link; the files of a bundle must lie in its folder") from None
        raise BundleError(f"{path} cannot be read: {error.strerror}") from None
    facts = os.fstat(descriptor)
    if not stat.S_ISREG(facts.st_mode) or path.is_symlink():
        os.close(descriptor)
        raise BundleError(f"{path} is not a plain file")
    with open(descriptor, "rb") as file:
        if facts.st_size > _LIMITS[name]:
            raise BundleError(f"{path} is {facts.st_size:,} bytes long; at most {_LIMITS[name]:,} are let in")
        yield file


def _read(folder: Path, name: str) -> bytes:
    with _open_file(folder, name) as file:
        return bytes(file.read(_LIMITS[name] + 1))


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _digest_file(folder: Path, name: str) -> str:
    with _open_file(folder, name) as file:
        total = hashlib.sha256()
        while chunk := file.read(_CHUNK):
            total.update(chunk)
        return total.hexdigest()
