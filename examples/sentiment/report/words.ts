// What the report says in words. Every claim is read off the figures of the run, so that a run that turned out otherwise reads otherwise.

import { words } from "clew";
import { looked } from "../learn.ts";
import type { Question, Results } from "../results.ts";
import { counted, duration, grouped, type Html, html, list, percent, quoted, signed } from "./html.ts";

/** Standard error of a share of n: how far chance alone moves it. */
export const chance = (share: number, n: number): number => Math.sqrt((share * (1 - share)) / Math.max(1, n));

export const points = (difference: number): string => counted(Number((100 * Math.abs(difference)).toFixed(1)), "point");

/** Whether two shares of n sentences differ by more than chance does (twice the standard error of a difference). */
export function differ(a: number, b: number, n: number): boolean {
  return Math.abs(a - b) > 2 * Math.hypot(chance(a, n), chance(b, n));
}

export function title({ data }: Results): string {
  return data.kind === "phrases" ? "An RNN learns that “not good” is bad" : `An RNN and a bag of words read ${data.name}`;
}

// -- the finding -----------------------------------------------------------------------------------------------------------------------

export function finding(results: Results): Html {
  const { data, rnn, bagOfWords } = results;
  const [net, bag] = [rnn.heldOutAccuracy, bagOfWords.heldOutAccuracy];
  const shares = html`the RNN reads <b>${percent(net)}</b> rightly and a bag of words <b>${percent(bag)}</b>`;
  if (data.kind === "phrases") {
    const asked = html`Of ${counted(data.heldOut, "negation")} that no training phrase held, ${shares}.`;
    if (net >= 0.9 && net - bag > 0.3)
      return html`${asked} What “not” does depends on the word after it: a recurrent net can learn that, a sum of word scores cannot.`;
    if (net > bag && differ(net, bag, data.heldOut)) return html`${asked} The net found the rule in part only.`;
    return html`${asked} In this run the net did not find the rule.`;
  }
  const held = html`Of ${counted(data.heldOut, "sentence")} that were held out, ${shares}.`;
  if (!differ(net, bag, data.heldOut)) return html`${held} That is ${points(net - bag)} apart: no more than chance would do.`;
  return bag > net
    ? html`${held} Bag of words wins, by ${points(net - bag)}: which words a sentence has says most of it here, and a small net has to learn even that from few sentences.`
    : html`${held} The RNN wins, by ${points(net - bag)}: here the order of words says what the words alone do not.`;
}

/** The control: what is left when the order of words is gone. */
export function aboutOrder({ data, rnn, bagOfWords }: Results): Html {
  const lost = rnn.heldOutAccuracy - rnn.shuffledAccuracy;
  const same = Math.abs(bagOfWords.heldOutAccuracy - bagOfWords.shuffledAccuracy) < 1e-12;
  const control = html`The last line is a control: the same sentences with their words in a random order${same ? ", which a sum cannot notice" : ""}.`;
  if (!differ(rnn.heldOutAccuracy, rnn.shuffledAccuracy, data.heldOut))
    return html`${control} The RNN does not get worse by more than chance (${percent(rnn.shuffledAccuracy)}): little of what it knows lies in the order.`;
  if (lost < 0) return html`${control} The RNN gets better by ${points(lost)}: the order misled it.`;
  return html`${control} The RNN falls by ${points(lost)}, to ${percent(rnn.shuffledAccuracy)}: ${lost > 0.25 ? "it is the order that it uses" : "a part of what it knows lies in the order"}.`;
}

// -- why a sum of scores cannot --------------------------------------------------------------------------------------------------------

/** What one question asks of one word's score, all other scores as they are. */
export interface ScoreDemand {
  readonly word: string;
  /** Where the score must lie: below the bound, or above it. */
  readonly below: boolean;
  readonly bound: number;
  /** For the chart. */
  readonly text: string;
  readonly plain: Question;
  readonly turned: Question;
}

/** The one word by which `longer` is longer. */
function addedWord(shorter: string, longer: string): string | undefined {
  const [a, b] = [words(shorter), words(longer)];
  if (b.length !== a.length + 1) return undefined;
  const at = b.findIndex((word, i) => word !== a[i]);
  return [...b.slice(0, at), ...b.slice(at + 1)].join(" ") === a.join(" ") ? b[at] : undefined;
}

/**
 * Pairs of questions that differ by one word and whose right answers are opposite. The sum of the shorter one's scores is the log odds of its
 * probability, s; the longer one's is s + score(word), and has to have the other sign.
 */
