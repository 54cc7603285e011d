"""The outside oracle: losses, values, gradients and second derivatives that Clew must reproduce, by JAX and by PyTorch.

    python make.py            make every number with JAX, make it again with PyTorch, assert that both agree, write *.json
    python make.py --check    make the JAX numbers again and compare them with the committed *.json (needs no PyTorch)

The equations stand below in plain jnp, in Clew's layout: a batch of row vectors, x·U + h·W + b, with U: [input, hidden],
W: [hidden, hidden], one bias. The recurrence is lax.scan, every derivative is JAX's. `pytorch.py` has the second opinion: nn.RNN, nn.LSTM,
nn.GRU, torch.optim where they exist. Everything is float64 on the CPU. `README.md` has the format.
"""

import json
import math
import os
import random
import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import mpmath
import numpy as np
from jax import lax

jax.config.update("jax_platforms", "cpu")
jax.config.update("jax_enable_x64", True)
if "--check" in sys.argv[1:]:  # nearly all of the time goes into XLA's compiler, and each program runs once: its plainest code will do
    os.environ["XLA_FLAGS"] = f"{os.environ.get('XLA_FLAGS', '')} --xla_backend_optimization_level=0 --xla_cpu_use_fusion_emitters=false"

HERE = Path(__file__).parent
TOLERANCE = 1e-12

# ---------------------------------------------------------------------------------------------------- cases as data


def tensor(dims, data, dtype="float"):
    """A tensor as the files hold it: names of its dims, and its elements in row-major order."""
    flat = np.asarray(data).reshape(-1).tolist()
    return {"dims": list(dims), "dtype": dtype, "data": flat}


def array(case, t):
    """The same, as an array; sizes are looked up in the case's table of dims."""
    shape = [case["dims"][dim] for dim in t["dims"]]
    return np.array(t["data"], dtype=np.int64 if t["dtype"] == "int" else np.float64).reshape(shape)


def case_of(name, settings, dims, parameters, inputs):
    return {
        "name": name, "settings": settings, "dims": dims, "parameters": parameters, "inputs": inputs,
        "values": {}, "loss": None, "gradients": {},
    }  # fmt: skip


def floats_of(case):
    """What can be differentiated: parameters and inputs of dtype float, by name."""
    both = case["parameters"] | case["inputs"]
    return {name: jnp.asarray(array(case, t)) for name, t in both.items() if t["dtype"] == "float"}


def ints_of(case):
    return {name: jnp.asarray(array(case, t)) for name, t in case["inputs"].items() if t["dtype"] == "int"}


def dims_of(case, name):
    return (case["parameters"] | case["inputs"])[name]["dims"]


class Draw:
    """Short decimals (three places, exact in the files), the same on every machine: drawn from the case's name."""

    def __init__(self, name, dims):
        self.random, self.dims = random.Random(name), dims

    def __call__(self, *dims, scale=0.8):
        count = math.prod(self.dims[dim] for dim in dims)
        return tensor(dims, [round(self.random.uniform(-scale, scale), 3) for _ in range(count)])

    def ints(self, *dims, below):
        count = math.prod(self.dims[dim] for dim in dims)
        return tensor(dims, [self.random.randrange(below) for _ in range(count)], "int")


def differentiate(case, loss_and_values, value_dims):
    """Fill in loss, values, and the gradient for everything of dtype float. loss_and_values(floats, ints) -> (loss, values)."""
    floats, ints = floats_of(case), ints_of(case)
    (loss, values), gradient = jax.jit(jax.value_and_grad(loss_and_values, has_aux=True))(floats, ints)
    case["loss"] = float(loss)
    case["values"] = {name: tensor(value_dims[name], value) for name, value in values.items()}
    case["gradients"] = {name: tensor(dims_of(case, name), g) for name, g in gradient.items()}
    return case


# --------------------------------------------------------------------------------------------------------- equations

ACTIVATIONS = {
    "tanh": jnp.tanh,
    "relu": lambda a: jnp.where(a > 0, a, 0.0),
    "sigmoid": lax.logistic,  # 1 / (1 + exp(-a)) as written has a NaN for a gradient where exp(-a) overflows
}
sigmoid = ACTIVATIONS["sigmoid"]


def cross_entropy(logits, labels):
    """-log softmax(logits)[label], for every row: logits [..., label], labels [...] -> [...]"""
    shifted = logits - lax.stop_gradient(jnp.max(logits, axis=-1, keepdims=True))
    log_softmax = shifted - jnp.log(jnp.sum(jnp.exp(shifted), axis=-1, keepdims=True))
    return -jnp.take_along_axis(log_softmax, labels[..., None], axis=-1)[..., 0]


def rnn_cell(settings, p, x_t, state):
    (h,) = state
    return (ACTIVATIONS[settings["activation"]](x_t @ p["U"] + h @ p["W"] + p.get("b", 0)),)


def lstm_cell(settings, p, x_t, state):
    h, c = state
    i, f, g, o = (x_t @ p[f"U_{k}"] + h @ p[f"W_{k}"] + p.get(f"b_{k}", 0) for k in "ifgo")
    c_t = sigmoid(f) * c + sigmoid(i) * jnp.tanh(g)
    return sigmoid(o) * jnp.tanh(c_t), c_t


def gru_cell(settings, p, x_t, state):
    (h,) = state
    r, z = (sigmoid(x_t @ p[f"U_{k}"] + h @ p[f"W_{k}"] + p.get(f"b_{k}", 0)) for k in "rz")
    if settings["reset"] == "before":  # the reset gate acts on the state: (r∘h)·W
        recurrent = (r * h) @ p["W_n"]
    else:  # "after": it acts on the product, which has a bias of its own: r∘(h·W + b_hn)
        recurrent = r * (h @ p["W_n"] + p.get("b_hn", 0))
    n = jnp.tanh(x_t @ p["U_n"] + p.get("b_n", 0) + recurrent)
    return ((1 - z) * n + z * h,)


