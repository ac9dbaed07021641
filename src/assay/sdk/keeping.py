"""What a run keeps besides numbers: texts, tables, images, sounds, files, and which datasets it used."""

from __future__ import annotations

import os
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from operator import index
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assay.sdk.recorder import Recorder, Warned

if TYPE_CHECKING:
    from assay.sdk.media.encoded import Encoded

KEY_BOUND = 250
ODD = re.compile(r"[^A-Za-z0-9._-]+")  # in the name of a file


class Keeping(ABC):
    """The part of a `Run` that logs what is no number. Nothing of it raises into training."""

    _warned: Warned

    @abstractmethod
    def _say(self, what: str, act: Callable[[Recorder], object]) -> None:
        """Does this, unless the run has ended or is disabled; what fails is warned of."""

    @abstractmethod
    def _moment(self, step: int | None) -> tuple[int, int]:
        """The step, or that of the last `log`, and the time in microseconds."""

    def use_dataset(
        self, data: Any = None, *, name: str = "", source: str = "", digest: str = "", context: str = ""
    ) -> None:
        """The run uses this dataset.

        Args:
            data: A file, array or data frame, whose digest and shape are noted, not its content.
            name: What people call it. [the file's name]
            source: Where it comes from.
            digest: Tells its versions apart. [of the data's bytes]
            context: What for: "train", "test".
        """

        def act(recorder: Recorder) -> None:
            from assay.sdk.datasets import described  # noqa: PLC0415 -- hashing is not needed by all

            recorder.say({"datasets": [described(data, name, source, digest, context)]})

        self._say("keep the dataset", act)

    def log_file(self, path: str | os.PathLike[str], name: str = "") -> None:
        """The file is one of the run's, as it is now: it is copied, unless it is large.

        Args:
            path: The file.
            name: Where it lies in the run's tree. [its own name]
        """

        def act(recorder: Recorder) -> None:
            source = Path(path)
            self._log_file(recorder, name or source.name, source)

        self._say(f"keep the file {path}", act)

    def log_files(self, paths: str | os.PathLike[str] | Iterable[str | os.PathLike[str]], into: str = "") -> None:
        """The files, or all that lie below the folder, are the run's.

        Args:
            paths: A folder, or files.
            into: The folder of the run's tree.
        """

        def act(recorder: Recorder) -> None:
            folder = into.strip("/")
            before = f"{folder}/" if folder else ""
            if isinstance(paths, (str, os.PathLike)):
                root = Path(paths)
                found = [
                    (file.relative_to(root).as_posix(), file) for file in sorted(root.rglob("*")) if file.is_file()
                ]
                if not found:
                    raise ValueError(f"there is no file below {root}")
            else:
                found = [(Path(path).name, Path(path)) for path in paths]
            for name, file in found:
                self._log_file(recorder, before + name, file)

        self._say("keep the files", act)

    def _log_file(self, recorder: Recorder, name: str, source: Path) -> None:
        if not recorder.log_file(name, source):
            self._warned.warn(
                f"reference {source}", f"{source} is large: it is not copied, leave it there until it has been sent"
            )

    def log_text(self, key: str, text: str, step: int | None = None) -> None:
        """The text is logged under the key; without a step, at that of the last `log`, as all that follow."""
        self._say("keep the text", lambda recorder: self._log_text(recorder, key, text, *self._moment(step)))

    def _log_text(self, recorder: Recorder, key: str, text: str, step: int, time_us: int) -> None:
        from assay.sdk.media.texts import text as encode  # noqa: PLC0415 -- seldom needed, as all media

        self._log_media(recorder, key, encode(text), step, time_us)

    def log_table(self, key: str, data: Any, columns: Sequence[str] | None = None, step: int | None = None) -> None:
        """The table is logged: a data frame, a list of dicts or rows, or a dict of columns."""

        def encode() -> Encoded:
            from assay.sdk.media.tables import table  # noqa: PLC0415

            return table(data, columns)

        self._log_encoded("table", key, encode, step)

    def log_image(self, key: str, image: Any, step: int | None = None, caption: str = "") -> None:
        """The image is logged: a file, a PIL image, or an array of height x width (x 1, 3 or 4 channels)."""

        def encode() -> Encoded:
            from assay.sdk.media.images import image as encoded  # noqa: PLC0415

            return encoded(image, caption=caption)

        self._log_encoded("image", key, encode, step)

    def log_figure(self, key: str, figure: Any, step: int | None = None) -> None:
        """The figure of matplotlib or plotly is logged."""

        def encode() -> Encoded:
            from assay.sdk.media.figures import figure as encoded  # noqa: PLC0415

            return encoded(figure)

        self._log_encoded("figure", key, encode, step)

    def log_audio(self, key: str, audio: Any, sample_rate: int | None = None, step: int | None = None) -> None:
        """The sound is logged: a file, or samples (x channels) and their number a second."""

        def encode() -> Encoded:
            from assay.sdk.media.sounds import audio as encoded  # noqa: PLC0415

            return encoded(audio, sample_rate)

        self._log_encoded("audio", key, encode, step)

    def log_histogram(self, key: str, values: Any, bins: int = 64, step: int | None = None) -> None:
        """How the values are distributed is logged; values, or (counts, edges) that were counted already."""

        def encode() -> Encoded:
            from assay.sdk.media.histograms import histogram  # noqa: PLC0415

            return histogram(values, bins=bins)

        self._log_encoded("histogram", key, encode, step)

    def _log_encoded(self, what: str, key: str, encode: Callable[[], Encoded], step: int | None) -> None:
        self._say(
            f"keep the {what} {key!r}", lambda recorder: self._log_media(recorder, key, encode(), *self._moment(step))
        )

    def _log_media(self, recorder: Recorder, key: str, encoded: Encoded, step: int, time_us: int) -> None:
        if not is_key(key):
            raise ValueError(f"{key[:50]!a} is no key of 1 to {KEY_BOUND} characters")
        document = encoded.document
        for suffix, data in encoded.files:
            place = f"media/{'/'.join(ODD.sub('_', part).strip('.') or '_' for part in key.split('/'))}"
            path = f"{place}/{step}-{time_us:x}{suffix}"
            recorder.log_bytes(path, data)
            document = {**document, "path": path}
        recorder.log_value({"key": key, "step": step, "time_us": time_us, "kind": encoded.kind, "document": document})


def checked_step(step: Any) -> int:
    """The step as a number. Raises TypeError, ValueError."""
    number = index(step)
    if not -(2**63) <= number < 2**63:
        raise ValueError(f"the step {number} has more than 64 bits")
    return number


def is_key(text: str) -> bool:
    """Whether the text can be a key."""
    if not text.strip() or len(text) > KEY_BOUND or "\0" in text:
        return False
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
