"""Makes the model and the images of this folder, and asks MLflow for its answers.

    python3.11 -m venv venv
    venv/bin/pip install mlflow==3.17.2 onnx==1.23.2 onnxruntime==1.31.1 pillow==13.0.0
    venv/bin/python make.py

The model says which of red, green and blue an image has most of. It takes uint8 images as Azure's batch endpoints read them:
[images, height, width, channels]. The images are painted here, so they are nobody's.
"""

import json
import pathlib
import shutil

import mlflow
import numpy as np
import onnx
from mlflow.models import ModelSignature
from mlflow.types import Schema, TensorSpec
from onnx import TensorProto, helper
from PIL import Image, ImageDraw

here = pathlib.Path(__file__).resolve().parent
size = 32


def graph() -> onnx.ModelProto:
    nodes = [
        helper.make_node("Cast", ["image"], ["pixels"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMean", ["pixels", "axes"], ["mean"], keepdims=0),
        helper.make_node("ArgMax", ["mean"], ["index"], axis=1, keepdims=0),
        helper.make_node("Gather", ["names", "index"], ["colour"]),
    ]
    body = helper.make_graph(
        nodes,
        "most",
        [helper.make_tensor_value_info("image", TensorProto.UINT8, ["images", size, size, 3])],
        [
            helper.make_tensor_value_info("colour", TensorProto.STRING, ["images"]),
            helper.make_tensor_value_info("mean", TensorProto.FLOAT, ["images", 3]),
        ],
        [
            helper.make_tensor("axes", TensorProto.INT64, [2], [1, 2]),
            helper.make_tensor("names", TensorProto.STRING, [3], [b"red", b"green", b"blue"]),
        ],
    )
    model = helper.make_model(body, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)
    onnx.checker.check_model(model)
    return model


def paint(name: str, colour: str, other: str, where: tuple[int, int, int, int]) -> None:
    image = Image.new("RGB", (size, size), colour)
    ImageDraw.Draw(image).ellipse(where, fill=other)
    image.save(here / "photos" / name)


def main() -> None:
    shutil.rmtree(here / "photos", ignore_errors=True)
    (here / "photos").mkdir()
    paint("1-sunset.png", "#c84010", "#ffd040", (8, 12, 24, 28))
    paint("2-meadow.bmp", "#208030", "#e0e020", (4, 4, 10, 10))
    paint("3-lake.gif", "#2040a0", "#e0f0ff", (0, 20, 31, 31))
    paint("10-rose.tif", "#406040", "#f01030", (2, 2, 30, 30))

    shutil.rmtree(here / "model", ignore_errors=True)
    mlflow.onnx.save_model(
        graph(),
        here / "model",
        signature=ModelSignature(
            inputs=Schema([TensorSpec(np.dtype("uint8"), (-1, size, size, 3), "image")]),
            outputs=Schema([TensorSpec(np.dtype("O"), (-1,), "colour"), TensorSpec(np.dtype("float32"), (-1, 3), "mean")]),
        ),
        pip_requirements=["mlflow==3.17.2", "onnx==1.23.2", "onnxruntime==1.31.1"],
    )

    files = sorted((here / "photos").iterdir(), key=lambda path: int(path.name.split("-")[0]))
    images = np.stack([np.array(Image.open(path).convert("RGB")) for path in files])
    answer = mlflow.pyfunc.load_model(str(here / "model")).predict({"image": images})
    expected = {
        "files": [f"photos/{path.name}" for path in files],
        "predictions": {name: values.tolist() for name, values in answer.items()},
    }
    (here / "expected.json").write_text(json.dumps(expected, indent=1) + "\n")


main()
