// Where this code lies: as sources, or as what was built of them.

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const built = !import.meta.url.endsWith(".ts");

const folder = (url: string): string => fileURLToPath(new URL(url, import.meta.url));

/** The folder of all our code. */
export const ours: string = folder(built ? "." : "..");

/** The version of the package. */
export function version(): string {
  const { version } = JSON.parse(readFileSync(folder(built ? "../package.json" : "../../package.json"), "utf8")) as {
    readonly version: string;
  };
  return version;
}