CELLS = {"rnn": rnn_cell, "lstm": lstm_cell, "gru": gru_cell}
STATES = {"rnn": ["h0"], "lstm": ["h0", "c0"], "gru": ["h0"]}
FINALS = {"h0": "final", "c0": "finalCell"}
GATES = {"rnn": [""], "lstm": ["_i", "_f", "_g", "_o"], "gru": ["_r", "_z", "_n"]}


def run_layer(settings, p, x, state, real, reverse):
    """One cell over time. Padded steps (real = False) carry the state through and give zeros as output."""

    def step(state, at):
        x_t, real_t = at
        new = CELLS[settings["cell"]](settings, p, x_t, state)
        kept = tuple(jnp.where(real_t[:, None], n, s) for n, s in zip(new, state, strict=True))
        return kept, jnp.where(real_t[:, None], kept[0], 0.0)

    final, outputs = lax.scan(step, state, (x, real), reverse=reverse)
    return outputs, final


def prefixes(settings):
    """What stands before the names of each layer's parameters, states and final values."""
    if settings["bidirectional"]:
        return ["forward.", "backward."]
    return [f"layer{n + 1}." for n in range(settings["layers"])] if settings["layers"] > 1 else [""]


def below(prefix, tree):
    return {name[len(prefix) :]: value for name, value in tree.items() if name.startswith(prefix)}


def recurrent_network(settings, floats, ints):
    """-> loss, { outputs, final, (finalCell,) logits }"""
    x = floats["embedding"][ints["ids"]] if settings["embedding"] else floats["x"]
    time, batch = x.shape[:2]
    real = jnp.arange(time)[:, None] < ints["lengths"] if settings["masked"] else jnp.ones((time, batch), bool)
    values, layers = {}, []
    over = x
    for prefix in prefixes(settings):
        p = below(prefix, floats)
        state = tuple(p[name] for name in STATES[settings["cell"]])
        outputs, final = run_layer(settings, p, over, state, real, reverse=prefix == "backward.")
        layers.append((outputs, final))
        values |= {prefix + FINALS[n]: value for n, value in zip(STATES[settings["cell"]], final, strict=True)}
        over = x if settings["bidirectional"] else outputs
    if settings["bidirectional"]:
        outputs, final = (jnp.concatenate([f, b], axis=-1) for f, b in [(layers[0][0], layers[1][0]), (layers[0][1][0], layers[1][1][0])])
    else:
        outputs, final = layers[-1][0], layers[-1][1][0]
    values["outputs"] = outputs
    logits = (final if settings["loss"] == "last" else outputs) @ floats["V"] + floats.get("b_y", 0)
    values["logits"] = logits
    losses = cross_entropy(logits, ints["y"])
    if settings["loss"] == "every":  # the mean over the real steps of all sequences
        return jnp.sum(jnp.where(real, losses, 0.0)) / jnp.sum(real), values
    return jnp.mean(losses), values


# --------------------------------------------------------------------------------------------------- recurrent cases


def recurrent_inputs(name, settings, dims):
    """The case without its results."""
    draw = Draw(name, dims)
    parameters, inputs = {}, {}
    if settings["embedding"]:
        parameters["embedding"] = draw("vocabulary", "word")
        inputs["ids"] = draw.ints("time", "batch", below=dims["vocabulary"])
    else:
        inputs["x"] = draw("time", "batch", "word", scale=1.5)
    if settings["masked"]:
        inputs["lengths"] = tensor(["batch"], [2, dims["time"], 1], "int")
        x = array({"dims": dims}, inputs["x"])  # what stands in the padding must not matter, however large
        padded = np.arange(dims["time"])[:, None] >= np.array(inputs["lengths"]["data"])
        inputs["x"] = tensor(inputs["x"]["dims"], np.where(padded[:, :, None], 1000 * x, x).round(3))
    inputs["y"] = draw.ints(*(["batch"] if settings["loss"] == "last" else ["time", "batch"]), below=dims["label"])
    width = "word"
    for prefix in prefixes(settings):
        for gate in GATES[settings["cell"]]:
            parameters[f"{prefix}U{gate}"] = draw(width, "hidden")
            parameters[f"{prefix}W{gate}"] = draw("hidden", "hidden")
            if settings["bias"]:
                parameters[f"{prefix}b{gate}"] = draw("hidden", scale=0.5)
        if settings["bias"] and settings.get("reset") == "after":
            parameters[f"{prefix}b_hn"] = draw("hidden", scale=0.5)
        for state in STATES[settings["cell"]]:
            inputs[prefix + state] = draw("batch", "hidden")
        width = "word" if settings["bidirectional"] else "hidden"
    parameters["V"] = draw("both" if settings["bidirectional"] else "hidden", "label")
    if settings["bias"]:
        parameters["b_y"] = draw("label", scale=0.5)
    return case_of(name, settings, dims, parameters, inputs)


def recurrent_case(name, cell, *, layers=1, bidirectional=False, bias=True, loss="last", masked=False, embedding=False, **more):
    settings = {
        "cell": cell, **more, "layers": layers, "bidirectional": bidirectional, "bias": bias,
        "loss": loss, "masked": masked, "embedding": embedding,
    }  # fmt: skip
    dims = {"time": 4, "batch": 2, "word": 3, "hidden": 5, "label": 3}
    if masked:
        dims |= {"batch": 3, "word": 2, "hidden": 4}
    if layers > 1:
        dims |= {"time": 3, "hidden": 4}
    if name.startswith("second order"):
        dims |= {"time": 3, "hidden": 3}
    if bidirectional:
        dims |= {"hidden": 3, "both": 6}
    if embedding:
        dims |= {"vocabulary": 7}
    case = recurrent_inputs(name, settings, dims)
    width = "both" if bidirectional else "hidden"
    value_dims = {
        "outputs": ["time", "batch", width],
        "logits": ["batch", "label"] if loss == "last" else ["time", "batch", "label"],
    } | {prefix + final: ["batch", "hidden"] for prefix in prefixes(settings) for final in FINALS.values()}
    return differentiate(case, lambda floats, ints: recurrent_network(settings, floats, ints), value_dims)


