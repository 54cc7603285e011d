"""JAX and PyTorch as engines of the benchmark: one JSON object a line in, one out. run.ts talks to it."""

import base64
import json
import os
import sys
import time

THREADS = 2
if hasattr(os, "sched_setaffinity"):  # before libraries count the processors
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:THREADS])
os.environ.setdefault("OMP_NUM_THREADS", str(THREADS))

import numpy as np  # noqa: E402


def numbers(task, name, kind="float32"):
    return np.frombuffer(base64.b64decode(task[name]), dtype=kind).copy()


def arrays(task):
    gates, hidden, words = task["gates"], task["hidden"], task["vocabulary"]
    weights = {
        "U": numbers(task, "U").reshape(words, gates * hidden),
        "W": numbers(task, "W").reshape(hidden, gates * hidden),
        "b": numbers(task, "b"),
        "V": numbers(task, "V").reshape(hidden, words),
        "c": numbers(task, "c"),
    }
    ids = [numbers(task, name, "int32").reshape(task["steps"], task["batch"]) for name in ("x", "y")]
    return weights, ids[0], ids[1]


def jax_engine():
    import jax
    import jax.numpy as jnp

    def prepare(task):
        weights, x, y = arrays(task)
        weights = {name: jnp.array(w) for name, w in weights.items()}
        x, y = jnp.array(x), jnp.array(y)
        start = jnp.zeros((task["batch"], task["hidden"]), jnp.float32)

        def rnn(W):
            def cell(h, x_t):
                h = jnp.tanh(x_t + h @ W)
                return h, h

            return cell, start

        def lstm(W):
            def cell(state, x_t):
                h, s = state
                i, f, g, o = jnp.split(x_t + h @ W, 4, axis=-1)
                s = jax.nn.sigmoid(f) * s + jax.nn.sigmoid(i) * jnp.tanh(g)
                h = jax.nn.sigmoid(o) * jnp.tanh(s)
                return (h, s), h

            return cell, (start, start)

        def loss_of(w, x, y):
            cell, first = (rnn if task["model"] == "rnn" else lstm)(w["W"])
            _, outputs = jax.lax.scan(cell, first, w["U"][x] + w["b"])
            logits = outputs @ w["V"] + w["c"]
            right = jnp.take_along_axis(logits, y[..., None], axis=-1)[..., 0]
            return jnp.mean(jax.nn.logsumexp(logits, axis=-1) - right)

        def update(w, x, y):
            loss, gradient = jax.value_and_grad(loss_of)(w, x, y)
            return loss, jax.tree.map(lambda a, g: a - task["rate"] * g, w, gradient)

        begin = time.perf_counter()
        program = jax.jit(update, donate_argnums=0).lower(weights, x, y).compile()
        compile_ms = (time.perf_counter() - begin) * 1000
        state = [weights]

        def step():
            loss, state[0] = program(state[0], x, y)
            jax.block_until_ready(state[0])
            return float(loss)

        return step, compile_ms

    return jax.__version__, {"JAX": prepare}


def torch_engine():
    import torch

    torch.set_num_threads(THREADS)

    def trained(task, weights, logits_of, y):
        def step():
            loss = torch.nn.functional.cross_entropy(logits_of().reshape(-1, task["vocabulary"]), y)
            for w, g in zip(weights, torch.autograd.grad(loss, weights)):
                w.data.add_(g, alpha=-task["rate"])
            return loss.item()

        return step

    def leaf(w):
        return torch.from_numpy(np.ascontiguousarray(w)).requires_grad_()

    def ids_of(x, y):
        return torch.from_numpy(x).long(), torch.from_numpy(y).long().reshape(-1)

    def ready_made(task):
        w, x, y = arrays(task)
        x, y = ids_of(x, y)
        kind = torch.nn.RNN if task["model"] == "rnn" else torch.nn.LSTM
        # it takes vectors, so characters are one-hot rows, and the table is the input's weights
        net = kind(task["vocabulary"], task["hidden"])
        with torch.no_grad():
            net.weight_ih_l0.copy_(torch.from_numpy(w["U"].T.copy()))
            net.weight_hh_l0.copy_(torch.from_numpy(w["W"].T.copy()))
            net.bias_ih_l0.copy_(torch.from_numpy(w["b"]))
            net.bias_hh_l0.zero_()
        net.bias_hh_l0.requires_grad_(False)
        V, c = leaf(w["V"]), leaf(w["c"])
        one_hot = torch.nn.functional.one_hot(x, task["vocabulary"]).float()
        weights = [net.weight_ih_l0, net.weight_hh_l0, net.bias_ih_l0, V, c]
        return trained(task, weights, lambda: net(one_hot)[0] @ V + c, y), None

    def by_hand(task):
        w, x, y = arrays(task)
        x, y = ids_of(x, y)
        U, W, b, V, c = weights = [leaf(w[name]) for name in ("U", "W", "b", "V", "c")]

        def logits():
            h = s = torch.zeros(task["batch"], task["hidden"])
            outputs = []
            for x_t in (torch.nn.functional.embedding(x, U) + b).unbind(0):
                gates = torch.addmm(x_t, h, W)
                if task["model"] == "rnn":
                    h = torch.tanh(gates)
                else:
                    i, f, g, o = gates.chunk(4, dim=1)
                    s = torch.sigmoid(f) * s + torch.sigmoid(i) * torch.tanh(g)
                    h = torch.sigmoid(o) * torch.tanh(s)
                outputs.append(h)
            return torch.stack(outputs) @ V + c

        return trained(task, weights, logits, y), None

    return torch.__version__, {"PyTorch nn": ready_made, "PyTorch cell": by_hand}


def run(step, ms, least, most):
    times, losses = [], []
    begin = before = time.perf_counter()
    while len(times) < least or (len(times) < most and (before - begin) * 1000 < ms):
        losses.append(step())
        now = time.perf_counter()
        times.append((now - before) * 1000)
        before = now
    return {"ms": times, "losses": losses}


def main():
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what libraries print is not an answer

    def say(answer):
        out.write(json.dumps(answer) + "\n")
        out.flush()

    prepare, engines, missing = {}, [], {}
    for name, load in (("JAX", jax_engine), ("PyTorch", torch_engine)):
        try:
            version, found = load()
        except ImportError as problem:
            missing[name] = str(problem)
            continue
        prepare.update(found)
        engines += [{"name": engine, "version": version} for engine in found]
    say({"engines": engines, "missing": missing, "threads": THREADS})

    sessions = {}
    for line in sys.stdin:
        asked = json.loads(line)
        try:
            if asked["do"] == "prepare":
                step, compile_ms = prepare[asked["engine"]](asked["task"])
                sessions[asked["engine"]] = step
                say({"compileMs": compile_ms})
            elif asked["do"] == "run":
                say(run(sessions[asked["engine"]], asked["ms"], asked["least"], asked["most"]))
            else:
                sessions.pop(asked["engine"], None)
                say({})
        except Exception as problem:  # an engine that fails is left out; the others go on
            say({"error": f"{type(problem).__name__}: {problem}"})


main()
