// What the run says while it runs: one line a step of the story, a bar while it trains (plain lines where no terminal listens).

import type { FitEvent, GradientReport } from "clew";
import { SingleBar } from "cli-progress";
import type { Answer, Learned, Question, Results } from "./results.ts";
import { hundredths } from "./shares.ts";

const width = 76;
export const percent = (share: number): string =>
  `${(100 * share).toFixed(share > 0 && share < 1 && (share < 0.01 || share > 0.99) ? 1 : 0)} %`;
const precise = (share: number): string => `${(100 * share).toFixed(1)} %`;
const grouped = (n: number): string => n.toLocaleString("en-US");
const loss = (value: number): string => value.toFixed(3);

export interface Terminal {
  readonly line: (text: string) => void;
  /** Draws training as it goes on; the last line stays. */
  readonly training: (title: string, epochs: number) => TrainingView;
}

export interface TrainingView {
  readonly listen: (event: FitEvent) => void;
  /** Something else that takes its time. */
  readonly going: (what: string) => void;
  /** @param floor below which the loss cannot get */
  readonly done: (learned: Learned, floor: number | undefined) => void;
  /** Without a last line. */
  readonly leave: () => void;
}

/** Where no terminal listens, a line comes at least so often, in milliseconds, as far as nothing takes longer in one piece. */
const often = 3000;

/** Where lines go: a terminal, a file, a test. */
export interface Out {
  readonly write: (text: string) => unknown;
  readonly isTTY?: boolean;
}

export function terminal(out: Out): Terminal {
  const line = (text: string): void => {
    out.write(`${text}\n`);
  };
  const training: Terminal["training"] = (title, epochs) => {
    let first: number | undefined;
    let shown = Date.now();
    const bar = out.isTTY
      ? new SingleBar({
          format: `${title}  {bar} {value}/{total}   {note}`,
          barsize: 20,
          barCompleteChar: "█",
          barIncompleteChar: "░",
          hideCursor: true,
          clearOnComplete: true,
          stream: out as unknown as NodeJS.WriteStream,
        })
      : undefined;
    bar?.start(epochs, 0, { note: "" });
    return {
      listen: (event) => {
        first ??= event.loss;
        const left = event.secondsLeft > 120 ? `${Math.ceil(event.secondsLeft / 60)} min left` : `${Math.ceil(event.secondsLeft)} s left`;
        const note = `loss ${loss(first)} → ${loss(event.loss)}   ${left}`;
        if (event.kind === "step") {
          // a bar that is drawn at every step would cost more than the step
          if (Date.now() - shown < (bar === undefined ? often : 100)) return;
          shown = Date.now();
          bar?.update(event.epoch, { note });
          const done = Math.floor((100 * event.epochs * event.step) / event.steps) % 100;
          if (bar === undefined) line(`${title}  epoch ${event.epoch + 1}/${epochs}, ${done} %   loss ${loss(event.loss)}   ${left}`);
        } else {
          bar?.update(event.epoch + 1, { note });
          if (bar !== undefined || Date.now() - shown < often / 3 || event.epoch + 1 >= epochs) return;
          shown = Date.now();
          line(`${title}  epoch ${event.epoch + 1}/${epochs}   loss ${loss(event.loss)}   ${left}`);
        }
      },
      going: (what) => {
        if (Date.now() - shown < (bar === undefined ? often : 100)) return;
        shown = Date.now();
        if (bar === undefined) line(`${title}  ${what}`);
        else bar.update(epochs, { note: what });
      },
      leave: () => bar?.stop(),
      done: ({ curve, seconds }, floor) => {
        bar?.stop();
        const [start, end] = [curve[0]!, curve.at(-1)!];
        const learned = `loss ${loss(start.loss)} → ${loss(end.loss)}   right ${percent(start.accuracy)} → ${percent(end.accuracy)}`;
        line(`${title}  ${"█".repeat(20)} ${epochs}/${epochs}   ${learned}   ${seconds.toFixed(0)} s`);
        if (floor !== undefined) line(`   asked at every word, also before the opinion has come: no model can get below ${loss(floor)}`);
      },
    };
  };
  return { line, training };
}