def rnn_cases():
    for activation in ["tanh", "relu", "sigmoid"]:
        for layers in [1, 3]:
            for loss in ["last", "every"]:
                for bias in [True, False] if activation == "tanh" else [True]:
                    name = f"rnn/{activation}/{layers} {'layer' if layers == 1 else 'layers'}/{loss}/{'bias' if bias else 'no bias'}"
                    yield recurrent_case(name, "rnn", activation=activation, layers=layers, loss=loss, bias=bias)


def lstm_cases():
    for loss in ["last", "every"]:
        yield recurrent_case(f"lstm/{loss}", "lstm", loss=loss)
    yield recurrent_case("lstm/last/no bias", "lstm", bias=False)
    yield recurrent_case("lstm/2 layers/every", "lstm", layers=2, loss="every")


def gru_cases():
    for reset in ["before", "after"]:
        for loss in ["last", "every"]:
            yield recurrent_case(f"gru/reset {reset}/{loss}", "gru", reset=reset, loss=loss)
        yield recurrent_case(f"gru/reset {reset}/last/no bias", "gru", reset=reset, bias=False)


def variant_cases():
    for loss in ["last", "every"]:
        yield recurrent_case(f"masked rnn/{loss}", "rnn", activation="tanh", masked=True, loss=loss)
    yield recurrent_case("masked lstm/last", "lstm", masked=True)
    yield recurrent_case("masked gru/reset after/every", "gru", reset="after", masked=True, loss="every")
    for loss in ["last", "every"]:
        yield recurrent_case(f"bidirectional rnn/{loss}", "rnn", activation="tanh", bidirectional=True, loss=loss)
    yield recurrent_case("bidirectional rnn/masked/last", "rnn", activation="tanh", bidirectional=True, masked=True)
    yield recurrent_case("bidirectional lstm/every", "lstm", bidirectional=True, loss="every")
    for loss in ["last", "every"]:
        yield recurrent_case(f"embedding rnn/{loss}", "rnn", activation="tanh", embedding=True, loss=loss)


# ------------------------------------------------------------------------------------------------- feed-forward cases


def feed_forward_network(settings, floats, ints):
    """tanh layers, then a linear one: -> loss, { hidden1, …, logits or prediction }"""
    h, values = floats["x"], {}
    for n in range(1, settings["layers"] + 1):
        h = jnp.tanh(h @ floats[f"layer{n}.W"] + floats[f"layer{n}.b"])
        values[f"hidden{n}"] = h
    last = h @ floats["V"] + floats["b_y"]
    if settings["loss"] == "softmaxCrossEntropy":
        return jnp.mean(cross_entropy(last, ints["y"])), values | {"logits": last}
    return jnp.mean((last - floats["y"]) ** 2), values | {"prediction": last}


def feed_forward_cases():
    for what, widths in [("one hidden neuron", [1]), ("one hidden layer", [6]), ("three hidden layers", [6, 5, 4])]:
        for loss in ["softmaxCrossEntropy", "meanSquaredError"]:
            name = f"feed-forward/{what}/{loss}"
            settings = {"activation": "tanh", "layers": len(widths), "loss": loss}
            dims = {"batch": 3, "feature": 4, "label": 3} | {f"hidden{n + 1}": w for n, w in enumerate(widths)}
            draw = Draw(name, dims)
            parameters, width = {}, "feature"
            for n in range(1, len(widths) + 1):
                parameters[f"layer{n}.W"] = draw(width, f"hidden{n}")
                parameters[f"layer{n}.b"] = draw(f"hidden{n}", scale=0.5)
                width = f"hidden{n}"
            parameters |= {"V": draw(width, "label"), "b_y": draw("label", scale=0.5)}
            is_class = loss == "softmaxCrossEntropy"
            y = draw.ints("batch", below=3) if is_class else draw("batch", "label", scale=2)
            case = case_of(name, settings, dims, parameters, {"x": draw("batch", "feature", scale=1.5), "y": y})
            value_dims = {f"hidden{n + 1}": ["batch", f"hidden{n + 1}"] for n in range(len(widths))}
            value_dims |= {"logits": ["batch", "label"], "prediction": ["batch", "label"]}
            yield differentiate(case, lambda f, i, s=settings: feed_forward_network(s, f, i), value_dims)


# ------------------------------------------------------------------------------------------------------- second order


def second_order_cases():
    """Hessian-vector products as JAX has them: the jvp of the gradient, along one direction for everything at once."""
    for name, cell, loss, more in [
        ("second order/rnn/last", "rnn", "last", {"activation": "tanh"}),
        ("second order/rnn/every", "rnn", "every", {"activation": "tanh"}),
        ("second order/lstm/last", "lstm", "last", {}),
        ("second order/gru/reset after/every", "gru", "every", {"reset": "after"}),
    ]:
        case = recurrent_case(name, cell, loss=loss, **more)
        floats, ints = floats_of(case), ints_of(case)
        draw = Draw(name + "/directions", case["dims"])
        case["directions"] = {n: draw(*dims_of(case, n), scale=1) for n in floats}
        direction = {n: jnp.asarray(array(case, t)) for n, t in case["directions"].items()}
        gradient = jax.grad(lambda f, i=ints, s=case["settings"]: recurrent_network(s, f, i)[0])
        _, product = jax.jit(lambda f, d, gradient=gradient: jax.jvp(gradient, (f,), (d,)))(floats, direction)
        case["hvp"] = {n: tensor(dims_of(case, n), v) for n, v in product.items()}
        yield case
    yield full_hessian()


