// The pictures of README and docs: `npx tsx scripts/pictures.ts` draws them anew into docs/pictures/. A test fails when they are out of date.

import { mkdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { graph, toDot } from "clew";
import { bidirectional, encoderDecoder, feedForward, gruNet, lstmNet, type Net, plainRnn, sentences, stacked } from "./nets.ts";
import { renderSvg } from "./render-svg.ts";

type View = "folded" | "unrolled" | "backward";

const wanted: readonly (readonly [name: string, net: () => Net, views: readonly View[]])[] = [
  ["rnn", plainRnn, ["folded", "unrolled", "backward"]],
  ["rnn-long", () => plainRnn(64), ["unrolled"]],
  ["lstm", lstmNet, ["folded", "unrolled", "backward"]],
  ["gru", gruNet, ["folded"]],
  ["stacked", stacked, ["folded", "unrolled"]],
  ["bidirectional", bidirectional, ["folded", "unrolled"]],
  ["encoder-decoder", encoderDecoder, ["folded", "unrolled"]],
  ["feed-forward", feedForward, ["folded", "backward"]],
  ["sentences", sentences, ["folded", "unrolled", "backward"]],
];

export const folder = fileURLToPath(new URL("../docs/pictures/", import.meta.url));

/** Each picture's file name and its text in DOT. */
export const pictures: ReadonlyMap<string, string> = new Map(
  wanted.flatMap(([name, net, views]) => {
    const drawn = graph(net());
    return views.map((view) => [`${name}-${view}`, toDot(drawn, { view })] as const);
  }),
);

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  mkdirSync(folder, { recursive: true });
  for (const [name, dot] of pictures) writeFileSync(`${folder}${name}.svg`, await renderSvg(dot));
}
