// The model in Clew, and Clew as an engine of the benchmark.

import {
  add,
  compile,
  dim,
  gather,
  grad,
  input,
  matmul,
  mul,
  type Parameter,
  parameter,
  scan,
  sgd,
  sigmoid,
  softmaxCrossEntropy,
  type Tensor,
  tanh,
  unroll,
  updates,
  zeros,
} from "clew";
import about from "../package.json" with { type: "json" };
import { type Engine, type Session, type Task, timed } from "./model.ts";

const gateNames = ["i", "f", "g", "o"] as const;

/** Loss, gradient and update of a task's model. */
export function trained(task: Task, form: "scan" | "unroll" = "scan") {
  const time = dim("time", task.steps);
  const batch = dim("batch", task.batch);
  const word = dim("word", task.vocabulary);
  const hidden = dim("hidden", task.hidden);
  const label = dim("label", task.vocabulary);
  const x = input("x", [time, batch], "int");
  const y = input("y", [time, batch], "int");
  const names = task.gates === 1 ? [""] : gateNames;
  const gates = names.map((gate) => ({
    U: parameter(`U${gate}`, [word, hidden]),
    W: parameter(`W${gate}`, [hidden, hidden]),
    b: parameter(`b${gate}`, [hidden]),
  }));
  const V = parameter("V", [hidden, label]);
  const c = parameter("c", [label]);
  const start = zeros([batch, hidden]);
  type State = typeof start;
  type Ids = Tensor<readonly [typeof batch], "int">;

  const sums = (h: State, id: Ids): readonly State[] => gates.map(({ U, W, b }) => add(add(gather(U, id, word), matmul(h, W)), b));

  const rnn = (h: State, id: Ids) => {
    const h_t = tanh(sums(h, id)[0]!);
    return { state: h_t, output: h_t };
  };
  const lstm = ({ h, s }: { readonly h: State; readonly s: State }, id: Ids) => {
    const [i, f, g, o] = sums(h, id) as [State, State, State, State];
    const s_t = add(mul(sigmoid(f), s), mul(sigmoid(i), tanh(g)));
    const h_t = mul(sigmoid(o), tanh(s_t));
    return { state: { h: h_t, s: s_t }, output: h_t };
  };
  const recur = form === "scan" ? scan : (unroll as typeof scan); // the same of both: outputs
  const { outputs } = task.model === "rnn" ? recur(rnn, { over: x, from: start }) : recur(lstm, { over: x, from: { h: start, s: start } });
  const loss = softmaxCrossEntropy(add(matmul(outputs, V), c), y);

  const parameters: Readonly<Record<string, Tensor>> = Object.fromEntries(
    [...gates.flatMap(({ U, W, b }) => [U, W, b]), V, c].map((p) => [p.parameter, p]),
  );
  const gradients = grad(loss, parameters);
  const update = updates(sgd(task.rate), new Map(Object.entries(parameters).map(([name, p]) => [p as Parameter, gradients[name]!])));
  return { loss, update };
}

/** The columns of one gate. */
function columns(of: Float32Array, gate: number, { gates, hidden }: Task): Float32Array {
  const found = new Float32Array(of.length / gates);
  for (let to = 0, from = gate * hidden; to < found.length; to += hidden, from += gates * hidden)
    found.set(of.subarray(from, from + hidden), to);
  return found;
}

/** As many as its peers outside of JavaScript have. */
const threads = 2;

export const clew: Engine = {
  name: "Clew",
  version: about.version,
  threads,
  prepare: async (task): Promise<Session> => {
    const { loss, update } = trained(task);
    const from = performance.now();
    const program = compile({ loss }, { update, seed: 1, threads });
    const compileMs = performance.now() - from;
    const { V, c, x, y } = task;
    const names = task.gates === 1 ? [""] : gateNames;
    const perGate = names.flatMap((gate, i) =>
      (["U", "W", "b"] as const).map((of) => [`${of}${gate}`, columns(task[of], i, task)] as const),
    );
    program.set({ ...Object.fromEntries(perGate), V, c });
    const feeds = { x, y };
    const step = (): number => program.run(feeds).loss.data[0]!;
    return {
      compileMs,
      run: async (ms, least, most) => timed(step, ms, least, most),
      close: async () => undefined,
    };
  },
  end: () => undefined,
};