def full_hessian():
    """hessian.A.B has the dims of A, then those of B."""
    settings = {
        "cell": "rnn", "activation": "tanh", "layers": 1, "bidirectional": False, "bias": True,
        "loss": "last", "masked": False, "embedding": False,
    }  # fmt: skip
    dims = {"time": 3, "batch": 2, "word": 2, "hidden": 2, "label": 2}
    case = recurrent_inputs("second order/rnn/full hessian", settings, dims)
    value_dims = {"outputs": ["time", "batch", "hidden"], "final": ["batch", "hidden"], "logits": ["batch", "label"]}
    differentiate(case, lambda f, i: recurrent_network(settings, f, i), value_dims)
    floats, ints = floats_of(case), ints_of(case)
    of = {n: v for n, v in floats.items() if n in case["parameters"]}
    hessian = jax.jit(jax.hessian(lambda p: recurrent_network(settings, floats | p, ints)[0]))(of)
    case["hessian"] = {a: {b: tensor(dims_of(case, a) + dims_of(case, b), hessian[a][b]) for b in of} for a in of}
    return case


# ------------------------------------------------------------------------------------------------------ contributions


def contributions_case():
    """BPTT taken apart. E_t is the mean cross entropy over the batch at step t, E their sum. With a copy of every parameter
    for each step k (untied), ∂E_t/∂W_k is the (t, k) term of ∂E_t/∂W: zero for k > t. Steps count from 0; h_t is the state after step t."""
    name = "contributions/rnn"
    settings = {"cell": "rnn", "activation": "tanh", "bias": True, "loss": "sum over the steps of the mean over the batch"}
    dims = {"time": 4, "t": 4, "k": 4, "batch": 2, "word": 3, "hidden": 3, "label": 2}
    draw = Draw(name, dims)
    parameters = {
        "U": draw("word", "hidden"), "W": draw("hidden", "hidden"), "b": draw("hidden", scale=0.5),
        "V": draw("hidden", "label"), "b_y": draw("label", scale=0.5),
    }  # fmt: skip
    inputs = {"x": draw("time", "batch", "word", scale=1.5), "y": draw.ints("time", "batch", below=2), "h0": draw("batch", "hidden")}
    case = case_of(name, settings, dims, parameters, inputs)
    floats, ints = floats_of(case), ints_of(case)
    steps = dims["time"]

    def run(untied, added):
        """States and E_t with parameters of their own at every step, and `added` (zeros) added to each state, to differentiate by."""
        h, states, losses = untied["h0"], [], []
        for t in range(steps):
            a = untied["x"][t] @ untied["U"][t] + h @ untied["W"][t] + untied["b"][t]
            h = jnp.tanh(a) + added[t]
            states.append(h)
            losses.append(jnp.mean(cross_entropy(h @ untied["V"] + untied["b_y"], ints["y"][t])))
        return jnp.stack(states), jnp.stack(losses)

    zeros = jnp.zeros((steps, dims["batch"], dims["hidden"]))
    untie = lambda f: f | {n: jnp.broadcast_to(f[n], (steps, *f[n].shape)) for n in ["U", "W", "b"]}

    def total(f, _):
        states, losses = run(untie(f), zeros)
        return jnp.sum(losses), {"states": states, "losses": losses}

    differentiate(case, total, {"states": ["time", "batch", "hidden"], "losses": ["time"]})
    terms = jax.jit(jax.jacrev(lambda u: run(u, zeros)[1]))(untie(floats))
    by_state = jax.jit(jax.jacrev(lambda added: run(untie(floats), added)))(zeros)
    # dh_t/dh_k for one sequence: [t, batch, out, k, batch, in] -> [t, k, batch, out, in]; sequences do not mix
    jacobians = jnp.einsum("tbokbi->tkboi", by_state[0])
    case["values"] |= {f"term.{n}": tensor(["t", "k", *dims_of(case, n)], terms[n]) for n in ["U", "W", "b"]}
    case["values"] |= {
        "dE_t/dh_k": tensor(["t", "k", "batch", "hidden"], by_state[1]),
        "dE/dh_k": tensor(["k", "batch", "hidden"], by_state[1].sum(axis=0)),
        "dh_t/dh_k": tensor(["t", "k", "batch", "hidden", "hidden"], jacobians),
        "singularValues": tensor(["t", "k", "batch", "hidden"], np.linalg.svd(np.asarray(jacobians), compute_uv=False)),
    }
    for n in ["U", "W", "b"]:  # the terms add up to the whole gradient
        assert np.allclose(terms[n].sum(axis=(0, 1)).reshape(-1), case["gradients"][n]["data"], rtol=0, atol=1e-14)
    return case


# ------------------------------------------------------------------------------------------------ elementary functions

EVERYWHERE = [
    -700.0, -100.0, -36.7, -20.0, -5.0, -3.0, -1.5, -1.0, -0.7, -0.5, -0.1, -1e-3, -1e-8, -1e-150, -0.0,
    0.0, 1e-150, 1e-8, 1e-3, 0.1, 0.25, 0.5, 0.625, 0.7, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0, 20.0, 36.7, 100.0, 700.0,
]  # fmt: skip
POSITIVE = [
    1e-150, 1e-20, 1e-8, 1e-3, 0.1, 0.3, 0.5, 0.7, 0.9, 0.999999999, 1.0, 1.000000001, 1.1, 1.4142135623730951,
    2.0, 2.718281828459045, 3.0, 4.0, 10.0, 1e3, 1e8, 1e20, 1e150,
]  # fmt: skip
ANGLES = [x for x in EVERYWHERE if abs(x) < 700] + [0.7853981633974483, 1.5707963267948966, 3.141592653589793, -6.283185307179586, 1e5, -1e5]

