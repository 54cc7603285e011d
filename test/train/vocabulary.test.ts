import { characters, paddingId, unknownId, vocabulary, words } from "clew";
import * as fp from "clew/fp";
import fc from "fast-check";
import * as E from "fp-ts/lib/Either.js";
import { describe, expect, test } from "vitest";
import { messages, type Untyped } from "../graph/told.ts";

describe("words", () => {
  test.each([
    ["This movie is GOOD.", ["this", "movie", "is", "good"]],
    ["Wow... Loved this place!!", ["wow", "loved", "this", "place"]],
    ["a slow-moving, 90 minute film", ["a", "slow", "moving", "90", "minute", "film"]],
    ["don't isn't CAN'T won't couldn't've", ["do", "n't", "is", "n't", "ca", "n't", "wo", "n't", "could", "n't", "ve"]],
    ["don’t, it’s", ["do", "n't", "it's"]],
    ["'quoted' the actors' rock'n'roll", ["quoted", "the", "actors", "rock'n'roll"]],
    ["n't", ["n't"]],
    ["Das ist GROẞ, été caf\u0065\u0301", ["das", "ist", "groß", "été", "caf\u00e9"]],
    ["ну очень хорошо", ["ну", "очень", "хорошо"]],
    ["", []],
    ["?! – 😀", []],
  ])("%s", (text, expected) => {
    expect(words(text)).toEqual(expected);
  });

  test("cut again, words stay as they are", () => {
    const letters = fc.constantFrom("a", "n", "t", "n't", "'", "’", " ", "-", "É", "e\u0301", "İ", "ß", "1", "😀");
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: letters }), fc.string({ unit: "binary" })), (text) => {
        const once = words(text);
        expect(words(once.join(" "))).toEqual(once);
      }),
    );
  });
});

test("characters joined are the text", () => {
  expect(characters("h_t😀")).toEqual(["h", "_", "t", "😀"]);
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      expect(characters(text).join("")).toBe(text);
    }),
  );
});

describe("vocabulary", () => {
  test("the most frequent token first, then the one seen first", () => {
    expect(vocabulary(["b a", "c a", "d c"]).tokens).toEqual(["<padding>", "<unknown>", "a", "c", "b", "d"]);
  });

  test("minimum counts occurrences, not texts", () => {
    const v = vocabulary(["a a b", "c"], { minimum: 2 });
    expect(v.tokens.slice(2)).toEqual(["a"]);
    expect([...v.encode("a b c")]).toEqual([2, unknownId, unknownId]);
  });

  test("a word never seen is unknown, and can be asked for", () => {
    const v = vocabulary(["this movie is good"]);
    expect([...v.encode("this film is great, this great film")]).toEqual([2, 1, 4, 1, 2, 1, 1]);
    expect(v.unknown("this film is great, this great film")).toEqual(["film", "great"]);
    expect(v.unknown("Good movie!")).toEqual([]);
    expect(v.unknown("constructor __proto__ <unknown>")).toEqual(["constructor", "proto", "unknown"]);
  });

  test("decode leaves padding out and survives ids of nobody", () => {
    const v = vocabulary(["good"]);
    expect(v.decode([2, unknownId, paddingId, 99, -1])).toEqual(["good", "<unknown>", "<unknown>", "<unknown>"]);
  });

  test("decode ∘ encode = the tokens, for words that it holds", () => {
    for (const tokenise of [words, characters])
      fc.assert(
        fc.property(fc.array(fc.string({ unit: "grapheme" })), (texts) => {
          const v = vocabulary(texts, { tokenise });
          for (const text of texts) {
            expect(v.decode(v.encode(text))).toEqual(tokenise(text));
            expect(v.unknown(text)).toEqual([]);
          }
        }),
      );
  });

  test("encode ∘ decode = the ids, and every id is in reach", () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: fc.constantFrom("a", "b", "c", " ") })), (texts) => {
        const v = vocabulary(texts);
        const ids = Array.from({ length: v.size - 2 }, (_, i) => i + 2);
        expect([...v.encode(v.decode(ids).join(" "))]).toEqual(ids);
        expect(v.size).toBe(v.tokens.length);
      }),
    );
  });
});

describe("what makes no vocabulary", () => {
  const list = "the texts must be a list of strings, found";
  test.each<readonly [Untyped, Untyped, readonly string[]]>([
    [null, {}, [`${list} null`]],
    ["a text", {}, [`${list} "a text"`]],
    [["a", 3], {}, ["texts[1] is 3, expected a string"]],
    [["a"], null, ["the options must be a record, found null"]],
    [undefined, { minimum: "2", tokenise: 1 }, [`${list} undefined`, 'minimum is "2"', "tokenise is 1"]],
  ])("%j, %j", (texts, options, told) => {
    const made = fp.vocabulary(texts, options);
    expect(E.isLeft(made) && messages(made.left)).toEqual(told.map((m) => `vocabulary: ${m}`));
  });

  test("a generator is gone through once", () => {
    const texts = (function* () {
      yield "a b";
      yield "b";
    })();
    expect(vocabulary(texts).tokens).toEqual(["<padding>", "<unknown>", "b", "a"]);
  });
});
