// Questions to the trained models: a table of answers, and the opinion after each word.

import {
  type BagOfWords,
  type Diagnostic,
  dim,
  evaluate,
  inference,
  type LabelledSentence,
  type Model,
  predict,
  type SentenceRnn,
  words,
} from "clew";
import type { Answer, Learned, Opinion, Question, WordScore } from "./results.ts";
import type { Task } from "./task.ts";

/** What everybody asks first. Two of the four are news to every model: "good" and "bad" are never negated in the phrases. */
export const fourSentences: readonly { readonly text: string; readonly positive: boolean }[] = [
  { text: "This movie is good", positive: true },
  { text: "This movie is bad", positive: false },
  { text: "This movie is not good", positive: false },
  { text: "This movie is not bad", positive: true },
];

export interface Trained<M extends Model> {
  readonly model: M;
  readonly learned: Learned;
}

export interface Asked {
  readonly text: string;
  readonly expected: string | undefined;
}

/** The four sentences, with what is right where the data's labels say it and its sentences have shown the words, and the user's own. */
export function questionsOf({ opinions, vocabulary }: Task, own: readonly string[]): readonly Asked[] {
  const four = fourSentences.map(({ text, positive }) => ({
    text,
    expected: opinions === undefined || vocabulary.unknown(text).length > 0 ? undefined : positive ? opinions.positive : opinions.negative,
  }));
  return [...four, ...own.map((text) => ({ text, expected: undefined }))];
}

/** The sentence that is looked into: "not good", or, where the data have not shown its words, a short held-out one whose words they have. */
export function lookedInto({ vocabulary, heldOut, heldOutTexts }: Task): { readonly text: string; readonly label: number } {
  const usual = { text: fourSentences[2]!.text, label: 0 };
  const known = (text: string): boolean => vocabulary.unknown(text).length === 0;
  const short = (text: string): boolean => words(text).length > 1 && words(text).length <= 12;
  const i = known(usual.text) ? -1 : heldOutTexts.findIndex((text) => short(text) && known(text));
  return i < 0 ? usual : { text: heldOutTexts[i]!, label: heldOut[i]!.label };
}

/**
 * The user's own sentences that no answer is possible to: without a word, or with words that training never showed, unless rare words were
 * trained as one (`recipe.minimum` above 1).
 */
export function cannotBeAsked({ vocabulary, recipe }: Task, own: readonly string[]): readonly Diagnostic[] {
  const wrong = (message: string, hint: string): Diagnostic => ({ code: "BadArgument", severity: "error", op: "ask", message, hint });
  return own.flatMap((text) => {
    const [all, unknown] = [new Set(words(text)).size, vocabulary.unknown(text)];
    if (all === 0) return [wrong(`there is no word in "${text}"`, "ask a sentence of words")];
    if (unknown.length === 0 || (unknown.length < all && recipe.minimum > 1)) return [];
    const what = unknown.length === 1 ? "a word that was" : "words that were";
    return [wrong(`"${text}" has ${what} never seen in training: ${unknown.join(", ")}`, "use words of the training data")];
  });
}

export function ask(task: Task, bag: Trained<BagOfWords>, rnn: Trained<SentenceRnn>, asked: readonly Asked[]): readonly Question[] {
  const encoded = asked.map(({ text }) => task.vocabulary.encode(text));
  const answers = ({ model, learned }: Trained<Model>): readonly Answer[] =>
    predict(model, learned.parameters, encoded).map((row, i) => {
      const positive = row[1]!;
      const label = task.summary.labels[positive > 0.5 ? 1 : 0];
      const { expected } = asked[i]!;
      return { label, positive, right: expected === undefined ? undefined : label === expected };
    });
  const [byBag, byRnn] = [answers(bag), answers(rnn)];
  return asked.map(({ text, expected }, i) => ({
    text,
    expected,
    neverSeen: task.vocabulary.unknown(text).filter((word) => !task.seen.has(word)),
    tooRare: task.vocabulary.unknown(text).filter((word) => task.seen.has(word)),
    bagOfWords: byBag[i]!,
    rnn: byRnn[i]!,
  }));
}

/** The RNN's probability of the second label after each word of a sentence. */
export function opinionOf(task: Task, { model, learned }: Trained<SentenceRnn>, { text, expected }: Asked): Opinion {
  const ids = task.vocabulary.encode(text);
  const { opinions } = inference({ opinions: model.build({ time: dim("time", ids.length), batch: dim("batch", 1) }).opinions });
  const { data } = evaluate(opinions, { ...feedsFor(ids), ...parametersIn(learned, model) });
  return { text, expected, words: words(text), positive: Array.from(ids, (_, t) => data[2 * t + 1]!) };
}

/** One sentence as feeds of a graph built for it; the label where a loss is wanted. */
export function feedsFor(ids: LabelledSentence["ids"]): { readonly ids: Int32Array; readonly lengths: Int32Array } {
  return { ids: Int32Array.from(ids), lengths: Int32Array.of(ids.length) };
}

/** The trained values of what a prediction needs. */
export function parametersIn(learned: Learned, model: Model): Learned["parameters"] {
  return Object.fromEntries(Object.keys(model.parameters).map((name) => [name, learned.parameters[name]!]));
}

/** What each word adds to the second label, less what it adds to the first: all that bag of words knows of it. */
export function wordScores(task: Task, { learned }: Trained<BagOfWords>, of: readonly string[]): readonly WordScore[] {
  const { data } = learned.parameters.score!;
  return [...new Set(of)].map((word) => {
    const id = task.vocabulary.encode(word)[0]!;
    return { word, score: data[2 * id + 1]! - data[2 * id]! };
  });
}