# name: points, JAX, and by hand in many digits: the function, its first, its second derivative. At a kink the convention is written here.
mp = mpmath.mp
logistic = lambda x: 1 / (1 + mp.exp(-x))
FUNCTIONS = {
    "exp": (EVERYWHERE, jnp.exp, mp.exp, mp.exp, mp.exp),
    "log": (POSITIVE, jnp.log, mp.log, lambda x: 1 / x, lambda x: -1 / x**2),
    "sqrt": (POSITIVE, jnp.sqrt, mp.sqrt, lambda x: 1 / (2 * mp.sqrt(x)), lambda x: -1 / (4 * x * mp.sqrt(x))),
    "tanh": (EVERYWHERE, jnp.tanh, mp.tanh, lambda x: mp.sech(x) ** 2, lambda x: -2 * mp.tanh(x) * mp.sech(x) ** 2),
    "sigmoid": (
        EVERYWHERE, jax.nn.sigmoid, logistic, lambda x: logistic(x) * logistic(-x),
        lambda x: logistic(x) * logistic(-x) * (logistic(-x) - logistic(x)),
    ),
    "relu": (EVERYWHERE, ACTIVATIONS["relu"], lambda x: max(x, mp.mpf(0)), lambda x: mp.mpf(x > 0), lambda x: mp.mpf(0)),
    "softplus": (
        EVERYWHERE, lambda x: jnp.logaddexp(x, 0.0), lambda x: mp.log1p(mp.exp(x)), logistic,
        lambda x: logistic(x) * logistic(-x),
    ),
    "abs": (EVERYWHERE, lambda x: x * jnp.sign(x), abs, mp.sign, lambda x: mp.mpf(0)),
    "sin": (ANGLES, jnp.sin, mp.sin, mp.cos, lambda x: -mp.sin(x)),
    "cos": (ANGLES, jnp.cos, mp.cos, lambda x: -mp.sin(x), lambda x: -mp.cos(x)),
}  # fmt: skip
KINKS = {"relu": [0.0], "abs": [0.0]}

POW_POINTS = [
    (base, exponent)
    for base in [1e-8, 0.1, 0.5, 1.0, 2.0, 10.0, 1e3]
    for exponent in [-2.5, -1.0, 0.0, 0.5, 1.0, 2.0, 3.0]
]
POWER_EXPONENTS = [-2.0, -1.0, 0.0, 1.0, 2.0, 3.0, 4.0]
POWER_POINTS = [-10.0, -2.0, -1.0, -0.5, -1e-3, 1e-3, 0.5, 1.0, 2.0, 10.0]

EDGES = {
    "exp": [710.0, -746.0, math.inf, -math.inf, math.nan],
    "log": [0.0, -1.0, math.inf, math.nan],
    "sqrt": [0.0, -0.0, -1.0, math.inf, math.nan],
    "tanh": [1e3, -1e3, math.inf, -math.inf, math.nan],
    "sigmoid": [1e3, -1e3, math.inf, -math.inf, math.nan],
    "relu": [math.inf, -math.inf],
    "softplus": [1e3, -1e3, math.inf, math.nan],
    "abs": [math.inf, -math.inf, math.nan],
    "sin": [math.inf, math.nan],
    "cos": [math.inf, math.nan],
}


def function_cases():
    with mpmath.workdps(400):  # 1 + 1e-304 must not be 1
        for name, (points, f, *exact) in FUNCTIONS.items():
            x = jnp.array(points)
            case = case_of(f"function/{name}", {"function": name}, {"point": len(points)}, {}, {"x": tensor(["point"], points)})
            case["settings"]["kinks"] = [i for i, p in enumerate(points) if p in KINKS.get(name, [])]
            derivatives = [f, jax.grad(f), jax.grad(jax.grad(f))]
            for order, d, e in zip(["value", "first", "second"], derivatives, exact, strict=True):
                case["values"][order] = tensor(["point"], jax.vmap(d)(x))
                case["values"][f"exact.{order}"] = tensor(["point"], [float(e(mp.mpf(p))) for p in points])
            yield case
        yield from pow_cases()
    for name, points in EDGES.items():
        case = case_of(f"function/{name}/edges", {"function": name}, {"point": len(points)}, {}, {"x": tensor(["point"], points)})
        case["values"]["value"] = tensor(["point"], FUNCTIONS[name][1](jnp.array(points)))
        yield case
    yield from row_cases()


def pow_cases():
    base, exponent = (list(column) for column in zip(*POW_POINTS, strict=True))
    case = case_of("function/pow", {"function": "pow"}, {"point": len(base)}, {}, {"a": tensor(["point"], base), "b": tensor(["point"], exponent)})
    da, db = jax.grad(jnp.power, 0), jax.grad(jnp.power, 1)
    ln = mp.log
    by_hand = {
        "value": (jnp.power, lambda a, b: a**b),
        "da": (da, lambda a, b: b * a ** (b - 1)),
        "db": (db, lambda a, b: a**b * ln(a)),
        "dada": (jax.grad(da, 0), lambda a, b: b * (b - 1) * a ** (b - 2)),
        "dadb": (jax.grad(da, 1), lambda a, b: a ** (b - 1) * (1 + b * ln(a))),
        "dbdb": (jax.grad(db, 1), lambda a, b: a**b * ln(a) ** 2),
    }
    for name, (f, exact) in by_hand.items():
        case["values"][name] = tensor(["point"], jax.vmap(f)(jnp.array(base), jnp.array(exponent)))
        case["values"][f"exact.{name}"] = tensor(["point"], [float(exact(mp.mpf(a), mp.mpf(b))) for a, b in POW_POINTS])
    yield case
    # whole exponents, not differentiated by: any base but 0 is in the domain
    dims = {"exponent": len(POWER_EXPONENTS), "point": len(POWER_POINTS)}
    inputs = {"x": tensor(["point"], POWER_POINTS), "exponent": tensor(["exponent"], POWER_EXPONENTS)}
    case = case_of("function/pow/whole exponents", {"function": "pow"}, dims, {}, inputs)
    x = jnp.array(POWER_POINTS)
    for order, by_hand in [("value", lambda a, n: a**n), ("first", lambda a, n: n * a ** (n - 1)), ("second", lambda a, n: n * (n - 1) * a ** (n - 2))]:
        rows = []
        for n in POWER_EXPONENTS:
            f = lambda a, n=n: jnp.power(a, n)
            f = {"value": f, "first": jax.grad(f), "second": jax.grad(jax.grad(f))}[order]
            rows.append(jax.vmap(f)(x))
        case["values"][order] = tensor(["exponent", "point"], jnp.stack(rows))
        exact = [float(by_hand(mp.mpf(a), mp.mpf(n))) for n in POWER_EXPONENTS for a in POWER_POINTS]
        case["values"][f"exact.{order}"] = tensor(["exponent", "point"], exact)
    yield case


