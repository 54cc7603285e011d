// TensorFlow.js on its WebAssembly backend, op by op. The backend has no gradient of a row lookup: rows are taken by a product with one-hot rows.

export async function engine(load, timed) {
  const tf = await load("@tensorflow/tfjs-core");
  await load("@tensorflow/tfjs-core/dist/register_all_gradients.js"); // the package as Node loads it has none
  const wasm = await load("@tensorflow/tfjs-backend-wasm");
  await tf.setBackend("wasm");
  await tf.ready();
  if (tf.getBackend() !== "wasm") throw new Error("its WebAssembly backend does not start");

  const prepare = async (task) => {
    const { model, hidden: H, steps: T, batch: B, vocabulary: K, gates: G } = task;
    const variables = [
      tf.variable(tf.tensor2d(task.U, [K, G * H])),
      tf.variable(tf.tensor2d(task.W, [H, G * H])),
      tf.variable(tf.tensor1d(task.b)),
      tf.variable(tf.tensor2d(task.V, [H, K])),
      tf.variable(tf.tensor1d(task.c)),
    ];
    const x = tf.tensor1d(task.x, "int32");
    const y = tf.tensor1d(task.y, "int32");
    const lossOf = (U, W, b, V, c) => {
      const projected = tf.add(tf.matMul(tf.cast(tf.oneHot(x, K), "float32"), U), b);
      const over = T === 1 ? [projected] : tf.split(projected, T, 0);
      let h = tf.zeros([B, H]);
      let s = tf.zeros([B, H]);
      const outputs = over.map((x_t) => {
        const sum = tf.add(x_t, tf.matMul(h, W));
        if (model === "rnn") {
          h = tf.tanh(sum);
        } else {
          const [i, f, g, o] = tf.split(sum, 4, 1);
          s = tf.add(tf.mul(tf.sigmoid(f), s), tf.mul(tf.sigmoid(i), tf.tanh(g)));
          h = tf.mul(tf.sigmoid(o), tf.tanh(s));
        }
        return h;
      });
      const logits = tf.add(tf.matMul(tf.concat(outputs, 0), V), c);
      return tf.losses.softmaxCrossEntropy(tf.oneHot(y, K), logits);
    };
    const gradients = tf.valueAndGrads(lossOf);
    const step = () =>
      tf.tidy(() => {
        const { value, grads } = gradients(variables);
        for (const [i, w] of variables.entries()) w.assign(tf.sub(w, tf.mul(grads[i], task.rate)));
        return value.dataSync()[0];
      });
    return {
      compileMs: null,
      run: async (ms, least, most) => timed(step, ms, least, most),
      close: async () => tf.dispose([...variables, x, y]),
    };
  };
  let threads = 1;
  try {
    threads = Math.max(1, wasm.getThreadsCount());
  } catch {
    // it knows only where it runs threads
  }
  return { name: "tfjs-wasm", version: tf.version_core, threads, prepare, end: () => undefined };
}
