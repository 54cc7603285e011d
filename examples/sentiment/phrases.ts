// Movie phrases with one opinion each, written for this project by the small grammar below: nobody's data, nothing to download.
//
//   phrase = opening, ["not"], adjective, [closing]      "the film was not gripping overall"
//
// The opinion is the adjective's, and "not" turns it round. A model that only adds up word scores cannot know that, and a model that
// memorises phrases cannot either, because of what is held out: some adjectives never stand after "not" in training, and
// exactly their negations are asked afterwards. "good" and "bad" are two of them, so "not good" is news to every model.
//
// No word but an adjective tells anything by itself. In training every opening and closing is as often positive as negative, so is
// "not", and an adjective that is ever negated is negated in half of its phrases.

import { permutation, randomKey } from "../../src/graph/random.ts";

export type Polarity = "positive" | "negative";

export interface Phrase {
  /** 4 to 6 words in lower case, one space between them. */
  readonly text: string;
  /** The opinion of the whole phrase. */
  readonly label: Polarity;
  readonly adjective: string;
  readonly negated: boolean;
}

export interface Phrases {
  readonly training: readonly Phrase[];
  /** The negations of `neverNegated`, in every frame: none of them is in `training`. */
  readonly heldOut: readonly Phrase[];
  readonly adjectives: { readonly [P in Polarity]: readonly string[] };
  /** The adjectives that `training` has without "not" only. */
  readonly neverNegated: { readonly [P in Polarity]: readonly string[] };
}

// The commonest first: a smaller grammar takes the first n, and the first m are never negated in training, so
// the held-out set stays the same while n grows.
const lexicon: { readonly [P in Polarity]: readonly string[] } = {
  positive: `
    good great wonderful excellent brilliant beautiful funny charming exciting clever
    amazing fantastic terrific superb lovely perfect delightful entertaining enjoyable fascinating
    impressive marvelous outstanding splendid gorgeous stunning remarkable magnificent fabulous awesome
    flawless masterful captivating compelling engaging gripping thrilling absorbing enchanting hilarious
    amusing witty smart intelligent inventive original imaginative creative fresh touching
    moving heartwarming inspiring uplifting memorable unforgettable satisfying rewarding pleasant elegant
    graceful powerful refreshing admirable exceptional sublime dazzling convincing sincere tasteful
  `
    .trim()
    .split(/\s+/),
  negative: `
    bad awful boring terrible horrible stupid dull poor silly annoying
    dreadful ridiculous disappointing predictable weak tedious lame pathetic pointless mediocre
    irritating tiresome clumsy lazy sloppy shallow bland forgettable lousy atrocious
    abysmal appalling horrendous unbearable unwatchable unconvincing uninspired unfunny messy incoherent
    confusing muddled contrived stale lifeless soulless hollow dreary dismal laughable
    embarrassing painful miserable disastrous inept amateurish awkward worthless useless trashy
    tacky cheesy pretentious repetitive offensive insulting unpleasant frustrating monotonous tasteless
  `
    .trim()
    .split(/\s+/),
};

/** Where the adjective goes: `_`. */
const frames: readonly string[] = [
  "this movie is _",
  "this film is _",
  "the movie was _",
  "the film was _",
  "the plot is _",
  "the story was _",
  "the acting is _",
  "the cast was _",
  "the script is _",
  "the ending was _",
  "the whole movie was _",
  "this new film is _",
  "the main story is _",
  "the second half was _",
  "i think it is _",
  "we thought it was _",
  "this movie is _ overall",
  "the film was _ throughout",
  "the dialogue is _ too",
  "the music was _ again",
];

const framesPerAdjective = 18;

const polarities: readonly Polarity[] = ["positive", "negative"];
const opposite: { readonly [P in Polarity]: Polarity } = { positive: "negative", negative: "positive" };

function phrase(adjective: string, polarity: Polarity, negated: boolean, frame: string): Phrase {
  return {
    text: frame.replace("_", negated ? `not ${adjective}` : adjective),
    label: negated ? opposite[polarity] : polarity,
    adjective,
    negated,
  };
}

/**
 * The phrases of the grammar, always in the same order.
 *
 * Every adjective is met 18 times in training, each time in another frame: half of them with "not", or, when it is one of the
 * `neverNegated`, all of them without. Which frames: 18 in a row of the 20, one further for each next adjective,
 * so that the two polarities have the same frames. With 60 adjectives a polarity, 10 of them never negated, these are 2,160 phrases to train on and
 * 400 held out; "this movie is good" and "this movie is bad" are in neither.
 *
 * @param options.adjectives how many a polarity, at most 70; 60 when left out
 * @param options.neverNegated how many of them are never negated in training; 10 when left out
 */
export function phrases(options: { readonly adjectives?: number; readonly neverNegated?: number } = {}): Phrases {
  const { adjectives = 60, neverNegated = 10 } = options;
  const most = lexicon.positive.length;
  if (!Number.isInteger(adjectives) || adjectives < 1 || adjectives > most)
    throw new RangeError(`adjectives: 1 to ${most}, got ${adjectives}`);
  if (!Number.isInteger(neverNegated) || neverNegated < 0 || neverNegated > adjectives)
    throw new RangeError(`neverNegated: 0 to ${adjectives}, got ${neverNegated}`);

  const training: Phrase[] = [];
  const heldOut: Phrase[] = [];
  for (let i = 0; i < adjectives; i++)
    for (const polarity of polarities) {
      const adjective = lexicon[polarity][i]!;
      const plainOnly = i < neverNegated;
      for (let k = 0; k < framesPerAdjective; k++) {
        // from i + 1 on: "good" and "bad" (i = 0) miss the first frame, the one that the questions are asked in
        const frame = frames[(i + 1 + k) % frames.length]!;
        training.push(phrase(adjective, polarity, !plainOnly && k >= framesPerAdjective / 2, frame));
      }
      if (plainOnly) for (const frame of frames) heldOut.push(phrase(adjective, polarity, true, frame));
    }

  const first = (n: number): Phrases["adjectives"] => ({ positive: lexicon.positive.slice(0, n), negative: lexicon.negative.slice(0, n) });
  return { training, heldOut, adjectives: first(adjectives), neverNegated: first(neverNegated) };
}

/**
 * The same words in a random order, drawn from (seed, text): what is left of a phrase when the order is lost. Now and then that is the order it had.
 */
export function shuffled(phrase: Phrase, seed: number): Phrase {
  const words = phrase.text.split(" ");
  const order = permutation(randomKey(seed, "shuffled", phrase.text), words.length);
  return { ...phrase, text: Array.from(order, (i) => words[i]!).join(" ") };
}