def softmax(x):
    e = jnp.exp(x - lax.stop_gradient(jnp.max(x, axis=-1, keepdims=True)))
    return e / jnp.sum(e, axis=-1, keepdims=True)


def log_sum_exp(x):
    top = lax.stop_gradient(jnp.max(x, axis=-1, keepdims=True))
    return jnp.log(jnp.sum(jnp.exp(x - top), axis=-1)) + top[..., 0]


def layer_norm(x):
    """(x - mean) / sqrt(variance + 1e-5), the variance biased (divided by the count)"""
    centred = x - jnp.mean(x, axis=-1, keepdims=True)
    return centred / jnp.sqrt(jnp.mean(centred**2, axis=-1, keepdims=True) + 1e-5)


AWKWARD_ROWS = [
    [0.5, -1.25, 2.0, 0.125], [0.0, 0.0, 0.0, 0.0], [1000.0, 0.0, -1000.0, 999.0], [-1000.0, -1001.0, -1000.5, -1003.0],
    [1e-8, -1e-8, 2e-8, 0.0], [30.0, -30.0, 0.0, 29.5], [700.0, 700.0, -700.0, 700.0],
]  # fmt: skip
NORM_ROWS = [
    [0.5, -1.25, 2.0, 0.125], [2.5, 2.5, 2.5, 2.5], [100.25, 101.5, 99.0, 100.0], [1e-3, -1e-3, 2e-3, 0.0],
    [1e-8, -1e-8, 2e-8, 0.0], [1e6, -1e6, 3e6, 0.0],
]  # fmt: skip


def row_cases():
    """Functions of a row. The loss is Σ weights ∘ f(x) (for the cross entropy, the mean); gradients and hvp are its own."""
    rows, row = ["row", "column"], ["row"]
    for name, f, data, out in [
        ("softmax", softmax, AWKWARD_ROWS, rows),
        ("logSoftmax", lambda x: x - log_sum_exp(x)[..., None], AWKWARD_ROWS, rows),
        ("logSumExp", log_sum_exp, AWKWARD_ROWS, row),
        ("layerNorm", layer_norm, NORM_ROWS, rows),
        ("softmaxCrossEntropy", None, AWKWARD_ROWS, row),
    ]:
        dims = {"row": len(data), "column": 4}
        draw = Draw(name, dims)
        inputs = {"x": tensor(rows, data)}
        if name == "softmaxCrossEntropy":
            inputs["y"] = draw.ints("row", below=4)
            labels = jnp.asarray(inputs["y"]["data"])
            f, weights = lambda x, y=labels: cross_entropy(x, y), jnp.full(len(data), 1 / len(data))
            settings = {"function": name, "loss": "mean"}
        else:
            drawn = draw(*out, scale=1)
            inputs["weights"] = drawn
            weights = jnp.asarray(array({"dims": dims}, drawn))
            settings = {"function": name, "loss": "sum(weights * value)"} | ({"epsilon": 1e-5} if name == "layerNorm" else {})
        case = case_of(f"function/{name}", settings, dims, {}, inputs)
        case["directions"] = {"x": draw(*rows, scale=1)}
        x, direction = jnp.array(data), jnp.asarray(array(case, case["directions"]["x"]))
        loss = lambda x, f=f, w=weights: jnp.sum(w * f(x))
        case["loss"] = float(loss(x))
        case["values"]["value"] = tensor(out, f(x))
        gradient, product = jax.jvp(jax.grad(loss), (x,), (direction,))
        case["gradients"]["x"], case["hvp"] = tensor(rows, gradient), {"x": tensor(rows, product)}
        yield case


# ---------------------------------------------------------------------------------------------------------- optimisers


def sgd(s, w, g, slots, t):
    return w - s["rate"] * g, slots


def momentum(s, w, g, slots, t):
    v = s["momentum"] * slots["velocity"] + g
    return w - s["rate"] * (g + s["momentum"] * v if s["nesterov"] else v), {"velocity": v}


def rmsprop(s, w, g, slots, t):
    a = s["decay"] * slots["meanSquare"] + (1 - s["decay"]) * g**2
    return w - s["rate"] * g / (jnp.sqrt(a) + s["epsilon"]), {"meanSquare": a}


def adagrad(s, w, g, slots, t):
    a = slots["sumSquare"] + g**2
    return w - s["rate"] * g / (jnp.sqrt(a) + s["epsilon"]), {"sumSquare": a}


def adam(s, w, g, slots, t):
    m = s["beta1"] * slots["m"] + (1 - s["beta1"]) * g
    v = s["beta2"] * slots["v"] + (1 - s["beta2"]) * g**2
    unbiased_m, unbiased_v = m / (1 - s["beta1"] ** t), v / (1 - s["beta2"] ** t)
    return w - s["rate"] * unbiased_m / (jnp.sqrt(unbiased_v) + s["epsilon"]), {"m": m, "v": v}


def adamw(s, w, g, slots, t):  # decoupled: the decay does not pass through m and v
    return adam(s, w * (1 - s["rate"] * s["weightDecay"]), g, slots, t)