export function header({
  seed,
  data,
  recipe,
  rnn,
}: Pick<Results, "seed" | "data" | "recipe"> & { readonly rnn: number }): readonly string[] {
  const title =
    data.kind === "phrases" ? 'clew · an RNN learns that "not good" is bad' : `clew · an RNN and a bag of words read ${data.name}`;
  const formula = `h_t = tanh(x_t·U + h_{t-1}·W${recipe.bias ? " + b" : ""})`;
  const held =
    data.kind === "phrases"
      ? `${data.neverNegated.length} adjectives are never negated in them`
      : `${grouped(data.heldOut)} held out, ${grouped(data.negated)} of them with a negation`;
  return [
    `${title.padEnd(width)}(seed ${seed})`,
    `model  ${formula.padEnd(34)}${grouped(rnn)} numbers, one W for all time steps`,
    `data   ${data.kind === "phrases" ? "built-in phrases: " : ""}${grouped(data.training)} to train on; ${held}`,
    "",
  ];
}

export function proved({ verdict, maxRelativeError, worst, reasons = [] }: GradientReport): readonly string[] {
  const text = `2 prove  derived against numeric gradient: worst ${maxRelativeError.toExponential(1)}${worst === undefined ? "" : ` at ${worst.place}`}`;
  return [`${text.padEnd(width)} ${verdict.toUpperCase()}`, ...reasons.map((reason) => `   ${reason}`)];
}

/** Words that the models cannot know, in a phrase each. */
export function unknownWords({ neverSeen, tooRare }: Pick<Question, "neverSeen" | "tooRare">): readonly string[] {
  const told = (of: readonly string[], what: string): readonly string[] =>
    of.length === 0 ? [] : [`${of.length === 1 ? "word" : "words"} ${what}: ${of.join(", ")}`];
  return [...told(neverSeen, "never seen"), ...told(tooRare, "too rarely seen")];
}

const column = 18;

function answer({ label, right }: Answer): string {
  return (right === undefined ? label : `${label} ${right ? "✓" : "✗"}`).padEnd(column);
}

function row(name: string, bagOfWords: string, rnn: string): string {
  return `   ${name.padEnd(32)}${bagOfWords.padEnd(column)}${rnn}`.trimEnd();
}

export function table(results: Results): readonly string[] {
  const { data, questions, bagOfWords, rnn } = results;
  const show = data.kind === "phrases" ? percent : precise;
  const shares = (name: string, of: (l: Learned) => number): string =>
    row(name, show(of(bagOfWords)).padStart(6), show(of(rnn)).padStart(6));
  const cut = (text: string): string => (text.length > 31 ? `${text.slice(0, 30)}…` : text);
  const answers = questions.flatMap((q) => [
    row(cut(q.text), answer(q.bagOfWords), answer(q.rnn)),
    ...unknownWords(q).map((told) => `     ${told}`),
  ]);
  const head = [`3 ask  ${" ".repeat(28)}${"bag of words".padEnd(column)}RNN`, ...answers];
  if (data.kind === "phrases")
    return [
      ...head,
      shares(`${grouped(data.heldOut)} negations never seen`, (l) => l.heldOutAccuracy),
      shares("the same, words shuffled", (l) => l.shuffledAccuracy),
      `   why: a sum of word scores needs score("not") below zero and above zero`,
    ];
  return [
    ...head,
    shares(`${grouped(data.heldOut)} sentences held out`, (l) => l.heldOutAccuracy),
    ...(data.negated > 0 ? [shares(`${grouped(data.negated)} of them with a negation`, (l) => l.negatedAccuracy)] : []),
    shares("held out, words shuffled", (l) => l.shuffledAccuracy),
    ...comparison(results),
  ];
}

/** Who wins on a file's sentences, and whether order had a part in it. */
function comparison({ data, bagOfWords, rnn }: Results): readonly string[] {
  const points = (share: number): string => `${Math.abs(100 * share).toFixed(1)} points`;
  const lead = bagOfWords.heldOutAccuracy - rnn.heldOutAccuracy;
  const winner = lead === 0 ? "both are as good here" : `${lead > 0 ? "bag of words" : "the RNN"} wins here, by ${points(lead)}`;
  const byOrder = rnn.heldOutAccuracy - rnn.shuffledAccuracy;
  const order =
    byOrder >= 0.02
      ? `shuffling costs the RNN ${points(byOrder)}: it has learned from the order too`
      : `shuffling costs the RNN next to nothing: from ${grouped(data.training)} sentences it has learned words, hardly their order`;
  return [`   ${winner}`, `   ${order}`];
}

export function look({ gradientPerWord: { words, shares, verdict } }: Results): readonly string[] {
  const share = (s: number): string => `${hundredths(s, s < 0.01 ? 1 : 0)} %`;
  const reached = words.map((word, t) => `${word} ${share(shares[t]!)}`).join(" · ");
  return [`4 look   gradient that reaches: ${reached}`, `   ${verdict}`];
}
