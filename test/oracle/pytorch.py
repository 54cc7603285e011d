"""The second opinion: the cases of make.py by PyTorch. `twin(case)` takes a case's parameters and inputs and makes its results again, by
PyTorch's own modules (nn.RNN, nn.LSTM, nn.GRU, torch.optim, clip_grad_norm_, …) where they exist, otherwise from its functions.

PyTorch keeps weight_ih as [gates · hidden, input], the transpose of Clew's U, all gates stacked (LSTM: i f g o, GRU: r z n), and has
two biases where Clew has one: Clew's b is their sum. Here the sum is split at random, so that a mistake in it would show.
"""

import random

import torch
import torch.nn.functional as F
from torch import nn

torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)


def version():
    return torch.__version__.split("+")[0]


def tensor_of(case, t):
    shape = [case["dims"][dim] for dim in t["dims"]]
    return torch.tensor(t["data"], dtype=torch.int64 if t["dtype"] == "int" else torch.float64).reshape(shape)


def listed(value):
    """A result, as the files hold tensors (dims are not needed for comparing)."""
    allocated = torch.zeros(value.shape).copy_(value.detach())  # a materialised zero gradient has no storage
    return {"dims": None, "data": allocated.reshape(-1).tolist()}


def leaves_of(case):
    """Parameters and float inputs, each with requires_grad; int inputs apart."""
    both = {name: (t, tensor_of(case, t)) for name, t in (case["parameters"] | case["inputs"]).items()}
    floats = {name: value.requires_grad_() for name, (t, value) in both.items() if t["dtype"] == "float"}
    return floats, {name: value for name, (t, value) in both.items() if t["dtype"] == "int"}


def results(values, loss, gradients, **more):
    tree = lambda named: {name: listed(v) for name, v in named.items()}
    return {"values": tree(values), "loss": float(loss.detach()), "gradients": tree(gradients)} | more


# -------------------------------------------------------------------------------------------------- recurrent networks

