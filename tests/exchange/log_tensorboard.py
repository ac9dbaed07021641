"""Logs with the real tensorboardX. Run by its own Python: log_tensorboard.py FOLDER STEPS; truth.json says what."""

import io
import json
import math
import random
import sys
import time
import wave
from pathlib import Path

import numpy as np
from PIL import Image
from tensorboardX import SummaryWriter
from tensorboardX.proto.event_pb2 import Event
from tensorboardX.proto.summary_pb2 import Summary, SummaryMetadata
from tensorboardX.proto.tensor_pb2 import TensorProto
from tensorboardX.proto.tensor_shape_pb2 import TensorShapeProto

root, steps = Path(sys.argv[1]), int(sys.argv[2])
draw = random.Random(2)
truth: dict = {}


def shape(*sizes: int) -> TensorShapeProto:
    """A tensor's shape."""
    return TensorShapeProto(dim=[TensorShapeProto.Dim(size=size) for size in sizes])


def tensor(writer: SummaryWriter, tag: str, step: int, given: TensorProto, plugin: str) -> None:
    """A value in the form of TensorFlow 2."""
    metadata = SummaryMetadata(plugin_data=SummaryMetadata.PluginData(plugin_name=plugin)) if plugin else None
    summary = Summary(value=[Summary.Value(tag=tag, tensor=given, metadata=metadata)])
    writer.file_writer.event_writer.add_event(Event(summary=summary, step=step, wall_time=time.time()))


def png(width: int, height: int) -> bytes:
    """An image."""
    out = io.BytesIO()
    Image.new("RGB", (width, height), (1, 2, 3)).save(out, "PNG")
    return out.getvalue()


with SummaryWriter(str(root / "train/first")) as writer:
    truth["loss"] = [[step, float(np.float32(draw.gauss(0, 1))), 1.7e9 + step / 8] for step in range(steps)]
    for step, value, when in truth["loss"]:
        writer.add_scalar("loss", value, step, walltime=when)
    writer.add_scalar("odd", math.nan, 1)
    writer.add_scalar("odd", math.inf, 2)
    writer.add_scalar("odd", -math.inf, -3)
    writer.add_text("note", "# *hello* \N{SNOWMAN}", 4)
    writer.add_image("img/one: a", np.zeros((3, 8, 6), dtype=np.uint8), 5)
    writer.add_image("img/one: a", np.ones((3, 8, 6), dtype=np.uint8), 5)
    writer.add_histogram("weights", np.arange(100.0), 6)
    writer.add_histogram_raw("raw", 0.0, 4.0, 6, 12.0, 30.0, [1.0, 2.0, 4.0], [1.0, 2.0, 3.0], 6)
    writer.add_pr_curve("curve", np.array([0, 1]), np.array([0.1, 0.9]), 7)
    sound = io.BytesIO()
    with wave.open(sound, "wb") as tone:
        tone.setnchannels(1)
        tone.setsampwidth(2)
        tone.setframerate(1_000)
        tone.writeframes(bytes(64))
    audio = Summary.Audio(sample_rate=1000.0, encoded_audio_string=sound.getvalue(), content_type="audio/wav")
    writer.file_writer.add_summary(Summary(value=[Summary.Value(tag="tone", audio=audio)]), 8)
    truth["tone"] = sound.getvalue().hex()
    packed = np.array([2.5], dtype="<f8").tobytes()
    tensor(writer, "tensor/double", 1, TensorProto(dtype=2, tensor_content=packed, tensor_shape=shape()), "scalars")
    tensor(writer, "tensor/float", 1, TensorProto(dtype=1, float_val=[0.5], tensor_shape=shape()), "scalars")
    tensor(writer, "tensor/float", 2, TensorProto(dtype=1, float_val=[1.5], tensor_shape=shape()), "")
    tensor(writer, "tensor/zero", 2, TensorProto(dtype=1, tensor_shape=shape()), "scalars")
    tensor(writer, "tensor/half", 3, TensorProto(dtype=19, half_val=[0x3E00]), "scalars")
    tensor(writer, "tensor/brain", 3, TensorProto(dtype=14, half_val=[0x3FC0]), "scalars")
    tensor(writer, "tensor/int", 3, TensorProto(dtype=9, int64_val=[-7]), "scalars")
    texts = TensorProto(dtype=7, string_val=[b"a", b"b"], tensor_shape=shape(2))
    tensor(writer, "tensor/texts", 4, texts, "text")
    images = TensorProto(dtype=7, string_val=[b"3", b"2", png(3, 2), png(3, 2)], tensor_shape=shape(4))
    tensor(writer, "tensor/images", 5, images, "images")
    rows = np.array([[0, 1, 5], [1, 2, 6]], dtype="<f8").tobytes()
    buckets = TensorProto(dtype=2, tensor_content=rows, tensor_shape=shape(2, 3))
    tensor(writer, "tensor/histogram", 6, buckets, "histograms")
    sounds = TensorProto(dtype=7, string_val=[sound.getvalue(), b"label"], tensor_shape=shape(1, 2))
    tensor(writer, "tensor/audio", 7, sounds, "audio")
    tensor(writer, "tensor/many", 8, TensorProto(dtype=1, float_val=[1, 2], tensor_shape=shape(2)), "")

with SummaryWriter(str(root / "tuned")) as writer:
    given = {"lr": 0.001, "layers": 3, "optimizer": "adam", "nesterov": True}
    writer.add_hparams(given, {"score": 0.75}, name="trial")

with SummaryWriter(str(root / "again"), filename_suffix=".1") as writer:
    for step in range(6):
        writer.add_scalar("x", step, step)
time.sleep(0.01)
with SummaryWriter(str(root / "again"), purge_step=3, filename_suffix=".2") as writer:
    for step in range(3, 5):
        writer.add_scalar("x", 10 + step, step)

Path("truth.json").write_text(json.dumps(truth))
