"""Trains and logs the model of this folder, and asks MLflow for its answers.

    python3.11 -m venv venv
    venv/bin/pip install mlflow==3.17.2 scikit-learn==1.9.1 onnx==1.23.2 onnxruntime==1.31.1 skl2onnx==1.20.0 palmerpenguins==0.1.6
    venv/bin/python make.py

The data are the Palmer penguins (Gorman, Williams and Fraser 2014, CC0). The model tells the species from where a penguin
was seen, its sex and four measurements. Training and scoring rows are disjoint.
"""

import json
import pathlib
import shutil

import mlflow
import onnx
from mlflow.models import infer_signature
from mlflow.pyfunc import scoring_server
from onnx import TensorProto, compose, helper
from palmerpenguins import load_penguins
from skl2onnx import convert_sklearn
from skl2onnx.common.data_types import FloatTensorType, StringTensorType
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

here = pathlib.Path(__file__).resolve().parent
opset = 18
texts = ["island", "sex"]
numbers = ["bill_length_mm", "bill_depth_mm", "flipper_length_mm", "body_mass_g"]
# As MLflow hands a data frame to a graph of several inputs: a one-dimensional array per column, in the column's own type.
input_types = {
    "island": TensorProto.STRING,
    "sex": TensorProto.STRING,
    "bill_length_mm": TensorProto.DOUBLE,
    "bill_depth_mm": TensorProto.DOUBLE,
    "flipper_length_mm": TensorProto.INT64,
    "body_mass_g": TensorProto.INT64,
}


def columns_graph(pipeline) -> onnx.ModelProto:
    """The pipeline as a graph: a rank-1 input per column, the label and its probability as rank-1 outputs."""
    initial = [(name, (StringTensorType if name in texts else FloatTensorType)([None, 1])) for name in input_types]
    body = convert_sklearn(
        pipeline, "penguins", initial, target_opset={"": opset, "ai.onnx.ml": 3}, options={"zipmap": False}
    )
    body = compose.add_prefix(body, "body_")

    nodes = [helper.make_node("Constant", [], ["axis"], value_ints=[1])]
    for name in input_types:
        source = name
        if name in numbers:
            nodes.append(helper.make_node("Cast", [name], [f"{name}_float"], to=TensorProto.FLOAT))
            source = f"{name}_float"
        nodes.append(helper.make_node("Unsqueeze", [source, "axis"], [f"body_{name}"]))
    label, probabilities = (output.name for output in body.graph.output)
    tail = [
        helper.make_node("Identity", [label], ["species"]),
        helper.make_node("ReduceMax", [probabilities, "axis"], ["probability"], keepdims=0),
    ]
    graph = helper.make_graph(
        [*nodes, *body.graph.node, *tail],
        "penguins",
        [helper.make_tensor_value_info(name, kind, ["rows"]) for name, kind in input_types.items()],
        [
            helper.make_tensor_value_info("species", TensorProto.STRING, ["rows"]),
            helper.make_tensor_value_info("probability", TensorProto.FLOAT, ["rows"]),
        ],
        list(body.graph.initializer),
    )
    model = helper.make_model(
        graph,
        opset_imports=[helper.make_opsetid("", opset), helper.make_opsetid("ai.onnx.ml", 3)],
        producer_name="skl2onnx",
        ir_version=8,
    )
    onnx.checker.check_model(model)
    return model


def main() -> None:
    penguins = load_penguins().dropna().astype({"flipper_length_mm": "int64", "body_mass_g": "int64"})
    penguins = penguins.sample(frac=1, random_state=7).reset_index(drop=True)
    table, species = penguins[list(input_types)], penguins["species"]
    scored = slice(0, 12)
    train = slice(12, None)

    pipeline = make_pipeline(
        make_column_transformer((OneHotEncoder(), texts), (StandardScaler(), numbers)), LogisticRegression(max_iter=1000)
    )
    pipeline.fit(table[train], species[train])

    table[scored].to_csv(here / "penguins.csv", index=False)
    shutil.rmtree(here / "model", ignore_errors=True)
    example = table[train].head(3)
    answer = example[[]].assign(species=species[train].head(3), probability=example["bill_length_mm"].astype("float32"))
    mlflow.onnx.save_model(
        columns_graph(pipeline),
        here / "model",
        signature=infer_signature(example, answer),
        input_example=example.reset_index(drop=True),
        pip_requirements=["mlflow==3.17.2", "onnx==1.23.2", "onnxruntime==1.31.1"],
        metadata={"data": "Palmer penguins, CC0", "classes": ["Adelie", "Chinstrap", "Gentoo"]},
    )

    # What MLflow's scoring server answers to the CSV file. (`mlflow models predict -t csv` reads text as pandas 3 strings,
    # which MLflow 3.17 cannot hand to a graph of several inputs; with PANDAS_FUTURE_INFER_STRING=0 it gives the same answer.)
    model = mlflow.pyfunc.load_model(str(here / "model"))
    reply = scoring_server.invocations(
        (here / "penguins.csv").read_text(), "text/csv", model, model.metadata.get_input_schema()
    )
    assert reply.status == 200, reply.response
    expected = json.loads(reply.response)
    assert [row["species"] for row in expected["predictions"]] == list(pipeline.predict(table[scored]))
    (here / "expected.json").write_text(json.dumps(expected, indent=1) + "\n")


main()
