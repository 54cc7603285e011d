// Learns to describe handwritten digits, and describes 500 that it never saw.

import { adam, chain, checkGradients, clipByGlobalNorm, cosineDecay, dim, grad, graph } from "clew";
import type { Outcome, Settings } from "../harness/example.ts";
import { learned, trained } from "../harness/learn.ts";
import { pictures } from "./batches.ts";
import { captionOf, decoded, longest, names, words } from "./captions.ts";
import { readDigits, side } from "./digits.ts";
import { teller } from "./model.ts";

const heldOut = 500;

export default async function imageToWords(settings: Settings): Promise<Outcome> {
  const { small } = settings;
  const all = await readDigits(settings.say);
  const [training, rest] = [all.slice(0, small ? 2000 : -heldOut), all.slice(-heldOut)];
  const model = teller({ pixels: side ** 2, features: small ? 64 : 256, hidden: small ? 64 : 128, words: words.length, vector: 16 });
  const [size, epochs] = [32, small ? 5 : 10];
  const rate = cosineDecay(2e-3, { steps: Math.ceil(training.length / size) * epochs });
  const optimiser = chain(clipByGlobalNorm(1), adam(rate));
  const parameters = await learned(model, pictures(training, size, small ? 0 : 1), { optimiser, epochs }, settings);

  const [batch] = pictures(rest, heldOut, 0)(0, 0);
  const { told } = model.build({ time: dim("time", longest), batch: dim("batch", heldOut) });
  const ids = trained({ told }, parameters)(batch!.feeds).told.data;
  const captions = rest.map((_, i) => decoded(Array.from({ length: longest }, (_, t) => ids[t * heldOut + i]!)));
  const share = (right: (caption: string, i: number) => boolean): number => captions.filter(right).length / heldOut;
  const digitIn = (caption: string): string =>
    caption
      .split(" ")
      .filter((word) => names.includes(word))
      .join(" ");
  const digitNamed = share((caption, i) => digitIn(caption) === names[rest[i]!.digit]);
  const exactCaption = share((caption, i) => caption === captionOf(rest[i]!));
  for (const [i, caption] of captions.slice(0, 10).entries()) settings.say(`${caption}  (${captionOf(rest[i]!)})`);

  const [time, two] = [dim("time", 3), dim("batch", 2)];
  const tiny = teller({ pixels: 6, features: 5, hidden: 4, words: 5, vector: 3 });
  const built = tiny.build({ time, batch: two });
  const feeds = {
    image: [
      [0, 0.2, 0.9, 1, 0.4, 0],
      [0.1, 0.8, 0, 0, 1, 0.3],
    ],
    before: [
      [0, 0],
      [1, 1],
      [3, 2],
    ],
    labels: [
      [1, 1],
      [3, 2],
      [0, 4],
    ],
    lengths: [3, 2],
  };
  const gradientCheck = checkGradients(built.loss, { feeds, seed: settings.seed });
  const taught = graph({ loss: built.loss, gradient: grad(built.loss, tiny.parameters) });
  return {
    metrics: { digitNamed, exactCaption, digits: heldOut, captions: captions.slice(0, 20) },
    gradientCheck,
    pictures: { training: { graph: taught, view: "folded" }, telling: { graph: graph({ told: built.told }), view: "folded" } },
  };
}
