// The story: train two models on the same sentences, prove the gradients of one, ask both, look at how far the gradient reaches.

import { ask, lookedInto, opinionOf, questionsOf, wordScores } from "./ask.ts";
import { lossFloor } from "./floor.ts";
import { bagOf, bagOptimiser, learn, rnnOptimiser } from "./learn.ts";
import { contributed, gradientPerWord } from "./look.ts";
import { rnnOf } from "./model.ts";
import { prove } from "./prove.ts";
import type { Results } from "./results.ts";
import type { Task } from "./task.ts";
import { header, look, proved, type Terminal, table } from "./terminal.ts";

export interface ExperimentOptions {
  readonly seed: number;
  readonly command: string;
  /** Further sentences to be asked. */
  readonly ask: readonly string[];
}

export async function experiment(task: Task, { seed, command, ask: own }: ExperimentOptions, terminal: Terminal): Promise<Results> {
  const started = performance.now();
  const { recipe, summary } = task;
  const model = rnnOf(task);
  const numbers = Object.values(model.parameters).reduce((n, p) => n + p.shape.reduce((size, d) => size * d.size, 1), 0);
  for (const line of header({ seed, data: summary, recipe, rnn: numbers })) terminal.line(line);

  const floor = recipe.loss === "every" ? lossFloor(task.training) : undefined;
  const bar = terminal.training("1 train", recipe.epochs);
  const rnn = { model, learned: await learn(model, task, rnnOptimiser(recipe), seed, bar) };
  bar.done(rnn.learned, floor);
  const bagModel = bagOf(task);
  const bagBar = terminal.training("  bag of words", recipe.epochs);
  const bag = { model: bagModel, learned: await learn(bagModel, task, bagOptimiser, seed, bagBar) };
  bagBar.leave();

  const gradientCheck = prove(task, rnn, seed);
  for (const told of proved(gradientCheck)) terminal.line(told);

  const asked = questionsOf(task, own);
  const questions = ask(task, bag, rnn, asked);
  const { text, label } = lookedInto(task);
  const results: Results = {
    command,
    seed,
    data: summary,
    recipe,
    rnn: rnn.learned,
    lossFloor: floor,
    bagOfWords: bag.learned,
    questions,
    opinions: asked.map((question) => opinionOf(task, rnn, question)),
    wordScores: wordScores(task, bag, ["good", "bad", "not"]),
    gradientCheck,
    gradientPerWord: gradientPerWord(task, rnn, text, label),
    contributions: contributed(task, rnn, text, label),
    vocabulary: task.vocabulary,
    seconds: (performance.now() - started) / 1000,
  };
  for (const line of [...table(results), ...look(results)]) terminal.line(line);
  return { ...results, seconds: (performance.now() - started) / 1000 };
}