def rate_at(s, k):
    """The rate of step k, counted from 0: the closed forms of torch.optim.lr_scheduler; after `warm` steps of it, the schedule begins."""
    if k < s.get("warm", 0):
        return s["rate"] * (k + 1) / s["warm"]
    k -= s.get("warm", 0)
    kind = s.get("schedule")
    if kind == "step":
        return s["rate"] * s["factor"] ** (k // s["every"])
    if kind == "exponential":
        return s["rate"] * s["factor"] ** k
    if kind == "cosine":
        return s["least"] + (s["rate"] - s["least"]) * (1 + math.cos(math.pi * min(k, s["steps"]) / s["steps"])) / 2
    return s["rate"] / math.sqrt(k + 1) if kind == "own" else s["rate"]


ADAM = {"beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8}
OPTIMISERS = {  # name: rule, slots, settings (PyTorch's defaults, unless the name says otherwise)
    "sgd": (sgd, [], {"rate": 1e-3}),
    "sgd/rate 0.1": (sgd, [], {"rate": 0.1}),
    "momentum": (momentum, ["velocity"], {"rate": 0.1, "momentum": 0.9, "nesterov": False}),
    "momentum/nesterov": (momentum, ["velocity"], {"rate": 0.1, "momentum": 0.9, "nesterov": True}),
    "rmsprop": (rmsprop, ["meanSquare"], {"rate": 0.01, "decay": 0.99, "epsilon": 1e-8}),
    "adagrad": (adagrad, ["sumSquare"], {"rate": 0.01, "epsilon": 1e-10}),
    "adam": (adam, ["m", "v"], {"rate": 1e-3} | ADAM),
    "adam/other settings": (adam, ["m", "v"], {"rate": 0.05, "beta1": 0.8, "beta2": 0.95, "epsilon": 1e-4}),
    "adamw": (adamw, ["m", "v"], {"rate": 1e-3} | ADAM | {"weightDecay": 0.01}),
    "adamw/other settings": (adamw, ["m", "v"], {"rate": 0.05} | ADAM | {"weightDecay": 0.1}),
    # L2 regularisation: the decay is part of the gradient (`weight_decay` of every rule but AdamW)
    "sgd/L2": (sgd, [], {"rate": 0.1, "l2": 0.2}),
    "momentum/L2": (momentum, ["velocity"], {"rate": 0.1, "momentum": 0.9, "nesterov": False, "l2": 0.2}),
    "rmsprop/L2": (rmsprop, ["meanSquare"], {"rate": 0.01, "decay": 0.99, "epsilon": 1e-8, "l2": 0.2}),
    "adagrad/L2": (adagrad, ["sumSquare"], {"rate": 0.01, "epsilon": 1e-10, "l2": 0.2}),
    "adam/L2": (adam, ["m", "v"], {"rate": 0.05} | ADAM | {"l2": 0.2}),
    # rates that change: StepLR, ExponentialLR, CosineAnnealingLR, LinearLR before another one, LambdaLR
    "sgd/step": (sgd, [], {"rate": 0.1, "schedule": "step", "every": 3, "factor": 0.5}),
    "adam/exponential": (adam, ["m", "v"], {"rate": 0.05} | ADAM | {"schedule": "exponential", "factor": 0.8}),
    "adamw/cosine": (adamw, ["m", "v"], {"rate": 0.05} | ADAM | {"weightDecay": 0.1, "schedule": "cosine", "steps": 9, "least": 0.01}),
    "momentum/warm-up, then cosine": (
        momentum, ["velocity"],
        {"rate": 0.1, "momentum": 0.9, "nesterov": True, "warm": 4, "schedule": "cosine", "steps": 6, "least": 0.0},
    ),
    "sgd/warm-up": (sgd, [], {"rate": 0.1, "warm": 5}),
    "rmsprop/own": (rmsprop, ["meanSquare"], {"rate": 0.01, "decay": 0.99, "epsilon": 1e-8, "schedule": "own"}),
}


def optimiser_cases():
    """Ten steps: values.w and the slots after each of them. Slots start at zero."""
    dims = {"step": 10, "row": 2, "column": 2}
    for name, (rule, slot_names, settings) in OPTIMISERS.items():
        draw = Draw("optimiser", dims)  # the same start and gradients for all
        inputs = {"gradient": draw("step", "row", "column", scale=2)}
        inputs["gradient"]["data"][3 * 4 : 4 * 4] = [0.0] * 4  # a step without gradient; in the next two a huge number, a tiny one
        inputs["gradient"]["data"][4 * 4], inputs["gradient"]["data"][5 * 4 + 1] = 1000.0, 1e-6
        parameters = {"w": draw("row", "column", scale=1)}
        case = case_of(f"optimiser/{name}", {"optimiser": name.split("/")[0]} | settings, dims, parameters, inputs)
        w, gradients = jnp.asarray(array(case, parameters["w"])), jnp.asarray(array(case, inputs["gradient"]))
        slots = {slot: jnp.zeros_like(w) for slot in slot_names}
        trace = []
        for t in range(dims["step"]):
            at = settings | {"rate": rate_at(settings, t)}
            w, slots = rule(at, w, gradients[t] + settings.get("l2", 0.0) * w, slots, t + 1)
            trace.append({"w": w} | slots)
        case["values"] = {n: tensor(["step", "row", "column"], jnp.stack([now[n] for now in trace])) for n in trace[0]}
        yield case
    yield from clip_cases()


def clip_cases():
    """values.a, .b: by the formula; values.pytorch.a, .b: as clip_grad_norm_ has it, which divides by (norm + 1e-6)."""
    dims = {"row": 3, "column": 2, "hidden": 4}
    for name, maximum in [("above", 1.0), ("below", 10.0)]:
        draw = Draw("clip", dims)
        case = case_of(f"clipByGlobalNorm/{name}", {"maximum": maximum}, dims, {}, {"a": draw("row", "column", scale=2), "b": draw("hidden", scale=2)})
        g = floats_of(case)
        norm = jnp.sqrt(sum(jnp.sum(v**2) for v in g.values()))
        for prefix, epsilon in [("", 0.0), ("pytorch.", 1e-6)]:
            factor = jnp.minimum(1.0, maximum / (norm + epsilon))
            case["values"] |= {prefix + n: tensor(dims_of(case, n), v * factor) for n, v in g.items()}
        case["values"]["norm"] = tensor([], norm)
        yield case
    draw = Draw("clip", dims)
    case = case_of("clipByValue", {"maximum": 0.5}, dims, {}, {"a": draw("row", "column", scale=2), "b": draw("hidden", scale=2)})
    case["values"] = {n: tensor(dims_of(case, n), jnp.clip(v, -0.5, 0.5)) for n, v in floats_of(case).items()}
    yield case


# ------------------------------------------------------------------------------------------------- compare, write, check


FILES = {
    "feed-forward.json": feed_forward_cases,
    "rnn.json": rnn_cases,
    "lstm.json": lstm_cases,
    "gru.json": gru_cases,
    "variants.json": variant_cases,
    "second-order.json": second_order_cases,
    "contributions.json": lambda: [contributions_case()],
    "functions.json": function_cases,
    "optimisers.json": optimiser_cases,
}


def leaves(tree, path=()):
    if isinstance(tree, dict) and not ("dims" in tree and "data" in tree):
        for key, value in tree.items():
            yield from leaves(value, (*path, key))
    elif tree is not None:
        yield path, tree


def numbers(leaf):
    return np.array([float(v) for v in (leaf["data"] if isinstance(leaf, dict) else [leaf])])


def difference(ours, theirs):
    """The largest |ours - theirs|, in units of the tensor's largest number, or elementwise of 1 + |theirs| where numbers of many
    magnitudes stand side by side (take the smaller). Infinities and NaN must stand in the same places."""
    a, b = numbers(ours), numbers(theirs)
    if a.shape != b.shape:
        return math.inf
    finite = np.isfinite(b)
    if not np.array_equal(a[~finite], b[~finite], equal_nan=True) or not np.isfinite(a[finite]).all():
        return math.inf
    a, b = a[finite], b[finite]
    if a.size == 0:
        return 0.0
    scale = np.abs(b).max() if np.abs(b).max() < 1 else 1 + np.abs(b)
    return float(np.max(np.abs(a - b) / np.maximum(scale, 1e-3)))


RESULTS = ["values", "loss", "gradients", "hvp", "hessian"]


def result_paths(case):
    return {(part, *path) for part in RESULTS for path, _ in leaves(case.get(part))}


def compare(case, other, who):
    """Every number that `other` has, against the case's. -> the largest difference"""
    largest = 0.0
    for part in RESULTS:
        mine = dict(leaves(case.get(part)))
        for path, leaf in leaves(other.get(part)):
            here = difference(mine[path], leaf)
            assert here <= TOLERANCE, f"{case['name']}: {part} {'.'.join(path)}: {who} differs by {here:.2e}"
            largest = max(largest, here)
    return largest


def against_exact(case):
    """Elementary functions: JAX against the functions evaluated in many digits."""
    for name, value in case["values"].items():
        if f"exact.{name}" in case["values"]:
            here = difference(value, case["values"][f"exact.{name}"])
            assert here <= TOLERANCE, f"{case['name']}: {name} differs from the exact number by {here:.2e}"


def plain(value):
    """JSON has no NaN and no infinities: they are written as strings."""
    if isinstance(value, dict):
        return {key: plain(v) for key, v in value.items()}
    if isinstance(value, list):
        return [plain(v) for v in value]
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    return value


def text(value, indent=0):
    """JSON with one tensor a line; Python prints the shortest decimal that reads back as the same float64."""
    pad = " " * (indent + 1)
    if isinstance(value, dict) and value and "data" not in value and any(isinstance(v, dict | list) for v in value.values()):
        return "{\n" + ",\n".join(f"{pad}{json.dumps(k)}: {text(v, indent + 1)}" for k, v in value.items()) + "\n" + " " * indent + "}"
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return "[\n" + ",\n".join(pad + text(v, indent + 1) for v in value) + "\n" + " " * indent + "]"
    return json.dumps(value, allow_nan=False, ensure_ascii=False)


def versions():
    return {"jax": jax.__version__, "jaxlib": jax.lib.__version__, "numpy": np.__version__, "mpmath": mpmath.__version__}


def make():
    import pytorch

    for file, cases in FILES.items():
        made = []
        for case in cases():
            against_exact(case)
            twin = pytorch.twin(case)
            missing = {path for path in result_paths(case) - result_paths(twin) if not path[-1].startswith("exact.")}
            assert not missing, f"{case['name']}: PyTorch did not make {missing}"
            apart = compare(case, twin, "PyTorch")
            keeps_weights = "pytorch" in twin and "directions" not in case and case["settings"]["loss"] == "last"
            made.append(case | ({"pytorch": twin["pytorch"]} if keeps_weights else {}))
            print(f"{case['name']}: JAX and PyTorch agree to {apart:.1e}")
        content = {"madeBy": versions() | {"torch": pytorch.version()}, "precision": "float64", "cases": made}
        (HERE / file).write_text(text(plain(content)) + "\n", encoding="utf-8")


def check():
    count, largest, wrong = 0, 0.0, []
    for file, cases in FILES.items():
        committed = json.loads((HERE / file).read_text(encoding="utf-8"))
        by_name = {case["name"]: case for case in committed["cases"]}
        for case in cases():
            count += 1
            against_exact(case)
            theirs = by_name.pop(case["name"], None)
            given = ["settings", "dims", "parameters", "inputs", "directions"]
            remade = plain(case)
            if theirs is None or any(remade.get(part) != theirs.get(part) for part in given):
                wrong.append(f"{file}: {case['name']}: not the committed case")
                continue
            try:
                if result_paths(remade) != result_paths(theirs):
                    wrong.append(f"{file}: {case['name']}: not the committed results")
                    continue
                largest = max(largest, compare(case, theirs, "the committed file"))
            except AssertionError as error:
                wrong.append(f"{file}: {error}")
        wrong += [f"{file}: {name}: committed, but no longer made" for name in by_name]
    print("\n".join(wrong) if wrong else f"{count} cases as committed, to {largest:.1e}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(check() if "--check" in sys.argv[1:] else make())
