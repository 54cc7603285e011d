// jax-js on its WebAssembly backend: the training step as one jitted function. It has no scan: the steps are written out.
// An array is given away with every use; `.ref` keeps it.

export async function engine(load, timed, version) {
  const { init, defaultDevice, jit, nn, numpy: np, tree, valueAndGrad } = await load("@jax-js/jax");
  const devices = await init("wasm");
  if (!devices.includes("wasm")) throw new Error("its WebAssembly backend does not start");
  defaultDevice("wasm");

  const prepare = async (task) => {
    const { model, hidden: H, steps: T, batch: B, vocabulary: K, gates: G } = task;
    const array = (data, shape) => np.array(data.slice()).reshape(shape);
    let parameters = {
      U: array(task.U, [K, G * H]),
      W: array(task.W, [H, G * H]),
      b: array(task.b, [G * H]),
      V: array(task.V, [H, K]),
      c: array(task.c, [K]),
    };
    const x = np.array(task.x.slice());
    const y = np.array(task.y.slice());
    const lossOf = ({ U, W, b, V, c }, ids, labels) => {
      const projected = np
        .matmul(nn.oneHot(ids, K), U)
        .add(b)
        .reshape([T, B, G * H]);
      let h = np.zeros([B, H]);
      let s = np.zeros([B, H]);
      const outputs = [];
      for (let t = 0; t < T; t++) {
        const sum = projected.ref.slice(t).add(np.matmul(h, W.ref));
        if (model === "rnn") {
          h = np.tanh(sum);
        } else {
          const gate = (n, last = false) => (last ? sum : sum.ref).slice([], [n * H, (n + 1) * H]);
          const i = nn.sigmoid(gate(0));
          const f = nn.sigmoid(gate(1));
          const g = np.tanh(gate(2));
          const o = nn.sigmoid(gate(3, true));
          s = f.mul(s).add(i.mul(g));
          h = o.mul(np.tanh(s.ref));
        }
        outputs.push(h.ref);
      }
      for (const used of [projected, W, h, s]) used.dispose();
      const logits = np.matmul(np.concatenate(outputs, 0), V).add(c);
      return np.mean(np.sum(nn.logSoftmax(logits, -1).mul(nn.oneHot(labels, K)), -1)).mul(-1);
    };
    const gradient = valueAndGrad(lossOf);
    const update = jit((before, ids, labels) => {
      const [loss, gradients] = gradient(tree.ref(before), ids, labels);
      const after = tree.map((w, g) => w.sub(g.mul(task.rate)), before, gradients);
      return [loss, after];
    });
    const step = () => {
      const [loss, after] = update(parameters, x.ref, y.ref);
      parameters = after;
      const value = loss.dataSync()[0];
      return value;
    };
    return {
      compileMs: null,
      run: async (ms, least, most) => timed(step, ms, least, most),
      close: async () => {
        tree.dispose(parameters);
        x.dispose();
        y.dispose();
        update.dispose?.();
      },
    };
  };
  return { name: "jax-js", version, threads: 1, prepare, end: () => undefined };
}
