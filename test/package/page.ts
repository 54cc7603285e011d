// A plain page from a static server in headless Chromium: no bundler; no headers beyond the content type, unless it asks to be isolated.

import { createReadStream, mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { extname, join, normalize, sep } from "node:path";
import { chromium } from "playwright-core";

const contentTypes: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".map": "application/json",
};

/** With these a page is isolated from others, and may share memory between threads. */
const isolating = { "cross-origin-opener-policy": "same-origin", "cross-origin-embedder-policy": "require-corp" };

/** Serves the files below `folder`, and nothing else, on a free port of this machine. */
export function serve(
  folder: string,
  { isolated = false }: { readonly isolated?: boolean } = {},
): Promise<{ readonly origin: string; readonly close: () => Promise<void> }> {
  const server: Server = createServer((request, response) => {
    const path = normalize(join(folder, decodeURIComponent(new URL(request.url ?? "/", "http://localhost").pathname)));
    if (!path.startsWith(folder + sep)) {
      response.writeHead(403).end();
      return;
    }
    const file = createReadStream(path);
    file.on("error", () => response.writeHead(404).end());
    const type = { "content-type": contentTypes[extname(path)] ?? "application/octet-stream" };
    file.on("open", () => response.writeHead(200, { ...type, ...(isolated ? isolating : {}) }));
    file.pipe(response);
  });
  return new Promise((resolve) =>
    server.listen(0, "127.0.0.1", () =>
      resolve({
        origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
        close: () =>
          new Promise((done) => {
            server.close(() => done());
            server.closeAllConnections();
          }),
      }),
    ),
  );
}

/** Nothing that the browser does by itself: no network of its own, no first-run pages. */
const quiet: string[] = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

export interface Seen {
  /** The page's own `globalThis.result`, once it is set. */
  readonly result: unknown;
  /** What went wrong meanwhile: uncaught errors, console errors, requests that failed or left the server. */
  readonly problems: ReadonlyArray<string>;
}

/** Opens a page in a browser with a profile of its own, until it has set `globalThis.result` or something went wrong. */
export async function open(executablePath: string, url: string): Promise<Seen> {
  const profile = mkdtempSync(join(tmpdir(), "clew-chromium-"));
  const context = await chromium.launchPersistentContext(profile, { executablePath, headless: true, args: quiet });
  try {
    const page = await context.newPage();
    const problems: string[] = [];
    const wentWrong = new Promise<void>((resolve) => {
      const note = (problem: string): void => {
        problems.push(problem);
        resolve();
      };
      page.on("pageerror", (error) => note(error.message));
      page.on("console", (message) => message.type() === "error" && note(message.text()));
      page.on("requestfailed", (request) => note(`${request.url()}: ${request.failure()?.errorText}`));
      page.on("request", (request) => new URL(request.url()).origin !== new URL(url).origin && note(`asked for ${request.url()}`));
      page.on("close", () => resolve());
    });
    await page.goto(url);
    const finished = page.waitForFunction("globalThis.result !== undefined", undefined, { timeout: 20_000 });
    await Promise.race([finished, wentWrong]).catch(() => problems.push("no result after 20 s"));
    finished.catch(() => undefined); // the page closes while it waits, when something went wrong
    return { result: await page.evaluate("globalThis.result"), problems };
  } finally {
    await context.close();
    rmSync(profile, { recursive: true, force: true });
  }
}
