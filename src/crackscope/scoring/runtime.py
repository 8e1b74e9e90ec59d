"""ONNX Runtime, set up so that its answers depend on the picture alone.

Every picture goes through alone, in a session with one intra-op thread; several go through at once in threads of
ours, since the runtime lets go of Python's lock. No sum is ever cut differently, so neither threads nor neighbours
can change a bit of any answer. It costs nothing: on two cores, MobileNetV2 at 227 px does 206 to 227 pictures/s this
way, 189 in batches of 16 with two intra-op threads.
"""

import os
from collections.abc import Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from crackscope.arguments import WHOLE
from crackscope.errors import BundleError, first_line
from crackscope.processors import MOST_THREADS, usable_processors
from crackscope.scoring.on_bytes import quickened

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

# ONNX Runtime, from 1.31 on, writes a device id under HOME and reports to its makers, unless this stands when it is
# first imported. What pictures a user has judged, and that there were any, is nobody's business.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")


def usable_threads(threads: int | None = None) -> int:
    """Return how many threads to use: as asked, else as many as there are processors this process may run on.

    Raises BundleError for what is no whole number from 1 to MOST_THREADS.
    """
    if threads is not None:
        if not WHOLE.takes(threads) or not 1 <= threads <= MOST_THREADS:
            raise BundleError(
                f"threads is {threads!r}: it must be 1 or more, up to {MOST_THREADS}, or None for one per processor"
            )
        return threads
    return usable_processors()


def open_session(model: bytes, where: str = "the graph", *, shared: bool = False) -> "InferenceSession":
    """Make a session of one thread from the bytes of an ONNX file. shared: take memory from one pool, see `_pool`.

    Raises BundleError when the runtime refuses it.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 4
    # A memory pattern is kept for every size of picture ever seen; folders with many sizes would grow without end.
    options.enable_mem_pattern = False
    # Otherwise bytes that are not ONNX but the runtime's own format would be let in past the check of the graph.
    options.add_session_config_entry("session.load_model_format", "ONNX")
    if shared:
        _pool()
        options.add_session_config_entry("session.use_env_allocators", "1")
    try:
        return onnxruntime.InferenceSession(quickened(model), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # the runtime raises a dozen classes without a common base, and the reader one more
        raise BundleError(f"{where} cannot be run: {first_line(error)[:300]}") from None


@cache
def _pool() -> None:
    """Make the pool of memory that all sessions of a photo's stages share.

    Each session keeps the most it ever took otherwise, and a dozen stages run one after another. It grows by what is
    asked for, not by doubling.
    """
    import onnxruntime

    arena = onnxruntime.OrtAllocatorType.ORT_ARENA_ALLOCATOR
    where = onnxruntime.OrtMemoryInfo("Cpu", arena, 0, onnxruntime.OrtMemType.DEFAULT)
    onnxruntime.create_and_register_allocator(where, onnxruntime.OrtArenaCfg(0, 1, -1, -1))


class Raw(NamedTuple):
    """What a graph gives for one picture: score (crack logit), map [h', w'] of crack logits, embedding [d]."""

    score: float
    map: NDArray[np.float32]
    embedding: NDArray[np.float32]


class Graph:
    """The graph of a bundle, ready to run; safe to use from several threads."""

    def __init__(self, model: bytes, where: str = "the graph") -> None:
        self._session = open_session(model, where)
        self._where = where

    def run(self, pixels: NDArray[np.uint8]) -> Raw:
        """Run one picture, contiguous uint8 [h, w, 3] of a size that the graph takes. Raises BundleError."""
        score, heat, embedding = self._run(pixels, ["score", "map", "embedding"])
        return Raw(float(score[0]), heat[0, 0], embedding[0])

    def look(self, pixels: NDArray[np.uint8]) -> tuple[float, NDArray[np.float32]]:
        """Run one picture for its score and its embedding [d]."""
        score, embedding = self._run(pixels, ["score", "embedding"])
        return float(score[0]), embedding[0]

    def score(self, pixels: NDArray[np.uint8]) -> float:
        """Run one picture for its score alone."""
        return float(self._run(pixels, ["score"])[0][0])

    def _run(self, pixels: NDArray[np.uint8], outputs: list[str]) -> list[NDArray[np.float32]]:
        try:
            answers: Any = self._session.run(outputs, {"images": pixels[None]})
        except Exception as error:  # the runtime raises a dozen classes without a common base
            height, width = pixels.shape[:2]
            reason = first_line(error)[:200]
            raise BundleError(f"{self._where} cannot score a picture of {width}x{height} px: {reason}") from None
        return list(answers)


class Piece:
    """A part of a bundle's graph: any inputs, any outputs. Safe to use from several threads."""

    def __init__(self, model: bytes, where: str = "the graph") -> None:
        self._session = open_session(model, where, shared=True)
        self._where = where

    def run(self, outputs: Sequence[str], inputs: Mapping[str, NDArray[Any]]) -> list[NDArray[Any]]:
        """Run it; gives the named outputs. Raises BundleError."""
        try:
            answers: Any = self._session.run(list(outputs), dict(inputs))
        except Exception as error:  # the runtime raises a dozen classes without a common base
            reason = first_line(error)[:200]
            raise BundleError(f"{self._where} cannot be run over a photo: {reason}") from None
        return list(answers)

    def give_back(self, inputs: Mapping[str, NDArray[Any]]) -> None:
        """Hand the pool's free memory back to the system. inputs: small ones, since only a run can do it."""
        import onnxruntime

        options = onnxruntime.RunOptions()
        options.add_run_config_entry("memory.enable_memory_arena_shrinkage", "cpu:0")
        self._session.run(None, dict(inputs), options)


class Runner:
    """A graph of one input and any outputs, without a bundle around it: training runs its frozen part with this.

    Safe to use from several threads.
    model: bytes of an ONNX file whose input is uint8 [n, h, w, 3]; the first output is what comes back.
    """

    def __init__(self, model: bytes) -> None:
        self._session = open_session(model)
        self._input = self._session.get_inputs()[0].name
        self._output = self._session.get_outputs()[0].name

    def run(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Run one picture, uint8 [h, w, 3]; returns the first output without its batch axis, float32."""
        answer: Any = self._session.run([self._output], {self._input: np.ascontiguousarray(pixels)[None]})
        return np.asarray(answer[0][0])
