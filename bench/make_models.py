"""Makes the two models that the benchmarks score: linear and a forest of 100 trees, 20 double columns (as `mlflow models predict -t csv` wants them), one float output.

Run with the pins of ../README.md: python make_models.py
"""
import pathlib, shutil
import mlflow.onnx
import numpy as np
from mlflow.models import ModelSignature
from mlflow.types import ColSpec, Schema
from skl2onnx import to_onnx
from sklearn.ensemble import RandomForestRegressor
from sklearn.linear_model import LinearRegression

here = pathlib.Path(__file__).parent / 'models'
rng = np.random.default_rng(0)
names = [f'x{i:02d}' for i in range(20)]
x = rng.normal(size=(4000, 20)).astype('float32')
y = x @ rng.normal(size=20) + np.sin(3 * x[:, 0]) * x[:, 1]
signature = ModelSignature(inputs=Schema([ColSpec('double', name) for name in names]))
for name, estimator in [('linear', LinearRegression()), ('forest', RandomForestRegressor(100, max_depth=8, random_state=0, n_jobs=2))]:
    model = to_onnx(estimator.fit(x, y), x[:1], target_opset=17)
    shutil.rmtree(here / name, ignore_errors=True)
    mlflow.onnx.save_model(model, here / name, signature=signature)