CELLS = {"rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}
GATES = {"rnn": [""], "lstm": ["_i", "_f", "_g", "_o"], "gru": ["_r", "_z", "_n"]}


def has_module(s):
    return not (s.get("activation") == "sigmoid" or s.get("reset") == "before")


def prefixes(s):
    """(before Clew's names, after PyTorch's)"""
    if s["bidirectional"]:
        return [("forward.", "_l0"), ("backward.", "_l0_reverse")]
    return [(f"layer{n + 1}." if s["layers"] > 1 else "", f"_l{n}") for n in range(s["layers"])]


def module_with(case, s):
    """PyTorch's module with the case's parameters, and how to find Clew's names in it: Clew name -> (torch name, rows, transposed?)."""
    dims, places = case["dims"], {}
    more = {"nonlinearity": s["activation"]} if s["cell"] == "rnn" else {}
    module = CELLS[s["cell"]](
        dims["word"], dims["hidden"], num_layers=s["layers"], bias=s["bias"], bidirectional=s["bidirectional"], **more
    )
    chance = random.Random(case["name"] + "/two biases")
    with torch.no_grad():
        for prefix, suffix in prefixes(s):
            for n, gate in enumerate(GATES[s["cell"]]):
                rows = slice(n * dims["hidden"], (n + 1) * dims["hidden"])
                places[f"{prefix}U{gate}"] = (f"weight_ih{suffix}", rows)
                places[f"{prefix}W{gate}"] = (f"weight_hh{suffix}", rows)
                if not s["bias"]:
                    continue
                places[f"{prefix}b{gate}"] = (f"bias_ih{suffix}", rows)
                b = tensor_of(case, case["parameters"][f"{prefix}b{gate}"])
                if s["cell"] == "gru" and gate == "_n":  # the one place where two biases are two
                    places[f"{prefix}b_hn"] = (f"bias_hh{suffix}", rows)
                else:
                    part = torch.tensor([round(chance.uniform(-0.5, 0.5), 3) for _ in range(dims["hidden"])])
                    getattr(module, f"bias_hh{suffix}")[rows] = part
                    getattr(module, f"bias_ih{suffix}")[rows] = torch.round(b - part, decimals=3)
        for name, (torch_name, rows) in places.items():
            if "bias" in torch_name and not name.endswith(("b_n", "b_hn")):
                continue
            value = tensor_of(case, case["parameters"][name])
            getattr(module, torch_name)[rows] = value.mT if "weight" in torch_name else value
    return module, places


def by_module(case):
    s = case["settings"]
    floats, ints = leaves_of(case)
    module, places = module_with(case, s)
    x = F.embedding(ints["ids"], floats["embedding"]) if s["embedding"] else floats["x"]
    over = nn.utils.rnn.pack_padded_sequence(x, ints["lengths"], enforce_sorted=False) if s["masked"] else x
    stack = lambda name: torch.stack([floats[prefix + name] for prefix, _ in prefixes(s)])
    outputs, state = module(over, (stack("h0"), stack("c0")) if s["cell"] == "lstm" else stack("h0"))
    if s["masked"]:
        outputs, _ = nn.utils.rnn.pad_packed_sequence(outputs, total_length=case["dims"]["time"])
    finals = {"final": state[0], "finalCell": state[1]} if s["cell"] == "lstm" else {"final": state}
    values = {prefix + name: f[n] for name, f in finals.items() for n, (prefix, _) in enumerate(prefixes(s))}
    last = torch.cat(list(finals["final"]), dim=-1) if s["bidirectional"] else finals["final"][-1]
    loss, logits = head(s, floats, ints, outputs, last)
    loss.backward()
    gradients = {name: v.grad for name, v in floats.items() if name not in places}
    for name, (torch_name, rows) in places.items():
        g = getattr(module, torch_name).grad[rows]
        gradients[name] = g.mT if "weight" in torch_name else g
    kept = {name: {"shape": list(p.shape), "data": p.detach().reshape(-1).tolist()} for name, p in module.named_parameters()}
    own = {"module": f"nn.{type(module).__name__}", "parameters": kept, "loss": float(loss.detach())}
    return results(values | {"outputs": outputs, "logits": logits}, loss, gradients, pytorch=own)


def head(s, floats, ints, outputs, last):
    logits = (last if s["loss"] == "last" else outputs) @ floats["V"] + floats.get("b_y", torch.zeros(()))
    if s["loss"] == "last":
        return F.cross_entropy(logits, ints["y"]), logits
    y = ints["y"]
    if s["masked"]:
        y = y.masked_fill(torch.arange(len(y))[:, None] >= ints["lengths"], -100)  # what cross_entropy ignores
    return F.cross_entropy(logits.flatten(0, 1), y.flatten()), logits


def step(s, p, x_t, state):
    """The cells from functions: for those that have no module, and where a second derivative is asked for."""
    linear = lambda gate, h: F.linear(x_t, p[f"U{gate}"].mT, p.get(f"b{gate}")) + F.linear(h, p[f"W{gate}"].mT)
    if s["cell"] == "rnn":
        return (getattr(torch, s["activation"])(linear("", state[0])),)
    if s["cell"] == "lstm":
        h, c = state
        c_t = torch.addcmul(linear("_f", h).sigmoid() * c, linear("_i", h).sigmoid(), linear("_g", h).tanh())
        return linear("_o", h).sigmoid() * c_t.tanh(), c_t
    (h,) = state
    r, z = linear("_r", h).sigmoid(), linear("_z", h).sigmoid()
    if s["reset"] == "before":
        n = linear("_n", r * h).tanh()
    else:
        n = (F.linear(x_t, p["U_n"].mT, p.get("b_n")) + r * F.linear(h, p["W_n"].mT, p.get("b_hn"))).tanh()
    return (n + z * (h - n),)


def from_functions(case, floats, ints):
    """One direction, no mask, no embedding: -> loss, values"""
    s, over, values = case["settings"], floats["x"], {}
    for prefix, _ in prefixes(s):
        p = {name.removeprefix(prefix): v for name, v in floats.items() if name.startswith(prefix)}
        state, outputs = tuple(p[name] for name in (["h0", "c0"] if s["cell"] == "lstm" else ["h0"])), []
        for x_t in over:
            state = step(s, p, x_t, state)
            outputs.append(state[0])
        over = torch.stack(outputs)
        values |= {prefix + name: v for name, v in zip(["final", "finalCell"], state)}
    loss, logits = head(s, floats, ints, over, state[0])
    return loss, values | {"outputs": over, "logits": logits}


def by_functions(case):
    floats, ints = leaves_of(case)
    loss, values = from_functions(case, floats, ints)
    return results(values, loss, dict(zip(floats, torch.autograd.grad(loss, list(floats.values())), strict=True)))


def second_derivatives(case):
    floats, ints = leaves_of(case)
    made = {}
    if "directions" in case:
        loss, _ = from_functions(case, floats, ints)
        gradient = torch.autograd.grad(loss, list(floats.values()), create_graph=True)
        along = sum((g * tensor_of(case, case["directions"][name])).sum() for name, g in zip(floats, gradient, strict=True))
        made["hvp"] = {n: listed(v) for n, v in zip(floats, torch.autograd.grad(along, list(floats.values())), strict=True)}
    if "hessian" in case:
        names = list(case["parameters"])
        loss = lambda *values: from_functions(case, floats | dict(zip(names, values, strict=True)), ints)[0]
        blocks = torch.autograd.functional.hessian(loss, tuple(floats[n].detach() for n in names))
        made["hessian"] = {a: {b: listed(blocks[i][j]) for j, b in enumerate(names)} for i, a in enumerate(names)}
    return made


def recurrent(case):
    if not has_module(case["settings"]):
        return by_functions(case)
    made = by_module(case)
    if "directions" in case or "hessian" in case:
        made |= second_derivatives(case)
    return made


# ----------------------------------------------------------------------------------------- feed-forward, contributions


def feed_forward(case):
    s, (floats, ints) = case["settings"], leaves_of(case)
    h, values = floats["x"], {}
    for n in range(1, s["layers"] + 1):
        h = F.linear(h, floats[f"layer{n}.W"].mT, floats[f"layer{n}.b"]).tanh()
        values[f"hidden{n}"] = h
    last = F.linear(h, floats["V"].mT, floats["b_y"])
    if s["loss"] == "softmaxCrossEntropy":
        loss, values["logits"] = F.cross_entropy(last, ints["y"]), last
    else:
        loss, values["prediction"] = F.mse_loss(last, floats["y"]), last
    return results(values, loss, dict(zip(floats, torch.autograd.grad(loss, list(floats.values())), strict=True)))


def contributions(case):
    """The parameters are untied by giving every step clones of them; a state's derivative is taken at the state itself."""
    floats, ints = leaves_of(case)
    steps, tied = case["dims"]["time"], ["U", "W", "b"]
    copies = {name: [floats[name].clone() for _ in range(steps)] for name in tied}
    h, states, losses = floats["h0"], [], []
    for t in range(steps):
        h = torch.tanh(F.linear(floats["x"][t], copies["U"][t].mT, copies["b"][t]) + h @ copies["W"][t])
        states.append(h)
        losses.append(F.cross_entropy(h @ floats["V"] + floats["b_y"], ints["y"][t]))
    grad = lambda of, by: torch.autograd.grad(of, by, retain_graph=True, materialize_grads=True, allow_unused=True)[0]
    table = lambda by: torch.stack([torch.stack([grad(losses[t], by[k]) for k in range(steps)]) for t in range(steps)])
    values = {"states": torch.stack(states), "losses": torch.stack(losses), "dE_t/dh_k": table(states)}
    values |= {f"term.{name}": table(copies[name]) for name in tied}
    values["dE/dh_k"] = torch.stack([grad(sum(losses), h_k) for h_k in states])
    rows = [[[grad(states[t][:, out].sum(), states[k]) for out in range(h.shape[1])] for k in range(steps)] for t in range(steps)]
    jacobians = torch.stack([torch.stack([torch.stack(of_out, dim=1) for of_out in of_k]) for of_k in rows])  # [t, k, batch, out, in]
    values |= {"dh_t/dh_k": jacobians, "singularValues": torch.linalg.svdvals(jacobians)}
    loss = sum(losses)
    return results(values, loss, dict(zip(floats, torch.autograd.grad(loss, list(floats.values())), strict=True)))


# ----------------------------------------------------------------------------------------------------------- functions

ELEMENTARY = {
    "exp": torch.exp, "log": torch.log, "sqrt": torch.sqrt, "tanh": torch.tanh, "sigmoid": torch.sigmoid, "relu": torch.relu,
    "abs": torch.abs, "sin": torch.sin, "cos": torch.cos,
    "softplus": lambda x: torch.logaddexp(x, torch.zeros(())),  # F.softplus is the identity above 20
}  # fmt: skip

OF_ROWS = {
    "softmax": lambda x, _: F.softmax(x, dim=-1),
    "logSoftmax": lambda x, _: F.log_softmax(x, dim=-1),
    "logSumExp": lambda x, _: torch.logsumexp(x, dim=-1),
    "layerNorm": lambda x, _: F.layer_norm(x, x.shape[-1:], eps=1e-5),
    "softmaxCrossEntropy": lambda x, y: F.cross_entropy(x, y, reduction="none"),
}


def function(case):
    name = case["settings"]["function"]
    if name in OF_ROWS:
        return of_rows(case, OF_ROWS[name])
    inputs = {n: tensor_of(case, t).requires_grad_() for n, t in case["inputs"].items()}
    grad = lambda of, by: torch.autograd.grad(of.sum(), by, create_graph=True, materialize_grads=True)[0]
    if "a" in inputs:
        a, b = inputs["a"], inputs["b"]
        value = a**b
        da, db = grad(value, a), grad(value, b)
        # dadb in this order: PyTorch takes ∂/∂a for a constant 0 where b is 0, and loses what it depends on
        made = {"value": value, "da": da, "db": db, "dada": grad(da, a), "dadb": grad(db, a), "dbdb": grad(db, b)}
        return {"values": {n: listed(v) for n, v in made.items()}}
    x = inputs["x"]
    if "exponent" in inputs:
        orders = [[], [], []]
        for n in inputs["exponent"].detach().tolist():
            value = x**n
            first = grad(value, x) if n else torch.zeros_like(x)
            second = grad(first, x) if first.requires_grad else torch.zeros_like(x)
            for rows, row in zip(orders, [value, first, second], strict=True):
                rows.append(row)
        return {"values": {n: listed(torch.stack(rows)) for n, rows in zip(["value", "first", "second"], orders, strict=True)}}
    value = ELEMENTARY[name](x)
    if case["name"].endswith("edges"):
        return {"values": {"value": listed(value)}}
    first = grad(value, x)
    second = grad(first, x) if first.requires_grad else torch.zeros_like(x)
    return {"values": {"value": listed(value), "first": listed(first), "second": listed(second)}}


def of_rows(case, f):
    x = tensor_of(case, case["inputs"]["x"]).requires_grad_()
    y = tensor_of(case, case["inputs"]["y"]) if "y" in case["inputs"] else None
    value = f(x, y)
    loss = value.mean() if y is not None else (value * tensor_of(case, case["inputs"]["weights"])).sum()
    (gradient,) = torch.autograd.grad(loss, x, create_graph=True)
    (product,) = torch.autograd.grad((gradient * tensor_of(case, case["directions"]["x"])).sum(), x)
    return results({"value": value}, loss, {"x": gradient}, hvp={"x": listed(product)})


# ---------------------------------------------------------------------------------------------------------- optimisers


def optimiser_of(s, w):
    name, rate, l2 = s["optimiser"], s["rate"], s.get("l2", 0)
    if name == "adam":
        return torch.optim.Adam([w], lr=rate, betas=(s["beta1"], s["beta2"]), eps=s["epsilon"], weight_decay=l2)
    if name == "adamw":
        return torch.optim.AdamW([w], lr=rate, betas=(s["beta1"], s["beta2"]), eps=s["epsilon"], weight_decay=s["weightDecay"])
    if name == "rmsprop":
        return torch.optim.RMSprop([w], lr=rate, alpha=s["decay"], eps=s["epsilon"], weight_decay=l2)
    if name == "adagrad":
        return torch.optim.Adagrad([w], lr=rate, eps=s["epsilon"], weight_decay=l2)
    return torch.optim.SGD([w], lr=rate, momentum=s.get("momentum", 0), nesterov=s.get("nesterov", False), weight_decay=l2)


def scheduler_of(s, rule):
    at, kind, warm = torch.optim.lr_scheduler, s.get("schedule"), s.get("warm", 0)
    if kind == "step":
        then = at.StepLR(rule, step_size=s["every"], gamma=s["factor"])
    elif kind == "exponential":
        then = at.ExponentialLR(rule, gamma=s["factor"])
    elif kind == "cosine":
        then = at.CosineAnnealingLR(rule, T_max=s["steps"], eta_min=s["least"])
    else:
        then = at.LambdaLR(rule, lambda k: (k + 1) ** -0.5 if kind == "own" else 1.0)
    if warm == 0:
        return then
    # 1/warm at the first step, 1 at the last of them
    return at.SequentialLR(rule, [at.LinearLR(rule, start_factor=1 / warm, total_iters=warm - 1), then], milestones=[warm])


SLOTS = {"m": "exp_avg", "v": "exp_avg_sq", "velocity": "momentum_buffer", "meanSquare": "square_avg", "sumSquare": "sum"}
DEFAULTS = {  # what make.py says is PyTorch's default, must be
    "sgd": (torch.optim.SGD, {"rate": "lr"}),
    "rmsprop": (torch.optim.RMSprop, {"rate": "lr", "decay": "alpha", "epsilon": "eps"}),
    "adagrad": (torch.optim.Adagrad, {"rate": "lr", "epsilon": "eps"}),
    "adam": (torch.optim.Adam, {"rate": "lr", "epsilon": "eps"}),
    "adamw": (torch.optim.AdamW, {"rate": "lr", "epsilon": "eps", "weightDecay": "weight_decay"}),
}


def optimiser(case):
    s, w = case["settings"], nn.Parameter(tensor_of(case, case["parameters"]["w"]))
    if case["name"].removeprefix("optimiser/") in DEFAULTS:
        rule, names = DEFAULTS[s["optimiser"]]
        assert all(rule([w]).defaults[theirs] == s[ours] for ours, theirs in names.items()), case["name"]
    rule, trace = optimiser_of(s, w), {name: [] for name in case["values"]}
    scheduler = scheduler_of(s, rule)
    for g in tensor_of(case, case["inputs"]["gradient"]):
        w.grad = g.clone()
        rule.step()
        scheduler.step()
        for name, steps in trace.items():
            steps.append((w if name == "w" else rule.state[w][SLOTS[name]]).detach().clone())
    return {"values": {name: listed(torch.stack(steps)) for name, steps in trace.items()}}


def clip(case):
    parameters = {name: nn.Parameter(torch.zeros_like(tensor_of(case, t))) for name, t in case["inputs"].items()}
    gradients = {name: tensor_of(case, t) for name, t in case["inputs"].items()}
    for name, p in parameters.items():
        p.grad = gradients[name].clone()
    maximum = case["settings"]["maximum"]
    if case["name"] == "clipByValue":
        nn.utils.clip_grad_value_(parameters.values(), maximum)
        return {"values": {name: listed(p.grad) for name, p in parameters.items()}}
    norm = nn.utils.clip_grad_norm_(parameters.values(), maximum)
    values = {f"pytorch.{name}": p.grad for name, p in parameters.items()} | {"norm": norm}
    return {"values": {n: listed(v) for n, v in (values | {n: g / max(1, norm / maximum) for n, g in gradients.items()}).items()}}


def twin(case):
    family = case["name"].split("/")[0]
    if family in FAMILIES:
        return FAMILIES[family](case)
    return recurrent(case)


FAMILIES = {
    "feed-forward": feed_forward, "contributions": contributions, "function": function, "optimiser": optimiser,
    "clipByGlobalNorm": clip, "clipByValue": clip,
}  # fmt: skip
