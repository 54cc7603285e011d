// `npm run example NAME`: one example, from training to its report. NAME is a folder beside this file; what it does stands in its main.ts.
//
// out/NAME/report.json has the figures, and the pictures lie beside it. harness/ is what examples share.

import { existsSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { ClewError } from "clew";
import { type Example, NotThere } from "./harness/example.ts";
import { carryOut } from "./harness/report.ts";

const here = fileURLToPath(new URL(".", import.meta.url));
const names = readdirSync(here).filter((name) => existsSync(`${here}${name}/main.ts`));

const help = `npm run example NAME -- [options]

  NAME         ${names.join(", ")}
  --seed N     another seed (default 1)
  --out DIR    where report and pictures go (default out/NAME)
  --data FILE  another file than the example's own, where it reads one
  --small      a small part of the work: shows that it runs, not how good it gets
  --help       this

sentiment has options of its own: npm run example sentiment -- --help`;

async function main(args: readonly string[]): Promise<number> {
  const [name, ...rest] = args;
  if (name === "sentiment") {
    const { run } = await import("./sentiment/run.ts");
    return run(rest, process);
  }
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      seed: { type: "string", default: "1" },
      out: { type: "string" },
      data: { type: "string" },
      small: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  const [wanted] = positionals;
  if (values.help || wanted === undefined) {
    console.log(help);
    return values.help ? 0 : 1;
  }
  const seed = Number(values.seed);
  if (positionals.length > 1) throw new NotThere(`one example at a time, found ${positionals.join(", ")}`);
  if (!names.includes(wanted)) throw new NotThere(`no example is called ${wanted}; there are ${names.join(", ")}`);
  if (!Number.isSafeInteger(seed) || seed < 0) throw new NotThere(`--seed is ${values.seed}, expected a whole number, 0 or more`);
  const { default: example } = (await import(`./${wanted}/main.ts`)) as { readonly default: Example };
  const settings = { seed, data: values.data, small: values.small, say: (line: string) => console.log(line) };
  const { metrics, gradientCheck, seconds } = await carryOut(example, settings, values.out ?? `out/${wanted}`);
  for (const [metric, value] of Object.entries(metrics)) console.log(`${metric}: ${value}`);
  console.log(`gradients: ${gradientCheck.verdict}, ${gradientCheck.maxRelativeError.toExponential(1)}; ${seconds.toFixed(1)} s`);
  return gradientCheck.verdict === "pass" ? 0 : 1;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (problem) {
  const told =
    problem instanceof ClewError ||
    problem instanceof NotThere ||
    (problem as { readonly code?: string }).code?.startsWith("ERR_PARSE_ARGS");
  if (!told) throw problem;
  console.error((problem as Error).message);
  process.exitCode = 1;
}
