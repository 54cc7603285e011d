import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Phrase, phrases, shuffled } from "../../examples/sentiment/phrases.ts";

const { training, heldOut, adjectives, neverNegated } = phrases();

const words = (phrase: Phrase): readonly string[] => phrase.text.split(" ");

/** How often each word occurs in positive less how often in negative phrases. */
function lean(of: readonly Phrase[]): ReadonlyMap<string, number> {
  const by = new Map<string, number>();
  for (const phrase of of) for (const word of words(phrase)) by.set(word, (by.get(word) ?? 0) + (phrase.label === "positive" ? 1 : -1));
  return by;
}

describe("the grammar", () => {
  test("has the sizes that are told", () => {
    expect(training).toHaveLength(2160);
    expect(heldOut).toHaveLength(400);
    expect(adjectives.positive).toHaveLength(60);
    expect(adjectives.negative).toHaveLength(60);
    expect(neverNegated.positive).toHaveLength(10);
    expect(neverNegated.negative).toHaveLength(10);
  });

  test("has distinct adjectives, none of them in both polarities", () => {
    const all = phrases({ adjectives: 70 }).adjectives;
    expect(new Set([...all.positive, ...all.negative]).size).toBe(140);
  });

  test("makes distinct phrases of 4 to 6 lower-case words", () => {
    const all = [...training, ...heldOut];
    expect(new Set(all.map((phrase) => phrase.text)).size).toBe(2560);
    for (const { text } of all) expect(text).toMatch(/^[a-z]+( [a-z]+){3,5}$/);
  });

  test("labels by the adjective, turned round by not", () => {
    for (const phrase of [...training, ...heldOut]) {
      expect(words(phrase)).toContain(phrase.adjective);
      expect(words(phrase).includes("not")).toBe(phrase.negated);
      expect(phrase.label === "positive").toBe(adjectives.positive.includes(phrase.adjective) !== phrase.negated);
    }
  });

  test("is the same every time", () => {
    expect(phrases()).toEqual({ training, heldOut, adjectives, neverNegated });
  });
});

describe("the split", () => {
  test("never has a held-out adjective in a negated training phrase, but has it without", () => {
    const never = new Set([...neverNegated.positive, ...neverNegated.negative]);
    for (const phrase of training) if (words(phrase).includes("not")) expect(words(phrase).filter((word) => never.has(word))).toEqual([]);
    for (const adjective of never) expect(training.filter((phrase) => words(phrase).includes(adjective))).toHaveLength(18);
  });

  test("holds out negations only, 20 of each such adjective", () => {
    expect(heldOut.every((phrase) => phrase.negated)).toBe(true);
    for (const adjective of [...neverNegated.positive, ...neverNegated.negative])
      expect(heldOut.filter((phrase) => phrase.adjective === adjective)).toHaveLength(20);
  });

  test("asks the model nothing that it has seen: good and bad are never negated, and the four questions are new", () => {
    expect(neverNegated.positive).toContain("good");
    expect(neverNegated.negative).toContain("bad");
    const seen = training.map((phrase) => phrase.text);
    for (const question of ["this movie is good", "this movie is bad", "this movie is not good", "this movie is not bad"])
      expect(seen).not.toContain(question);
  });

  test("holds out words that training has", () => {
    const seen = new Set(training.flatMap(words));
    for (const word of heldOut.flatMap(words)) expect(seen).toContain(word);
  });
});

describe("no word but a never-negated adjective leans to a side in training", () => {
  const leans = lean(training);
  const settings = [20, 30, 45, 60, 70].map((n) => ({ adjectives: n, neverNegated: n / 5 }));

  test("the words around the adjective, and not", () => {
    for (const word of new Set(training.filter((phrase) => phrase.negated).flatMap(words)))
      expect([word, leans.get(word)]).toEqual([word, 0]);
    expect(training.filter((phrase) => phrase.negated && phrase.label === "positive")).toHaveLength(450);
    expect(training.filter((phrase) => phrase.negated && phrase.label === "negative")).toHaveLength(450);
  });

  test("in grammars of every size", () => {
    for (const setting of settings) {
      const grammar = phrases(setting);
      const never = new Set([...grammar.neverNegated.positive, ...grammar.neverNegated.negative]);
      for (const [word, difference] of lean(grammar.training))
        expect([word, Math.abs(difference)]).toEqual([word, never.has(word) ? 18 : 0]);
    }
  });

  test("so the votes of the words are wrong on every held-out negation", () => {
    const votes = (phrase: Phrase): number => words(phrase).reduce((sum, word) => sum + (leans.get(word) ?? 0), 0);
    for (const phrase of heldOut) expect(votes(phrase) > 0 ? "positive" : "negative").not.toBe(phrase.label);
  });
});

test("fewer adjectives: the same held-out negations, fewer training phrases", () => {
  const small = phrases({ adjectives: 20, neverNegated: 10 });
  expect(small.heldOut).toEqual(heldOut);
  expect(small.training).toEqual(training.slice(0, 20 * 2 * 18));
});

test("sizes that the grammar has not are refused", () => {
  for (const options of [
    { adjectives: 71 },
    { adjectives: 0 },
    { adjectives: 2.5 },
    { neverNegated: -1 },
    { adjectives: 20, neverNegated: 21 },
  ])
    expect(() => phrases(options)).toThrow(RangeError);
});

describe("shuffled", () => {
  test("keeps the words and the label; the same seed gives the same order", () => {
    fc.assert(
      fc.property(fc.constantFrom(...heldOut), fc.integer(), (phrase, seed) => {
        const one = shuffled(phrase, seed);
        expect([...words(one)].sort()).toEqual([...words(phrase)].sort());
        expect({ ...one, text: phrase.text }).toEqual(phrase);
        expect(shuffled(phrase, seed)).toEqual(one);
      }),
    );
  });

  test("loses the order: not stands before the adjective in about half of the phrases", () => {
    const before = heldOut
      .map((phrase) => words(shuffled(phrase, 1)))
      .filter((w, i) => w.indexOf("not") < w.indexOf(heldOut[i]!.adjective));
    expect(Math.abs(before.length / heldOut.length - 0.5)).toBeLessThan(0.1); // 4 standard deviations
    expect(heldOut.filter((phrase) => shuffled(phrase, 1).text === phrase.text).length).toBeLessThan(20);
    expect(heldOut.map((phrase) => shuffled(phrase, 2).text)).not.toEqual(heldOut.map((phrase) => shuffled(phrase, 1).text));
  });
});
