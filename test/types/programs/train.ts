// Training: what metrics give is typed by their names.
import { adam, bagOfWords, bestParameters, cosineDecay, fit, load, metrics, momentum, predict, save, scalar, score, sequences, sgd, type Metric, type Source } from "clew";
import * as fp from "clew/fp";

const model = bagOfWords({ words: 4 });
declare const data: Source;
const asked = { accuracy: metrics.accuracy(), confusion: metrics.confusion() };
const found = score(model, {}, data, { metrics: asked }).metrics;
const share: number = found.accuracy;
const table: readonly (readonly number[])[] = found.confusion.counts;
found.perplexity; // ERR: Property 'perplexity' does not exist
for await (const event of fit(model, data, { optimiser: adam(1e-3), epochs: 1, validation: data, metrics: asked, watch: "accuracy" })) {
  if (event.kind === "step") event.best; // ERR: Property 'best' does not exist on type 'StepEvent'
  if (event.kind !== "epoch") continue;
  const own: number | undefined = event.validation?.metrics.accuracy;
  event.validation?.metrics.f1; // ERR: Property 'f1' does not exist
}
for await (const event of fit(model, data, { optimiser: sgd(1), epochs: 1 })) if (event.kind === "epoch") predict(model, event.best.parameters(), [[2]]);
fit(model, data, { optimiser: sgd(1), epochs: 1, metrics: asked, watch: "f1" }); // ERR: "f1"
fit(model, data, { optimiser: sgd(1), epochs: 1, earlyStopping: {} }); // ERR: Property 'patience' is missing
const own: Metric<string> = { of: ({ loss }) => ({ loss }), read: ({ loss }) => loss!.join() };
const text: string = score(model, {}, data, { metrics: { own } }).metrics.own;

// a rate is a number or a function of the step; files hold values that may be fed
momentum(cosineDecay(1e-2, { steps: 10 }), { nesterov: true });
sgd((step) => step);
sgd(() => 1); // ERR: Type 'number' is not assignable
sgd("fast"); // ERR: Argument of type 'string'
cosineDecay(1e-2, {}); // ERR: Property 'steps' is missing
fit(model, data, { optimiser: sgd(1), epochs: 1, from: (await load("run")).values });
predict(model, bestParameters((await load("run")).values), [[2]]);
save("run", { W: { shape: [1], data: [1] } }); // ERR: Type 'number[]' is not assignable
sequences([{ steps: { x: [[1, 0], [0, 1]], labels: [0, 1] }, once: { label: 1 } }], { size: 2 });
const either = await fp.load("run")();
either._tag === "Right" && either.right.values;
scalar(1);
