// An LSTM over a long sequence, differentiated in less and less memory: what is kept, what is computed again, and what it costs.
//
//   npx tsx bench/checkpoint.ts

import { type Checkpoint, compile, dim, grad, input, lstm, matmul, parameter, scan, softmaxCrossEntropy } from "clew";

const [time, batch, vector, hidden, label] = [dim("time", 10_000), dim("batch", 4), dim("vector", 16), dim("hidden", 32), dim("label", 4)];
const cell = lstm("lstm", vector, hidden);
const V = parameter("V", [hidden, label]);
const x = input("x", [time, batch, vector]);
const y = input("y", [batch], "int");
const feeds = {
  x: Float64Array.from({ length: time.size * batch.size * vector.size }, (_, i) => Math.sin(0.37 * i)),
  y: Int32Array.of(0, 1, 2, 3),
};

function program(checkpoint: Checkpoint) {
  const { final } = scan(cell, { over: x, from: cell.zeroState(batch), checkpoint });
  const loss = softmaxCrossEntropy(matmul(cell.h(final), V), y);
  return compile({ loss, gradient: grad(loss, { ...cell.parameters, V }) }, { seed: 1 });
}

const choices: readonly Checkpoint[] = ["none", "sqrt", ...[4e6, 1e6, 5e5, 2e5].map((memory) => ({ memory }))];
const programs = choices.map((checkpoint) => ({ checkpoint, made: program(checkpoint), best: Number.POSITIVE_INFINITY }));
// they take turns: a machine is fast at one time and slow at another
for (let round = 0; round < 3; round++) {
  for (const p of programs) {
    const from = performance.now();
    p.made.run(feeds);
    p.best = Math.min(p.best, performance.now() - from);
  }
}
for (const { checkpoint, made, best } of programs) {
  const [kept = "all is kept", arena = ""] = [/^keep +(.*\n.*)$/m, /^plan +(.*?) in one arena/m].map(
    (line) => line.exec(made.explain())?.[1],
  );
  process.stdout.write(
    `${JSON.stringify(checkpoint).padEnd(20)}${arena.padEnd(10)}${best.toFixed(0).padStart(6)} ms   ${kept.replace(/\s*\n\s*/, ", ")}\n`,
  );
}
