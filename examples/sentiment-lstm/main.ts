// An LSTM and the RNN of ../sentiment learn from the same phrases, in the same order and by the same recipe; then one looks at what the LSTM keeps.

import { dim, type FitEvent, grad, graph, type Model, words } from "clew";
import type { Outcome, Settings } from "../harness/example.ts";
import { learn, rnnOptimiser } from "../sentiment/learn.ts";
import { rnnOf } from "../sentiment/model.ts";
import { prove } from "../sentiment/prove.ts";
import type { Learned } from "../sentiment/results.ts";
import { phraseTask } from "../sentiment/task.ts";
import { keptChart } from "./chart.ts";
import { readingOf } from "./look.ts";
import { phraseLstm } from "./model.ts";

/** None of them is in the training data: there neither adjective is ever negated. */
const asked: readonly string[] = ["This movie is not good", "This movie is not bad"];

export default async function sentimentLstm({ seed, small, say }: Settings): Promise<Outcome> {
  const phrases = phraseTask(seed);
  const task = small ? { ...phrases, recipe: { ...phrases.recipe, epochs: 12 } } : phrases;
  const every = task.recipe.epochs / 6;
  const listen = (event: FitEvent): void => {
    if (event.kind !== "epoch" || (event.epoch + 1) % every !== 0) return;
    say(`epoch ${event.epoch + 1}: loss ${event.loss.toFixed(4)}, held out ${(100 * event.validation!.metric!).toFixed(1)} % right`);
  };
  const learnedBy = (model: Model): Promise<Learned> => learn(model, task, rnnOptimiser(task.recipe), seed, { listen, going: () => {} });
  say("an LSTM");
  const model = phraseLstm(task.vocabulary.size);
  const learned = await learnedBy(model);
  say("a plain RNN");
  const rnn = await learnedBy(rnnOf(task));

  const read = asked.map((text) => ({ words: words(text), reading: readingOf([...task.vocabulary.encode(text)], learned.parameters) }));
  const { loss } = model.build({ time: dim("time", 5), batch: dim("batch", 1) });
  const drawn = graph({ loss, gradient: grad(loss, model.parameters) });
  return {
    metrics: {
      accuracy: learned.heldOutAccuracy,
      negatedAccuracy: learned.negatedAccuracy,
      shuffledAccuracy: learned.shuffledAccuracy,
      rightFromEpoch: rightFrom(learned),
      numbers: learned.numbers,
      accuracyOfRnn: rnn.heldOutAccuracy,
      shuffledAccuracyOfRnn: rnn.shuffledAccuracy,
      rightFromEpochOfRnn: rightFrom(rnn),
      numbersOfRnn: rnn.numbers,
    },
    gradientCheck: prove(task, { model, learned }, seed, 64),
    pictures: { folded: { graph: drawn, view: "folded" }, unrolled: { graph: drawn, view: "unrolled" }, kept: { chart: keptChart(read) } },
  };
}

/** The epoch from which on every held-out phrase is read rightly; undefined when there is none. */
function rightFrom({ curve }: Learned): number | undefined {
  const wrong = curve.filter((epoch) => epoch.heldOutAccuracy < 1).at(-1)?.epoch ?? 0;
  return wrong === curve.length ? undefined : wrong + 1;
}
