"""Python's side of the exchange: `python exchange.py write FILE` writes what Clew reads, `… read FILE` prints what Clew wrote, as JSON."""

import json
import sys

import numpy as np
from safetensors import safe_open
from safetensors.numpy import save_file

TENSORS = {
    "double": np.array([[0.1, -2.5e-300, np.pi], [1e300, 0.0, -0.0]], dtype=np.float64),
    "single": np.array([0.1, 3.5, -1e-40], dtype=np.float32),
    "half": np.array([1.5, -65504, 6e-8, np.inf, 0.1], dtype=np.float16),
    "long": np.array([[-1], [2**31 - 1]], dtype=np.int64),
    "longer": np.array([2**40, -1], dtype=np.int64),
    "int": np.array([-(2**31), 7], dtype=np.int32),
    "byte": np.array([0, 255], dtype=np.uint8),
    "bool": np.array([True, False], dtype=np.bool_),
    "scalar": np.array(2.0, dtype=np.float32),
    "empty": np.zeros((0, 3), dtype=np.float32),
    "größe": np.array([1.0], dtype=np.float32),
}

if sys.argv[1] == "write":
    save_file(TENSORS, sys.argv[2], metadata={"by": "numpy"})
else:
    with safe_open(sys.argv[2], "np") as file:
        held = {name: file.get_tensor(name) for name in file.keys()}
        told = {name: {"dtype": str(t.dtype), "shape": list(t.shape), "data": t.ravel().tolist()} for name, t in held.items()}
        print(json.dumps({"metadata": file.metadata(), "tensors": told}))