export function scoreDemands({ questions, data }: Results): readonly ScoreDemand[] {
  return questions.flatMap((plain) =>
    questions.flatMap((turned) => {
      const word = addedWord(plain.text, turned.text);
      if (word === undefined || plain.expected === undefined || turned.expected === undefined || plain.expected === turned.expected)
        return [];
      const odds = Math.log(plain.bagOfWords.positive / (1 - plain.bagOfWords.positive));
      const below = turned.expected === data.labels[0];
      return [{ word, below, bound: -odds, text: `${quoted(words(turned.text).slice(-2).join(" "))} needs this`, plain, turned }];
    }),
  );
}

/** A word of which one question demands a score below zero and another one above. */
export function contradiction(results: Results): readonly [below: ScoreDemand, above: ScoreDemand] | undefined {
  const demands = scoreDemands(results);
  for (const below of demands)
    for (const above of demands) if (below.below && !above.below && below.word === above.word) return [below, above];
  return undefined;
}

/** With the scores as they were learned: where that word's score would have to be, and where it is. */
export function boundsInWords([below, above]: readonly [ScoreDemand, ScoreDemand], results: Results): Html | undefined {
  const learned = results.wordScores.find((s) => s.word === below.word);
  if (learned === undefined || below.bound >= above.bound) return undefined;
  return html`With the other scores as they were learned, score(${below.word}) would have to be below ${signed(below.bound, 2)} and above
    ${signed(above.bound, 2)}. It is ${signed(learned.score, 2)}.`;
}

// -- limits ----------------------------------------------------------------------------------------------------------------------------

export function limits(results: Results): readonly Html[] {
  const { data, rnn, bagOfWords, recipe, seed, questions } = results;
  const never = [...new Set(questions.flatMap((q) => [...q.neverSeen, ...q.tooRare]))];
  const spread = Math.max(chance(rnn.heldOutAccuracy, data.heldOut), chance(bagOfWords.heldOutAccuracy, data.heldOut));
  const seen =
    never.length === 0
      ? undefined
      : html`<b>Unknown words.</b> ${list(never.map(quoted))} ${never.length === 1 ? "has" : "have"} no vector of ${never.length === 1 ? "its" : "their"} own: to both models ${never.length === 1 ? "it is" : "they are"} the unknown word.`;
  const oneRun = html`<b>One run.</b> These are the figures of seed ${seed}. Another start and another order of the data give others.`;
  const net = html`<b>A small net.</b> A state of ${recipe.hidden} numbers, word vectors of ${recipe.vector}, ${counted(data.words, "word")}, ${counted(recipe.epochs, "epoch")}. It shows how such a net learns, and not what larger ones can do.`;
  const proof = html`<b>The proof is of the derivative.</b> The gradient check says that the derivative is right, at the trained numbers and for the data it was given. It says nothing about whether training found the best numbers.`;
  const parts =
    data.kind === "phrases"
      ? [
          html`<b>Phrases, not language.</b> A small grammar wrote the ${counted(data.training, "training phrase")} and the ${counted(data.heldOut, "held-out one")}: an opening, perhaps “not”, one adjective, perhaps a closing. Turns like “not half bad” or “could hardly be worse” are not among them.`,
          html`<b>One rule.</b> What is tested is “not” before an adjective that was never negated in training (${counted(data.neverNegated.length, "adjective")}: ${list(data.neverNegated.slice(0, 4))}${data.neverNegated.length > 4 ? " …" : ""}). Irony, “hardly”, two negations: not tested.`,
        ]
      : [
          html`<b>One split.</b> Every fifth row of ${data.name} is held out, ${counted(data.heldOut, "sentence")} in all: chance alone moves a share of so many by about ±${points(spread)} (a standard error).`,
          html`<b>Rare words.</b> A word that training showed fewer than ${counted(recipe.minimum, "time")} has no vector of its own.`,
          html`<b>Nothing was tuned for this file.</b> Both models have one fixed recipe; a better one may exist for each.`,
        ];
  return [...parts, net, oneRun, ...(seen === undefined ? [] : [seen]), proof];
}

export function howTrained({ recipe, rnn, bagOfWords, lossFloor, data }: Results): Html {
  const floor =
    lossFloor !== undefined
      ? html` The RNN is asked after every word, also before the opinion has come, when no answer is better than even odds: no model’s loss on these data can get below ${lossFloor.toFixed(3)} (the entropy of the label given the words so far), and it is not on one scale with the other.`
      : undefined;
  const some =
    data.heldOut > looked
      ? html` After each epoch the first ${grouped(looked)} held-out sentences are read; the table above counts all.`
      : undefined;
  return html`Both models see the same sentences in the same order, ${counted(recipe.epochs, "epoch")} of them: the RNN has ${counted(rnn.numbers, "number")} to learn and took ${duration(rnn.seconds)}, bag of words ${counted(bagOfWords.numbers, "number")} and ${duration(bagOfWords.seconds)}.${floor}${some}`;
}
